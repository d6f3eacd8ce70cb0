package main

import (
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/nifti"
)

func TestABrainIsWrittenAndFitted(t *testing.T) {
	out := filepath.Join(t.TempDir(), "brain")
	succeed(t, "phantom", "--brain", "--shape", "14,14,10", "--dtype", "int16", "--background", "-o", out)
	image, err := nifti.Open(filepath.Join(out, "dwi.nii.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if image.Header.Datatype != nifti.Int16 || image.Header.SpatialShape() != [3]int{14, 14, 10} {
		t.Errorf("the image is %v of %v", image.Header.Datatype, image.Header.Shape)
	}
	succeed(t, "fit", "dti", filepath.Join(out, "dwi.nii.gz"), "--mask", filepath.Join(out, "mask.nii.gz"), "-o", filepath.Join(out, "maps"))
}

func TestFlagsOfTheOtherPhantomAreRefused(t *testing.T) {
	out := filepath.Join(t.TempDir(), "p")
	refuse(t, []string{"phantom", "-o", out, "--shape", "14,14,10"}, "--shape is for --brain")
	refuse(t, []string{"phantom", "-o", out, "--background"}, "--background is for --brain")
	refuse(t, []string{"phantom", "-o", out, "--brain", "--voxels", "5"}, "--voxels is not for --brain")
	refuse(t, []string{"phantom", "-o", out, "--brain", "--shape", "14,14"}, "found 2 numbers", "104,104,72")
	refuse(t, []string{"phantom", "-o", out, "--brain", "--shape", "14,14,x"}, `"x"`)
	refuse(t, []string{"phantom", "-o", out, "--brain", "--dtype", "int8"}, "--dtype int8", "int16")
	refuse(t, []string{"phantom", "-o", out, "--brain", "--snr", "-3"}, "SNR is -3")
}
