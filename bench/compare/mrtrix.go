package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/bench/python"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/sh"
	"gonum.org/v1/gonum/integrate/quad"
)

// An mrtrixCommand is MRtrix3's command for a model.
type mrtrixCommand struct {
	program string
	options []string
	parity  func(t *task, ours *fitted, theirs []float32) []Parity
}

// csdDegree is the degree of dwi2fod csd, its -lmax.
const csdDegree = 8

// mrtrixLimit is the largest extent of an axis in NIfTI-1. All voxels lie along x.
const mrtrixLimit = math.MaxInt16

// mrtrix runs MRtrix3's commands on images of the same voxels.
type mrtrix struct {
	found  Engine
	folder string
	o      Options
}

// findMRtrix looks for the commands on the PATH and writes the tables that they read. The b-vectors are passed by
// -grad as they were given, and so fodfs and tensors come back in their frame.
func findMRtrix(ctx context.Context, o Options, folder string) (engine, error) {
	m := &mrtrix{folder: folder, o: o}
	var err error
	if m.found, err = FindMRtrix(ctx, "dwi2fod", "dwi2tensor"); err != nil {
		return m, err
	}
	var gradients strings.Builder
	for i, v := range o.Gradients.Bvecs {
		fmt.Fprintln(&gradients, v[0], v[1], v[2], o.Gradients.Bvals[i])
	}
	if err := os.WriteFile(m.path("gradients.b"), []byte(gradients.String()), 0o600); err != nil {
		return m, err
	}
	return m, WriteResponses(folder, o.Response, o.Tissues, o.Gradients)
}

// FindMRtrix looks for commands of MRtrix3 on the PATH. The first one shows which version it is, and whether its
// build has fused multiply-add. It is an error if a command is missing or does not run. Even with an error, the
// engine that is returned has its name.
func FindMRtrix(ctx context.Context, commands ...string) (Engine, error) {
	found := Engine{Name: nameMRtrix}
	for _, program := range commands {
		if _, err := exec.LookPath(program); err != nil {
			return found, fmt.Errorf("MRtrix3 is not here: no %s on the PATH", program)
		}
	}
	text, err := exec.CommandContext(ctx, commands[0], "-version").Output()
	if err != nil {
		return found, fmt.Errorf("MRtrix3 does not run: %s -version: %w", commands[0], err)
	}
	found.Version, found.Build = "unknown", fmaOf(commands[0])
	if words := strings.Fields(string(text)); len(words) > 2 {
		found.Version = words[2] // "== dwi2fod 3.0.3 =="
	}
	return found, nil
}

// ResponseFile is the name of the file in which WriteResponses writes the response of a single fibre.
const ResponseFile = "response.txt"

// WriteResponses writes files of responses that MRtrix3 can read: that of a single fibre, and those of the tissues,
// as NAME.txt.
func WriteResponses(folder string, r acq.Response, tissues []model.Tissue, g *acq.GradientTable) error {
	if err := writeTissues(folder, tissues, g); err != nil {
		return err
	}
	return writeRows(filepath.Join(folder, ResponseFile), [][]float64{zonalResponse(r, g)})
}

// zonalResponse is the zonal response of the highest shell, up to lmax 8. A response in tensor form is projected
// onto Y_l0 by Gauss-Legendre quadrature over the cosine x of the angle to the fibre.
func zonalResponse(r acq.Response, g *acq.GradientTable) []float64 {
	if r.IsZonal() {
		return r.Zonal[len(r.Zonal)-1]
	}
	const lmax = csdDegree
	b := slices.Max(g.Bvals) // dwi2fod refuses tables without shells
	if shells, _, err := g.ClusterShells(); err == nil {
		b = shells[len(shells)-1].Bval
	}
	zonal := make([]float64, lmax/2+1)
	for k := range zonal {
		zonal[k] = 4 * math.Pi * quad.Fixed(func(x float64) float64 {
			basis := sh.Tournier07.Evaluate(lmax, [][3]float64{{math.Sqrt(1 - x*x), 0, x}})
			across := (r.Evals[1] + r.Evals[2]) / 2
			return r.S0 * math.Exp(-b*(r.Evals[0]*x*x+across*(1-x*x))) * basis[k*(2*k+1)]
		}, 0, 1, 64, quad.Legendre{}, 0)
	}
	return zonal
}

