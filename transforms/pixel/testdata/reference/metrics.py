# SPDX-License-Identifier: Apache-2.0
"""Writes the reference values of the picture metrics of package pixel.

    pip install numpy==NUMPY scipy==SCIPY scikit-image==SKIMAGE
    python3 metrics.py > metrics.json

The versions that made metrics.json stand at its top. PSNR, SSIM, Lab and
CIEDE2000 are scikit-image's. L1 and colourfulness are computed here from their
definitions, in float64 with numpy. Pictures come from integer formulas that
reference_test.go repeats; their SHA-256 shows that both sides mean the same.
"""

import hashlib
import json
import platform
import sys

import numpy as np
import scipy
import skimage
from scipy.ndimage import gaussian_filter
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

# Table 1 of G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000 color-difference
# formula: implementation notes, supplementary test data, and mathematical
# observations", Color Research and Application 30(1), 2005: L1 a1 b1 L2 a2 b2
# and the difference, all to four decimals.
SHARMA = """
50.0000 2.6772 -79.7751 50.0000 0.0000 -82.7485 2.0425
50.0000 3.1571 -77.2803 50.0000 0.0000 -82.7485 2.8615
50.0000 2.8361 -74.0200 50.0000 0.0000 -82.7485 3.4412
50.0000 -1.3802 -84.2814 50.0000 0.0000 -82.7485 1.0000
50.0000 -1.1848 -84.8006 50.0000 0.0000 -82.7485 1.0000
50.0000 -0.9009 -85.5211 50.0000 0.0000 -82.7485 1.0000
50.0000 0.0000 0.0000 50.0000 -1.0000 2.0000 2.3669
50.0000 -1.0000 2.0000 50.0000 0.0000 0.0000 2.3669
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0009 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0010 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0011 7.2195
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0012 7.2195
50.0000 -0.0010 2.4900 50.0000 0.0009 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0010 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0011 -2.4900 4.7461
50.0000 2.5000 0.0000 50.0000 0.0000 -2.5000 4.3065
50.0000 2.5000 0.0000 73.0000 25.0000 -18.0000 27.1492
50.0000 2.5000 0.0000 61.0000 -5.0000 29.0000 22.8977
50.0000 2.5000 0.0000 56.0000 -27.0000 -3.0000 31.9030
50.0000 2.5000 0.0000 58.0000 24.0000 15.0000 19.4535
50.0000 2.5000 0.0000 50.0000 3.1736 0.5854 1.0000
50.0000 2.5000 0.0000 50.0000 3.2972 0.0000 1.0000
50.0000 2.5000 0.0000 50.0000 1.8634 0.5757 1.0000
50.0000 2.5000 0.0000 50.0000 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""

# Truth and made are "formula:seed" of a picture, see picture().
PAIRS = [
    ("noise of 16 levels", 64, 48, "scene:1", "grain:1"),
    ("colour lost", 64, 64, "scene:2", "gray:2"),
    ("colour turned", 48, 32, "scene:3", "turned:3"),
    ("moved by a pixel", 40, 64, "scene:4", "moved:4"),
    ("unrelated noise", 33, 21, "noise:5", "noise:6"),
    ("opposed noise", 24, 24, "noise:7", "inverse:7"),
    ("nearly black", 40, 20, "dark:8", "dark:9"),
    ("one window", 11, 11, "scene:10", "grain:10"),
    ("one row of windows", 30, 11, "scene:11", "turned:11"),
    ("one plain colour each", 12, 13, "plain:0xb41e32", "plain:0x1e5ab4"),
    ("side under 11", 64, 10, "scene:12", "grain:12"),
    ("icon", 7, 5, "scene:13", "turned:13"),
    ("narrower than the radius", 3, 16, "noise:14", "noise:15"),
    ("one pixel", 1, 1, "plain:0xff8000", "plain:0x20c040"),
]


def noise(width, height, seed):
    """Returns 32 random bits for each value, by a hash of its place."""
    y, x, c = np.mgrid[0:height, 0:width, 0:3].astype(np.uint32)
    h = (x * np.uint32(0x9E3779B1)) ^ (y * np.uint32(0x85EBCA77))
    h ^= (c * np.uint32(0xC2B2AE3D)) ^ np.uint32(seed * 0x27D4EB2F & 0xFFFFFFFF)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x2C1B3C6D)
    h ^= h >> np.uint32(12)
    h *= np.uint32(0x297A2D39)
    return h ^ (h >> np.uint32(15))


def scene(width, height, seed, shift=0):
    """Returns ramps of colour behind a checkerboard, with a little grain."""
    y, x, c = np.mgrid[0:height, 0:width, 0:3].astype(np.int64)
    x = x + shift
    ramp = np.choose(c, [5 * x + 2 * y, 3 * y + 90 + 0 * x, 2 * x - y + 160])
    board = np.where((x // 7 + y // 5) % 2 == 0, 50 - 40 * c, 0)
    grain = (noise(width, height, seed) >> np.uint32(28)).astype(np.int64)
    return np.clip(ramp + board + grain, 0, 255).astype(np.uint8)


def picture(spec, width, height):
    formula, seed = spec.split(":")
    seed = int(seed, 0)
    if formula == "scene":
        return scene(width, height, seed)
    if formula == "grain":
        grain = (noise(width, height, seed + 100) >> np.uint32(28)).astype(np.int64)
        return np.clip(scene(width, height, seed) + grain - 8, 0, 255).astype(np.uint8)
    if formula == "gray":
        s = scene(width, height, seed).astype(np.int64)
        luma = (s @ np.array([19595, 38470, 7471]) + 0x8000) >> 16
        return np.repeat(luma[..., None], 3, axis=2).astype(np.uint8)
    if formula == "turned":
        return np.roll(scene(width, height, seed), 1, axis=2)
    if formula == "moved":
        return scene(width, height, seed, shift=1)
    if formula == "noise":
        return (noise(width, height, seed) >> np.uint32(24)).astype(np.uint8)
    if formula == "inverse":
        return 255 - (noise(width, height, seed) >> np.uint32(24)).astype(np.uint8)
    if formula == "dark":
        return (noise(width, height, seed) >> np.uint32(28)).astype(np.uint8)
    if formula == "plain":
        colour = [seed >> 16, seed >> 8 & 255, seed & 255]
        return np.broadcast_to(np.uint8(colour), (height, width, 3)).copy()
    raise ValueError(spec)


def ssim(a, b):
    if min(a.shape[:2]) >= 11:
        return structural_similarity(
            a, b, channel_axis=2, data_range=255, gaussian_weights=True,
            sigma=1.5, use_sample_covariance=False)
    # scikit-image refuses; this is its formula on the whole map, uncropped.
    c1, c2, means = (0.01 * 255) ** 2, (0.03 * 255) ** 2, []
    for ch in range(3):
        x, y = a[..., ch].astype(np.float64), b[..., ch].astype(np.float64)
        ux, uy, uxx, uyy, uxy = (
            gaussian_filter(p, sigma=1.5, truncate=3.5, mode="reflect")
            for p in (x, y, x * x, y * y, x * y))
        vx, vy, vxy = uxx - ux * ux, uyy - uy * uy, uxy - ux * uy
        means.append(np.mean(
            (2 * ux * uy + c1) * (2 * vxy + c2)
            / ((ux * ux + uy * uy + c1) * (vx + vy + c2))))
    return np.mean(means)


def colorfulness(picture):
    """D. Hasler, S. Suesstrunk, 2003, section 6: the measure M3."""
    r, g, b = np.moveaxis(picture.astype(np.float64), 2, 0)
    rg, yb = r - g, 0.5 * (r + g) - b
    sigma = np.sqrt(np.std(rg) ** 2 + np.std(yb) ** 2)
    mu = np.sqrt(np.mean(rg) ** 2 + np.mean(yb) ** 2)
    return sigma + 0.3 * mu


def compare(name, width, height, truth_spec, made_spec):
    truth, made = picture(truth_spec, width, height), picture(made_spec, width, height)
    levels = np.abs(made.astype(np.float64) - truth.astype(np.float64))
    return {
        "name": name, "width": width, "height": height,
        "truth": truth_spec, "truth_sha256": hashlib.sha256(truth.tobytes()).hexdigest(),
        "made": made_spec, "made_sha256": hashlib.sha256(made.tobytes()).hexdigest(),
        "want": {
            "l1": float(np.mean(levels / 127.5)),
            "psnr": float(peak_signal_noise_ratio(truth, made, data_range=255)),
            "ssim": float(ssim(made, truth)),
            "colorfulness": float(colorfulness(made)),
            "ciede2000": float(np.mean(deltaE_ciede2000(rgb2lab(made), rgb2lab(truth)))),
        },
    }


def sharma():
    rows = []
    for line in SHARMA.split("\n"):
        if not line:
            continue
        v = [float(n) for n in line.split()]
        got = float(deltaE_ciede2000(np.array(v[0:3]), np.array(v[3:6])))
        if abs(got - v[6]) > 0.00005001:
            sys.exit(f"scikit-image gives {got} for {line}")
        rows.append({"x": v[0:3], "y": v[3:6], "paper": v[6], "skimage": got})
    return rows


def lab():
    """Corners and edges of the cube, dark colours, grays and random ones."""
    colours = [[r, g, b] for r in (0, 128, 255) for g in (0, 128, 255) for b in (0, 128, 255)]
    colours += [[v, v, v] for v in (1, 2, 10, 11, 23, 24, 60, 200, 254)]
    colours += [[1, 0, 0], [0, 3, 0], [0, 0, 5], [10, 11, 12]]
    colours += (noise(12, 1, 99)[0] >> np.uint32(24)).tolist()
    return [{"rgb": c, "lab": rgb2lab(np.uint8([[c]]))[0, 0].tolist()} for c in colours]


def lines(rows):
    return "[\n    " + ",\n    ".join(json.dumps(r) for r in rows) + "\n  ]"


versions = {
    "python": platform.python_version(), "numpy": np.__version__,
    "scipy": scipy.__version__, "scikit-image": skimage.__version__,
}
print("{")
print(f'  "versions": {json.dumps(versions)},')
print(f'  "sharma": {lines(sharma())},')
print(f'  "lab": {lines(lab())},')
print(f'  "pairs": {lines(compare(*p) for p in PAIRS)}')
print("}")
