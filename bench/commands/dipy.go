package commands

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"

	"github.com/voxfit/voxfit/bench/compare"
	"github.com/voxfit/voxfit/bench/python"
)

//go:embed fit_dipy.py
var dipyScript string

// scriptFile is the script's name in the folder.
const scriptFile = "fit_dipy.py"

// findScript prints which Python runs it, and which packages this has.
const findScript = `
import importlib.util, json, sys
sys.stdin.readline()
import dipy, nibabel
print(json.dumps({"python": sys.executable, "version": dipy.__version__, "cvxpy": importlib.util.find_spec("cvxpy") is not None}))
`

// findDIPY finds the first Python that has DIPY.
func (s *setup) findDIPY(ctx context.Context) error {
	var found struct {
		Python, Version string
		Cvxpy           bool
	}
	process, err := python.Start(ctx, s.Python, python.Program{Arguments: []string{"-c", findScript}}, map[string]any{}, &found)
	if err != nil {
		return err
	}
	process.Close()
	if err := os.WriteFile(s.path(scriptFile), []byte(dipyScript), 0o600); err != nil {
		return err
	}
	s.python, s.cvxpy = found.Python, found.Cvxpy
	s.report.Engines = append(s.report.Engines, compare.Engine{Name: dipy, Version: found.Version})
	if !s.cvxpy {
		s.report.note("DIPY's msmt is left out: it needs cvxpy, which its Python does not have")
	}
	return nil
}

// dipyProgram runs the script, with a request in JSON as its argument.
func (s *setup) dipyProgram(f fit) program {
	out := s.output(dipy, f.model, partMask)
	request, _ := json.Marshal(map[string]string{ // strings always are JSON
		"model": f.model, "image": s.Image, "bvals": s.Bvals, "bvecs": s.Bvecs, "mask": s.path(partMask),
		"setting": s.path("setting.json"), "output": out,
	})
	maps := map[string][]string{
		"dti": {"fa", "md", "ad", "rd", "tensor"}, "fwdtim": {"fwf", "fa", "md", "tensor"},
		"csdm": {"fod", "gfa", "peaks", "peakvalues"}, "msmt": {"fod", "gfa", "peaks", "peakvalues", "fraction"},
		"sfm": {"weights", "s0", "peaks", "peakvalues"},
	}
	p := program{engine: dipy, mask: partMask, folder: out, commands: [][]string{{s.python, s.path(scriptFile), string(request)}}, environment: python.SingleThreaded()}
	for _, name := range maps[f.model] {
		p.maps = append(p.maps, name+".nii.gz")
	}
	return p
}
