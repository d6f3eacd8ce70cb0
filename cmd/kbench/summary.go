package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/sh"
)

// A codeMeaning says what a status code means to a reader of the last lines of a fit.
type codeMeaning struct {
	failed bool // whether the voxel has no usable result; if false, it has one with a remark
	text   string
}

// codeMeanings has the meanings of all codes except OK and OutsideMask, by their names.
var codeMeanings = map[string]codeMeaning{
	"NonFinite":           {true, "a measured value is NaN or infinite; maps hold what --nan-policy says"},
	"ZeroSignal":          {true, "nothing was measured"},
	"Overflow":            {true, "a value beyond single precision (3.4e38), or so large that sums overflow; maps hold zeros"},
	"NotPositiveDefinite": {true, "the measured values do not determine the model"},
	"MaxIterations":       {true, "the fit had not settled when the iterations ran out; maps hold the last or the best result"},
	"AllFreeWater":        {false, "free water alone; the tissue's tensor is zero"},
	"NegativeEigenvalue":  {false, "the fitted tensor has a negative eigenvalue; measures clip it"},
	"Refit":               {false, "the usual fit failed its own check, and a slower, safer one gave the result"},
	"BelowMinSignal":      {false, "values above zero but below the minimum signal were raised to it; --min-signal lowers it"},
	"NegativeSignal":      {false, "fitted, although a measured value is negative"},
	"NotInShard":          {false, "left to another part of the fit"},
}

// summarise prints the last lines of a fit: what was fitted, how many voxels failed or have a remark, and where the
// maps are.
func (j *fitJob) summarise(w io.Writer, seconds float64) {
	n := len(j.index)
	fmt.Fprintf(w, "%s: %s read and fitted in %.2f s (%.1f us a voxel)\n", j.model.Kind().Class, plural.Count(n, "voxel"), seconds, 1e6*seconds/float64(n))
	for _, line := range j.responseLines() {
		fmt.Fprintln(w, "  "+line)
	}
	failed := j.countCodes(true)
	fmt.Fprintf(w, "  voxels: %d failed, %d with a remark, %d OK\n", failed, j.countCodes(false), j.codes[kernel.OK])
	j.printCodes(w, "failed", true)
	j.printCodes(w, "noted", false)
	if j.withoutFascicle > 0 {
		fmt.Fprintf(w, "  voxels that are OK but have no fascicle, because all weights are zero: %d\n", j.withoutFascicle)
	}
	for _, name := range j.fileNames() {
		if strings.HasSuffix(name, ".nii.gz") {
			fmt.Fprintf(w, "  %s/%s\n", strings.TrimSuffix(j.fitOptions.out, "/"), name)
		}
	}
	if len(j.out.dropped) > 0 {
		fmt.Fprintf(w, "  removed: %s, with their sidecars, of another fit\n", strings.Join(j.out.dropped, ", "))
	}
	if form := j.harmonicForm(); form.basis != "" {
		other := harmonicForm{sh.Tournier07.String(), worldFrame}
		reader := "MRtrix3"
		if form == other {
			other, reader = harmonicForm{sh.Descoteaux07.String(), imageFrame}, "DIPY"
		}
		fmt.Fprintf(w, "  fodfs are in basis %s, %s axes; for %s: kbench convert %s --sh-basis %s --frame %s -o OUT.nii.gz\n",
			form.basis, form.frame, reader, j.firstFOD(), other.basis, other.frame)
	}
}

// firstFOD returns the path of the first map of harmonics.
func (j *fitJob) firstFOD() string {
	for _, m := range j.wantedMaps {
		if m.Basis != sh.DefaultBasis {
			return filepath.Join(j.fitOptions.out, j.fileName(m.Name, m.Suffix)+".nii.gz")
		}
	}
	return ""
}

func (j *fitJob) countCodes(failed bool) int {
	count := 0
	for code, n := range j.codes {
		if m, known := codeMeanings[code.String()]; known && m.failed == failed {
			count += n
		}
	}
	return count
}

func (j *fitJob) printCodes(w io.Writer, word string, failed bool) {
	for _, code := range kernel.Codes() {
		m, known := codeMeanings[code.String()]
		if count := j.codes[code]; count > 0 && known && m.failed == failed {
			fmt.Fprintf(w, "    %-6s %-20s %8d  %s\n", word, code, count, m.text)
		}
	}
}

// responseLines returns lines about the fit's responses, and from how many voxels they were estimated.
func (j *fitJob) responseLines() []string {
	line := func(name string, r acq.Response) string {
		from := "as given"
		if r.Voxels > 0 {
			from = fmt.Sprintf("estimated from %s", plural.Count(r.Voxels, "voxel"))
		}
		text := "e1,e2,e3,S0 = " + shortTensor(r)
		if r.IsZonal() {
			means := make([]string, len(r.Zonal))
			for i, row := range r.Zonal {
				means[i] = fmt.Sprintf("%.4g", row[0])
			}
			text = "l = 0 by shell " + strings.Join(means, ", ")
		}
		return fmt.Sprintf("response%s: %s, %s", name, text, from)
	}
	switch need := j.kind.Needs; {
	case need.Response:
		return []string{line("", j.response)}
	case need.Tissues:
		var lines []string
		for _, t := range j.tissues {
			lines = append(lines, line(" of "+t.Name, t.Response))
		}
		return lines
	}
	return nil
}

func shortTensor(r acq.Response) string {
	return fmt.Sprintf("%.4g,%.4g,%.4g,%.4g", r.Evals[0], r.Evals[1], r.Evals[2], r.S0)
}

// harmonicForm returns the form of the fit's fodfs, or the zero value if it has none.
func (j *fitJob) harmonicForm() harmonicForm {
	for _, m := range j.wantedMaps {
		if m.Basis != sh.DefaultBasis {
			return harmonicForm{m.Basis.String(), cmp.Or(j.frame, imageFrame)}
		}
	}
	return harmonicForm{}
}
