package python

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

// An Acquisition has all that models are made from, and the voxels to fit.
type Acquisition struct {
	Gradients *acq.GradientTable
	Response  acq.Response   // of csdm; may be empty
	Tissues   []model.Tissue // of msmt: WM, GM and CSF; may be empty
	Signal    []float32      // voxels x measurements
}

// Write writes signal.f32, little-endian, and setting.json into a folder.
func (a Acquisition) Write(folder string) error {
	setting, err := a.setting()
	if err != nil {
		return err
	}
	text, err := json.Marshal(setting)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "setting.json"), text, 0o600); err != nil {
		return err
	}
	return writeSignal(filepath.Join(folder, "signal.f32"), a.Signal)
}

func (a Acquisition) setting() (map[string]any, error) {
	setting := map[string]any{"bvals": a.Gradients.Bvals, "bvecs": a.Gradients.Bvecs, "b0": a.Gradients.B0Threshold}
	if r := a.Response; r.IsZonal() {
		setting["response"] = map[string]any{"zonal": r.Zonal[len(r.Zonal)-1], "s0": cmp.Or(r.S0, 1)}
	} else if r.S0 != 0 {
		setting["response"] = map[string]any{"evals": r.Evals, "s0": r.S0}
	}
	if len(a.Tissues) == 3 {
		tissues, err := a.tissues()
		if err != nil {
			return nil, err
		}
		setting["tissues"] = tissues
	}
	return setting, nil
}

// tissues has the response in the form of DIPY's MultiShellResponse, with CSF and GM before WM, and the directions
// of voxfit's constraint.
func (a Acquisition) tissues() (map[string]any, error) {
	const whiteMatterDegree = 8 // the default of all programs
	var rows [][]float64
	var bvals []float64
	shells, _, err := a.Gradients.ClusterShells()
	if err != nil {
		return nil, err
	}
	for _, s := range shells {
		rows, bvals = append(rows, nil), append(bvals, s.Bval)
	}
	for _, t := range []struct{ place, lmax int }{{2, 0}, {1, 0}, {0, whiteMatterDegree}} {
		zonal, err := a.Tissues[t.place].Zonal(a.Gradients, t.lmax)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			rows[i] = append(rows[i], zonal[i]...)
		}
	}
	return map[string]any{"response": rows, "bvals": bvals, "directions": sh.Directions300()}, nil
}

func writeSignal(path string, signal []float32) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	err = binary.Write(out, binary.LittleEndian, signal)
	if err == nil {
		err = out.Flush()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
