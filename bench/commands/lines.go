package commands

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/bench/compare"
)

// The engines of a report.
const (
	voxfit = "voxfit"
	mrtrix = "MRtrix3"
	dipy   = "DIPY"
)

// csdDegree is the degree that csdm has in both programs.
const csdDegree = "8"

// mrtrixCommands are the commands of MRtrix3 that are timed.
var mrtrixCommands = []string{"dwi2fod", "dwi2tensor", "tensor2metric", "sh2peaks"}

// A line is a Line with its programs.
type line struct {
	model    string
	voxels   int
	programs []program
}

// A program makes the maps of a line in its folder.
type program struct {
	engine      string
	commands    [][]string
	environment []string // added to that of kbench
	mask        string   // the mask that it reads
	folder      string   // of its maps; empty for programs that write no files
	maps        []string // patterns for the names of the images in folder
}

// lines lists everything that is timed.
func (s *setup) lines() []line {
	var lines []line
	for _, fit := range wholeFits {
		if slices.Contains(s.Models, fit.model) {
			lines = append(lines, s.wholeLine(fit))
		}
	}
	if s.python != "" {
		for _, fit := range partFits {
			if slices.Contains(s.Models, fit.model) && (fit.model != "msmt" || s.cvxpy) {
				lines = append(lines, s.partLine(fit))
			}
		}
	}
	if decompressors := s.decompressors(); len(decompressors) > 0 {
		lines = append(lines, line{model: "decompression", programs: decompressors})
	}
	return lines
}

// A fit is a model with the options of kbench fit, and its maps by their names.
type fit struct {
	line, model string
	options     []string
	maps        []string
}

// wholeFits are the fits of the whole mask: the models that MRtrix3 has, and then those that it does not have.
var wholeFits = []fit{
	{"dti iwls", "dti", []string{"--method", "iwls"}, []string{"fa", "md", "ad", "rd", "tensor"}},
	{"csdm mrtrix", "csdm", []string{"--convention", "mrtrix", "--lmax", csdDegree}, []string{"fod", "peaks"}},
	{"msmt", "msmt", nil, []string{"fod_label-WM", "fod_label-GM", "fod_label-CSF"}},
	{"fwdtim nls", "fwdtim", nil, []string{"fwf", "fa", "md", "tensor"}},
	{"sfm nnls", "sfm", nil, []string{"weights", "s0", "peaks"}},
}

// partFits are the fits that DIPY has, by its own conventions.
var partFits = []fit{
	{"dti wls", "dti", nil, []string{"fa", "md", "ad", "rd", "tensor"}},
	{"csdm", "csdm", nil, []string{"fod", "gfa", "peaks", "peakvalues"}},
	{"fwdtim nls", "fwdtim", nil, []string{"fwf", "fa", "md", "tensor"}},
	{"msmt", "msmt", nil, []string{"fod_label-WM", "fod_label-GM", "fod_label-CSF", "gfa_label-WM", "peaks_label-WM", "peakvalues_label-WM"}},
	{"sfm nnls", "sfm", nil, []string{"weights", "s0", "peaks", "peakvalues"}},
}

// wholeLine has voxfit and MRtrix3, or voxfit alone where MRtrix3 does not have the model or is not installed.
func (s *setup) wholeLine(f fit) line {
	l := line{f.line, len(s.inside(wholeMask)), []program{s.kbench(f, wholeMask)}}
	if p := s.mrtrixProgram(f.model); s.mrtrix && p.commands != nil {
		l.programs = append(l.programs, p)
	}
	return l
}

func (s *setup) partLine(f fit) line {
	return line{f.line, len(s.inside(partMask)), []program{s.kbench(f, partMask), s.dipyProgram(f)}}
}

// path is the path of a file in the folder.
func (s *setup) path(name string) string { return filepath.Join(s.folder, name) }

// output is the folder of a program's maps.
func (s *setup) output(engine, model, mask string) string {
	return s.path(strings.Join([]string{engine, model, strings.TrimSuffix(mask, ".nii.gz")}, "-"))
}

