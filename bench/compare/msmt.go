package compare

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel/qp"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

// whiteMatterDegree is the degree of WM, which all programs have as their default.
const whiteMatterDegree = 8

func buildMSMT(o *Options) (model.Model, error) {
	return model.NewMSMT(o.Gradients, o.Tissues, model.MSMTOptions{ISA: o.ISA})
}

// multiTissue says whether a command takes several responses.
func (c *mrtrixCommand) multiTissue() bool {
	return len(c.options) > 0 && c.options[0] == "msmt_csd"
}

// writeTissues writes the responses as MRtrix3 reads them.
func writeTissues(folder string, tissues []model.Tissue, g *acq.GradientTable) error {
	for i, t := range tissues {
		lmax := 0
		if i == 0 {
			lmax = whiteMatterDegree
		}
		zonal, err := t.Zonal(g, lmax)
		if err != nil {
			return err
		}
		if err := writeRows(filepath.Join(folder, t.Name+".txt"), zonal); err != nil {
			return err
		}
	}
	return nil
}

func writeRows(path string, rows [][]float64) error {
	var text strings.Builder
	for _, row := range rows {
		fmt.Fprintln(&text, strings.Trim(fmt.Sprint(row), "[]"))
	}
	return os.WriteFile(path, []byte(text.String()), 0o600)
}

// tissueArguments are the arguments of dwi2fod msmt_csd, up to the common options. The result that is read is WM's.
func (m *mrtrix) tissueArguments(c *mrtrixCommand, image string) []string {
	args := append([]string{}, c.options...)
	args = append(args, image)
	for i, t := range m.o.Tissues {
		result := m.result()
		if i > 0 {
			result = m.path(t.Name + ".nii")
		}
		args = append(args, m.path(t.Name+".txt"), result)
	}
	return args
}

// msmtAgainstMRtrix compares the coefficients of WM, which theirs has for each voxel.
func msmtAgainstMRtrix(t *task, ours *fitted, theirs []float32) []Parity {
	n, near, worst := sh.Count(whiteMatterDegree), 0, 0.0
	for i := range t.voxels {
		difference, norm := 0.0, 0.0
		for j, c := range ours.row(i)[:ours.each-qp.Measures] {
			norm += c * c
			if j < n {
				d := c - float64(theirs[i*n+j])
				difference += d * d
			}
		}
		relative := math.Sqrt(difference / norm)
		worst = max(worst, relative)
		if relative <= 1e-4 {
			near++
		}
	}
	return []Parity{
		{nameMRtrix, "voxels with WM within 1e-4 of the norm of all coefficients", float64(near), t.voxels},
		{nameMRtrix, "largest difference of WM / norm of all coefficients", worst, 0},
	}
}

// msmtAgainstDIPY compares the sums of squared differences from the signal.
func msmtAgainstDIPY(t *task, ours *fitted, theirs arrays) []Parity {
	below, worst := 0, 0.0
	for i := range t.voxels {
		squares := 0.0
		for j, s := range t.voxel(i) {
			d := theirs["prediction"].row(i)[j] - float64(s)
			squares += d * d
		}
		mine := ours.row(i)[ours.each-qp.Measures]
		worst = max(worst, math.Abs(mine-squares)/squares)
		if mine <= squares*(1+1e-4) {
			below++
		}
	}
	return []Parity{
		{nameDIPY, "voxels with a residual no larger than DIPY's (within 1e-4)", float64(below), t.voxels},
		{nameDIPY, "largest difference of the squared residual / DIPY's", worst, 0},
	}
}
