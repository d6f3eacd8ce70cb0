package nifti

import (
	"context"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

func TestRealAcquisitionsLoad(t *testing.T) {
	count := 0
	err := filepath.WalkDir(peer.Data(t), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".nii.gz") {
			return err
		}
		count++
		m, err := Open(path)
		if err != nil {
			return err
		}
		_, err = readAll(m)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if count == 0 {
		t.Error("the shared test data holds no images")
	}
}

func TestRealMaskFitsItsAcquisition(t *testing.T) {
	for folder, shape := range map[string][]int{
		"mrtrix_msmt":      {15, 15, 11, 102}, // shapes from the data's own README
		"mrtrix_csd_b3000": {6, 8, 9, 68},
	} {
		dwi, err := Open(peer.Data(t, folder, "dwi.nii.gz"))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(dwi.Header.Shape, shape) {
			t.Errorf("%s: shape %v, expected %v", folder, dwi.Header.Shape, shape)
		}
		mask, err := ReadMask(peer.Data(t, folder, "mask.nii.gz"))
		if err != nil {
			t.Fatal(err)
		}
		if err := mask.CheckAgainst(dwi.Header); err != nil {
			t.Error(err)
		}
		signal := make([]float32, len(mask.Index)*dwi.Header.Volumes())
		if err := dwi.ReadMasked(context.Background(), signal, mask.Index, ReadOptions{}); err != nil {
			t.Error(err)
		}
		other, err := Open(peer.Data(t, "isbi2012_phantom", "hcp_noiseless.nii.gz"))
		if err != nil {
			t.Fatal(err)
		}
		wantLine(t, mask.CheckAgainst(other.Header), mask.Path, other.Path, "shape")
	}
}

func TestRealDataEqualsNibabel(t *testing.T) {
	dir := t.TempDir()
	source := peer.Data(t)
	runPython(t, `
import nibabel as nib, os, sys
for f in ('mrtrix_msmt', 'dipy_b1k_b2k_64vox', 'mrtrix_csd_b3000'):
    img = nib.load(os.path.join(r'`+source+`', f, 'dwi.nii.gz'))
    img.get_fdata().astype('<f4').ravel(order='F').tofile(os.path.join(sys.argv[1], f))
`, dir)
	for _, folder := range []string{"mrtrix_msmt", "dipy_b1k_b2k_64vox", "mrtrix_csd_b3000"} {
		m, err := Open(peer.Data(t, folder, "dwi.nii.gz"))
		if err != nil {
			t.Fatal(err)
		}
		values, err := readAll(m)
		if err != nil {
			t.Fatal(err)
		}
		wantVolumeMajor(t, values, readRaw(t, filepath.Join(dir, folder)), m.Header.Volumes())
	}
}