// threads is how many threads a program may use.
func (s *setup) threads() string { return strconv.Itoa(len(s.CPUs)) }

// kbench makes the program `kbench fit`.
func (s *setup) kbench(f fit, mask string) program {
	out := s.output(voxfit, f.model, mask)
	words := []string{s.Kbench, "fit", f.model, s.Image, "-o", out, "--bvals", s.Bvals, "--bvecs", s.Bvecs,
		"--mask", s.path(mask), "--threads", s.threads(), "--maps", strings.Join(append(slices.Clone(f.maps), "status"), ",")}
	words = append(words, f.options...)
	if response := s.response(f.model, mask); response != "" {
		words = append(words, "--response", response)
	}
	if s.ISA != "" {
		words = append(words, "--isa", s.ISA)
	}
	p := program{engine: voxfit, commands: [][]string{words}, mask: mask, folder: out}
	for _, m := range f.maps {
		param, label, _ := strings.Cut(m, "_label-")
		p.maps = append(p.maps, "*param-"+param+"*"+label+"*.nii.gz")
	}
	return p
}

// response is kbench fit's argument --response: the files that MRtrix3 reads, or, in a line with DIPY, the tensor
// form that DIPY takes, if the response has one.
func (s *setup) response(model, mask string) string {
	switch {
	case model == "msmt":
		var files []string
		for _, t := range s.Tissues {
			files = append(files, s.path(t.Name+".txt"))
		}
		return strings.Join(files, ",")
	case model != "csdm":
		return ""
	case mask == partMask && !s.Response.IsZonal():
		r := s.Response
		return fmt.Sprintf("%v,%v,%v,%v", r.Evals[0], r.Evals[1], r.Evals[2], r.S0)
	}
	return s.path(compare.ResponseFile)
}

// mrtrixProgram has MRtrix3's commands for a model, and no commands for a model that MRtrix3 does not have.
func (s *setup) mrtrixProgram(model string) program {
	out := s.output(mrtrix, model, wholeMask)
	p := program{engine: mrtrix, mask: wholeMask, folder: out}
	in := func(name string) string { return filepath.Join(out, name) }
	common := []string{"-mask", s.path(wholeMask), "-nthreads", s.threads(), "-quiet"}
	table := append([]string{"-fslgrad", s.Bvecs, s.Bvals}, common...)
	switch model {
	case "dti":
		p.maps = []string{"tensor.nii", "fa.nii", "adc.nii", "ad.nii", "rd.nii"}
		p.commands = [][]string{
			append([]string{"dwi2tensor", s.Image, in("tensor.nii")}, table...),
			append([]string{"tensor2metric", in("tensor.nii"), "-fa", in("fa.nii"), "-adc", in("adc.nii"), "-ad", in("ad.nii"), "-rd", in("rd.nii")}, common...),
		}
	case "csdm":
		p.maps = []string{"fod.nii", "peaks.nii"}
		p.commands = [][]string{
			append([]string{"dwi2fod", "csd", s.Image, s.path(compare.ResponseFile), in("fod.nii"), "-lmax", csdDegree}, table...),
			append([]string{"sh2peaks", in("fod.nii"), in("peaks.nii"), "-num", "5"}, common...),
		}
	case "msmt":
		words := []string{"dwi2fod", "msmt_csd", s.Image}
		for _, t := range s.Tissues {
			words = append(words, s.path(t.Name+".txt"), in(t.Name+".nii"))
			p.maps = append(p.maps, t.Name+".nii")
		}
		p.commands = [][]string{append(words, table...)}
	}
	return p
}

// decompressors lists the installed decompressors if the image is compressed.
func (s *setup) decompressors() []program {
	var found []program
	if !strings.HasSuffix(s.Image, ".gz") {
		return nil
	}
	for _, words := range [][]string{{"igzip", "-d", "-c"}, {"libdeflate-gunzip", "-c"}, {"rapidgzip", "-d", "-c", "-P", s.threads()}} {
		if _, err := exec.LookPath(words[0]); err == nil {
			found = append(found, program{engine: words[0], commands: [][]string{append(words, s.Image)}})
		}
	}
	return found
}
