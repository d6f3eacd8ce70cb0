package acq

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/internal/plural"
)

// The defaults of AutoOptions.
const (
	DefaultResponseRadius = 10  // voxels
	DefaultResponseFA     = 0.7 // fractional anisotropy
)

// AutoOptions are the choices of AutoResponse; the zero value is DIPY's defaults.
type AutoOptions struct {
	// Center is the voxel in the middle of the region; nil is the middle of the volume.
	Center *[3]int
	// Radii are the half-widths of the region in voxels; all zero is 10, 10, 10.
	Radii [3]int
	// FAThreshold is the fractional anisotropy above which a voxel counts; 0 is 0.7.
	FAThreshold float64
}

// AutoResponse estimates the response of a single fibre as DIPY's auto_response_ssst does: it fits a diffusion tensor
// by weighted least squares to the voxels of a box in the middle of the volume, keeps those with a fractional
// anisotropy above 0.7, and gives the mean of their first eigenvalue, the mean of their second (twice), and the mean of
// their signals at b0. All shells are used, as in DIPY.
//
// signal is len(index) x g.Len(), voxel-major; index holds the linear number of each row's voxel in a volume of the
// given shape (x fastest). Only the voxels of index count, whereas DIPY looks at the whole box: with a mask, voxels
// of the box that are outside the mask do not count. Voxels with a signal that is not finite do not count either;
// DIPY stops at them. The arithmetic is float64 throughout. DIPY agrees to rounding when it is given the same
// numbers as float64. DIPY takes logarithms of float32 data in float32.
//
// It is an error when no voxel qualifies. The error says why (the mask has none in the box, none is finite, the
// anisotropy found and that needed) and what to do. DIPY's answer is then NaN, with which nothing can be fitted.
func AutoResponse(signal []float32, shape [3]int, index []int, g *GradientTable, o AutoOptions) (Response, error) {
	if len(signal) != len(index)*g.Len() {
		return Response{}, fmt.Errorf("automatic response: found %s, expected %s x %s", plural.Count(len(signal), "signal value"), plural.Count(len(index), "voxel"), plural.Count(g.Len(), "volume"))
	}
	if len(g.B0s()) == 0 {
		return Response{}, fmt.Errorf("automatic response: found no volume with b <= %v s/mm2 in %s, expected at least one: %s", g.B0Threshold, g.name(), g.giveResponse())
	}
	if err := g.CheckWeighted(); err != nil {
		return Response{}, fmt.Errorf("automatic response: %w", err)
	}
	o = o.withDefaults(shape)
	box, err := newBox(shape, *o.Center, o.Radii)
	if err != nil {
		return Response{}, fmt.Errorf("automatic response: %w", err)
	}
	tensor, err := newTensorFit(g)
	if err != nil {
		return Response{}, fmt.Errorf("automatic response: %w", err)
	}
	mean := responseMean{threshold: o.FAThreshold, table: g}
	for row, voxel := range index {
		if box.holds(voxel, shape) {
			mean.inside++
			mean.add(tensor, signal[row*g.Len():(row+1)*g.Len()])
		}
	}
	return mean.response(box)
}

// giveResponse says what to do where there is no automatic response: to change an option, or to give the response
// itself. Each advice ends with the name of an option, as in "a larger response_radius". It is left out if the
// user's interface does not have that option (WithSpelling).
func (g *GradientTable) giveResponse(advice ...string) string {
	var ways []string
	for _, way := range advice {
		before := strings.LastIndexByte(way, ' ') + 1
		if option := g.Spelled(way[before:]); option != "" {
			ways = append(ways, way[:before]+option+",")
		}
	}
	if len(ways) > 0 {
		ways = append(ways, "or")
	}
	return strings.Join(append(append([]string{"give"}, ways...), "the response itself ("+strings.TrimSpace(g.Spelled("response")+" e1,e2,e3,S0")+")"), " ")
}

// AutoRegion returns the voxels of index that AutoResponse would look at: those in its box. A caller that does not
// hold the whole image needs only these.
func AutoRegion(shape [3]int, index []int, o AutoOptions) ([]int, error) {
	o = o.withDefaults(shape)
	box, err := newBox(shape, *o.Center, o.Radii)
	if err != nil {
		return nil, fmt.Errorf("automatic response: %w", err)
	}
	var inside []int
	for _, voxel := range index {
		if box.holds(voxel, shape) {
			inside = append(inside, voxel)
		}
	}
	return inside, nil
}

func (o AutoOptions) withDefaults(shape [3]int) AutoOptions {
	if o.Center == nil {
		o.Center = &[3]int{shape[0] / 2, shape[1] / 2, shape[2] / 2}
	}
	if o.Radii == [3]int{} {
		o.Radii = [3]int{DefaultResponseRadius, DefaultResponseRadius, DefaultResponseRadius}
	}
	if o.FAThreshold == 0 {
		o.FAThreshold = DefaultResponseFA
	}
	return o
}