func (m *mrtrix) path(name string) string { return filepath.Join(m.folder, name) }

// image writes an image of the first voxels, unless it exists, and returns its path.
func (m *mrtrix) image(voxels int) (string, error) {
	path := m.path(fmt.Sprintf("%d.nii", voxels))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	volumes := m.o.Gradients.Len()
	header := nifti.NewHeader([]int{voxels, 1, 1, volumes}, []float64{1, 1, 1, 1},
		[4][4]float64{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}})
	return path, nifti.WriteSignal(path, header, m.o.Signal[:voxels*volumes], nifti.WriteOptions{})
}

func (m *mrtrix) result() string { return m.path("result.nii") }

// run runs the command on the first voxels and returns the seconds of the whole process.
func (m *mrtrix) run(ctx context.Context, c *mrtrixCommand, voxels int) (float64, error) {
	image, err := m.image(voxels)
	if err != nil {
		return 0, err
	}
	var args []string
	if c.multiTissue() {
		args = m.tissueArguments(c, image)
	} else if c.program == "dwi2fod" {
		args = m.csdArguments(c, image)
	} else {
		args = append(c.options, image, m.result())
	}
	args = append(args, "-grad", m.path("gradients.b"), "-nthreads", "0", "-quiet", "-force")
	process := exec.CommandContext(ctx, c.program, args...)
	process.Env = append(python.SingleThreaded(), "MRTRIX_LOGLEVEL=0")
	begin := time.Now()
	text, err := process.CombinedOutput()
	seconds := time.Since(begin).Seconds()
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s", c.program, err, strings.TrimSpace(string(text)))
	}
	return seconds, nil
}

// csdArguments are the arguments of dwi2fod csd, up to the common options.
func (m *mrtrix) csdArguments(c *mrtrixCommand, image string) (args []string) {
	args = append(args, c.options...)
	return append(args, image, m.path(ResponseFile), m.result(), "-lmax", strconv.Itoa(csdDegree))
}

func (m *mrtrix) describe() Engine { return m.found }

func (m *mrtrix) prepare(ctx context.Context, t *task, ours *fitted) (string, []Parity, error) {
	if t.mrtrix == nil {
		return "", nil, errNoModel
	}
	if t.voxels < 2 || t.voxels > mrtrixLimit {
		return "", nil, fmt.Errorf("found %s, expected 2 to %d", plural.Count(t.voxels, "voxel"), mrtrixLimit)
	}
	if _, err := m.run(ctx, t.mrtrix, t.voxels); err != nil {
		return "", nil, err
	}
	image, err := nifti.Open(m.result())
	if err != nil {
		return "", nil, err
	}
	n := image.Header.Volumes()
	want := map[string]int{"dwi2tensor": 6, "dwi2fod": ours.each}[t.mrtrix.program]
	if t.mrtrix.multiTissue() {
		want = sh.Count(whiteMatterDegree)
	}
	if voxels := len(nifti.FullMask(image.Header).Index); voxels != t.voxels || n != want {
		return "", nil, fmt.Errorf("%s wrote %d voxels of %d values, expected %d of %d", t.mrtrix.program, voxels, n, t.voxels, want)
	}
	theirs := make([]float32, t.voxels*n)
	if err := image.ReadMasked(ctx, theirs, nifti.FullMask(image.Header).Index, nifti.ReadOptions{}); err != nil {
		return "", nil, err
	}
	what := strings.Join(append([]string{t.mrtrix.program}, t.mrtrix.options...), " ")
	if remark := remarks[t.name]; remark != "" {
		what += " (" + remark + ")"
	}
	return what, t.mrtrix.parity(t, ours, theirs), nil
}

// errTooShort says that the time of many voxels was no longer than that of one, as happens on a busy machine.
var errTooShort = errors.New("all voxels took no longer than one: too few voxels to time on this machine")

// time is the time of all voxels, less that of one voxel, for each voxel.
func (m *mrtrix) time(ctx context.Context, t *task) (float64, error) {
	all, err := m.run(ctx, t.mrtrix, t.voxels)
	if err != nil {
		return 0, err
	}
	one, err := m.run(ctx, t.mrtrix, 1)
	if err != nil {
		return 0, err
	}
	if all <= one {
		return 0, errTooShort
	}
	return (all - one) / float64(t.voxels-1), nil
}

func (m *mrtrix) close() {}
