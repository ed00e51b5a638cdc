// SPDX-License-Identifier: Apache-2.0

package source

import "testing"

func TestIsPicture(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"a.png": true, "a.JPG": true, "a.jpeg": true, "a.gif": true, "a.bmp": true, "a.tif": true, "A.TIFF": true, "a.webp": true,
		// These are rejected by name later on, which says more than their absence.
		"a.jp2": true, "a.j2k": true, "a.j2c": true, "a.jpc": true, "a.jpx": true, "a.jpf": true, "a.jxl": true, "a.HEIC": true, "a.heif": true, "a.avif": true,
		"dir/b.jp2": true, "./a.png": true, "../a.png": true, `dir\a.png`: true,
		"a.txt": false, "a": false, "png": false, "": false, "a.jp2.txt": false, "a.xmp": false,
		".a.png": false, "dir/.a.png": false, ".dir/a.png": false, "__MACOSX/a.png": false, `__MACOSX\a.png`: false,
	} {
		if got := IsPicture(name); got != want {
			t.Errorf("IsPicture(%q) = %v, want %v", name, got, want)
		}
	}
}
