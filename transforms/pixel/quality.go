// SPDX-License-Identifier: Apache-2.0

package pixel

// MaxPSNR is the PSNR in decibels that [Measure] gives equal pictures: means
// and JSON need a number where the formula says infinity. It caps unequal
// pictures too, but only those with one value in 153,787 off by one level.
const MaxPSNR = 100

// Quality holds all measures of a picture against the truth, or their means
// over several pictures.
type Quality struct {
	// L1 is the mean absolute difference in [0, 2], see [L1]. Lower is better.
	L1 float64 `json:"l1"`
	// PSNR is in decibels, at most [MaxPSNR], see [PSNR]. Higher is better.
	PSNR float64 `json:"psnr"`
	// SSIM is in [-1, 1], see [SSIM]. Higher is better.
	SSIM float64 `json:"ssim"`
	// Colorfulness is that of the made picture alone, 0 or more, see
	// [Colorfulness]. It is best near the truth's.
	Colorfulness float64 `json:"colorfulness"`
	// CIEDE2000 is the mean colour difference, 0 or more, see [CIEDE2000]. Lower
	// is better.
	CIEDE2000 float64 `json:"ciede2000"`
}

// Measure compares a made picture with the truth. It panics if the sizes
// differ.
func Measure(made, truth *RGB) Quality {
	return Quality{
		L1:           L1(made, truth),
		PSNR:         min(MaxPSNR, PSNR(made, truth)),
		SSIM:         SSIM(made, truth),
		Colorfulness: Colorfulness(made),
		CIEDE2000:    CIEDE2000(made, truth),
	}
}

// Add adds each measure of other to q. It is not safe for concurrent use on the
// same q.
func (q *Quality) Add(other Quality) {
	q.L1 += other.L1
	q.PSNR += other.PSNR
	q.SSIM += other.SSIM
	q.Colorfulness += other.Colorfulness
	q.CIEDE2000 += other.CIEDE2000
}

// Divide divides each measure by n, which makes means of sums over n pictures.
// An n of 0 leaves q as it is, so that the mean over no picture is zero and not
// NaN. It is not safe for concurrent use on the same q.
func (q *Quality) Divide(n float64) {
	if n == 0 {
		return
	}
	q.L1 /= n
	q.PSNR /= n
	q.SSIM /= n
	q.Colorfulness /= n
	q.CIEDE2000 /= n
}