// responseMean adds up the voxels that qualify.
type responseMean struct {
	threshold float64
	table     *GradientTable

	inside        int // how many of the voxels are in the box
	fitted, used  int
	small, raised int     // of those fitted, and of those used, with signals above 0 and below minSignal
	highest       float64 // fractional anisotropy
	first, second float64 // sums of eigenvalues
	b0Sum         float64
}

func (m *responseMean) add(tensor *tensorFit, signal []float32) {
	evals, ok := tensor.eigenvalues(signal)
	if !ok {
		return
	}
	m.fitted++
	small := slices.ContainsFunc(signal, func(x float32) bool { return x > 0 && x < minSignal })
	if small {
		m.small++
	}
	fa := fractionalAnisotropy(evals)
	m.highest = max(m.highest, fa)
	if !(fa > m.threshold) {
		return
	}
	m.used++
	if small {
		m.raised++
	}
	m.first += evals[0]
	m.second += evals[1]
	for _, v := range m.table.B0s() {
		m.b0Sum += float64(signal[v])
	}
}

func (m *responseMean) response(b box) (Response, error) {
	switch {
	case m.inside == 0:
		return Response{}, fmt.Errorf("automatic response: the box %v has no voxel of the mask, expected some: the mask misses the middle of the image; %s", b, m.table.giveResponse("a larger response_radius"))
	case m.fitted == 0:
		return Response{}, fmt.Errorf("automatic response: found no voxel with finite signals in the box %v, expected some of the mask's %d there: %s", b, m.inside, m.table.giveResponse("a larger response_radius"))
	case m.used == 0 && m.small > 0:
		return Response{}, fmt.Errorf("automatic response: found signals between 0 and %g in %d of %s in the box %v, expected larger ones, because the tensor fit raises smaller ones to %[1]g: multiply the image by a constant, or %[5]s",
			minSignal, m.small, plural.Count(m.fitted, "voxel"), b, m.table.giveResponse())
	case m.used == 0:
		return Response{}, fmt.Errorf("automatic response: the highest fractional anisotropy of %s in the box %v is %.3f, expected some above %v; %s",
			plural.Count(m.fitted, "voxel"), b, m.highest, m.threshold, m.table.giveResponse("a lower response_fa", "a larger response_radius"))
	}
	n := float64(m.used)
	return Response{
		Evals: [3]float64{m.first / n, m.second / n, m.second / n},
		S0:    m.b0Sum / (n * float64(len(m.table.B0s()))), Voxels: m.used, Raised: m.raised,
	}, nil
}

// box is a region of interest: the voxels from begin up to and without end.
type box struct{ begin, end [3]int }

// newBox follows DIPY's _roi_in_volume exactly: where the box would reach out of the volume along an axis, on either
// side, both half-widths become the smaller of the centre and the size less the centre (and the last slice is cut
// off where even that is one too many).
func newBox(shape, center, radii [3]int) (box, error) {
	var b box
	for k, size := range shape {
		c, r := center[k], radii[k]
		if size < 1 || c < 0 || c >= size || r < 0 {
			return b, fmt.Errorf("found a box around voxel %v of radii %v, expected one inside the volume of %v", center, radii, shape)
		}
		if c-r < 0 || c+r >= size {
			r = min(c, size-c)
		}
		b.begin[k], b.end[k] = c-r, min(c+r+1, size)
	}
	return b, nil
}

func (b box) holds(voxel int, shape [3]int) bool {
	if voxel < 0 {
		return false
	}
	at := [3]int{voxel % shape[0], voxel / shape[0] % shape[1], voxel / shape[0] / shape[1]}
	for k := range at {
		if at[k] < b.begin[k] || at[k] >= b.end[k] {
			return false
		}
	}
	return true
}

// String is the box in the notation of NumPy's slices.
func (b box) String() string {
	return fmt.Sprintf("[%d:%d, %d:%d, %d:%d]", b.begin[0], b.end[0], b.begin[1], b.end[1], b.begin[2], b.end[2])
}

// fractionalAnisotropy is DIPY's, 0 for a tensor of zeros.
func fractionalAnisotropy(e [3]float64) float64 {
	square := float64(e[0]*e[0]) + float64(e[1]*e[1]) + float64(e[2]*e[2])
	if square == 0 {
		return 0
	}
	a, b, c := e[0]-e[1], e[1]-e[2], e[2]-e[0]
	return math.Sqrt(0.5 * (float64(a*a) + float64(b*b) + float64(c*c)) / square)
}
