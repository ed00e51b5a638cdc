// SPDX-License-Identifier: Apache-2.0

package inference

import "context"

// Colorize colours one picture, given as a file's bytes, and returns the
// coloured file. It takes the same way as the pictures of a job.
func (e *Engine) Colorize(ctx context.Context, data []byte, format Format) ([]byte, error) {
	s := e.NewStream(ctx)
	defer s.Close()
	s.Submit(&Task{Format: format, Load: func(context.Context) ([]byte, error) { return data, nil }})
	r := s.Next()
	out := r.Data
	r.Release()
	return out, r.Err
}
