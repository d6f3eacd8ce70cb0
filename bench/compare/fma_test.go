package compare

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The bytes are the output of GNU as 2.40 for each instruction.
func TestInstructionsOfFMAAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		code []byte
		want bool
	}{
		"vfmadd231pd ymm0, ymm1, ymm2":           {[]byte{0xc4, 0xe2, 0xf5, 0xb8, 0xc2}, true},
		"vfnmadd213sd xmm8, xmm9, [rdi]":         {[]byte{0xc4, 0x62, 0xb1, 0xad, 0x07}, true},
		"vfmadd132ps zmm0, zmm1, zmm2":           {[]byte{0x62, 0xf2, 0x75, 0x48, 0x98, 0xc2}, true},
		"vmulpd ymm0, ymm1, ymm2":                {[]byte{0xc5, 0xf5, 0x59, 0xc2, 0x90}, false},
		"vpshufb ymm0, ymm1, ymm2":               {[]byte{0xc4, 0xe2, 0x75, 0x00, 0xc2}, false},
		"vpmadd52luq zmm0, zmm1, zmm2 (EVEX)":    {[]byte{0x62, 0xf2, 0xf5, 0x48, 0xb4, 0xc2}, false},
		"vgatherdpd ymm0, [rdi+xmm1*8], ymm2":    {[]byte{0xc4, 0xe2, 0xed, 0x92, 0x04, 0xcf}, false},
		"addpd xmm0, xmm1 (without a prefix C4)": {[]byte{0x66, 0x0f, 0x58, 0xc1, 0x90}, false},
	} {
		if got := isFMA(c.code); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestAFewBytesThatLookLikeFMAAreNone(t *testing.T) {
	fma := []byte{0xc4, 0xe2, 0xf5, 0xb8, 0xc2}
	code := append(bytes.Repeat([]byte{0x90}, 100_000), bytes.Repeat(fma, 3)...)
	if hasFMA(code) {
		t.Error("3 of 100,000 bytes are taken for a build with FMA")
	}
	if code = append(code, bytes.Repeat(fma, 30)...); !hasFMA(code) {
		t.Error("33 of 100,000 bytes are not taken for a build with FMA")
	}
}

func TestAProgramThatIsNoELFFileIsUnknown(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "dwi2fod"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	for _, program := range []string{"dwi2fod", "dwi2tensor"} {
		if got := fmaOf(program); got != unknownFMA {
			t.Errorf("%s: %s", program, got)
		}
	}
}
