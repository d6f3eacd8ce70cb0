package ref

import "math"

// Peaks finds the local maxima of a function that is known on the vertices of a sphere or hemisphere, by the rules of
// DIPY's peak_directions. It is the scratch of one worker.
type Peaks struct {
	// Index and Value are the peaks of the last Find, the highest first.
	Index []int
	Value []float64
	state []int8
}

// NewPeaks allocates the scratch for functions on n vertices.
func NewPeaks(n int) *Peaks {
	return &Peaks{Index: make([]int, 0, n), Value: make([]float64, 0, n), state: make([]int8, n)}
}

// These are what is known of a vertex while edges are looked at. 0 is a vertex that is level with its neighbours so
// far.
const (
	lower    int8 = -1 // lower than at least one neighbour
	somewhat int8 = 1  // higher than at least one neighbour and lower than none so far
)

// Find lists the peaks of the function with the given values. A vertex is a local maximum when it is higher than at
// least one neighbour and lower than none. A plateau therefore has several, and a constant has none. Only positive
// maxima count. Choose says which of them are peaks, with the smallest value as the floor. Where a value is NaN there
// are no peaks.
//
// (DIPY 1.12 gives vertex 0 with value 0 as a peak of some functions: those that have maxima but no positive one, and,
// with a threshold of 0, those that have some maxima that are not positive. It sorts values into an array that is
// filled with zeros before. This is not copied.)
func (p *Peaks) Find(values []float64, vertices [][3]float64, edges [][2]int32, relativeThreshold, minCosine float64) {
	p.Reset()
	floor, ok := minimum(values)
	if !ok {
		return
	}
	p.localMaxima(values, edges)
	p.Choose(floor, vertices, relativeThreshold, minCosine)
}

// Reset forgets all peaks.
func (p *Peaks) Reset() { p.Index, p.Value = p.Index[:0], p.Value[:0] }

// Choose keeps those local maxima that are peaks. A single maximum is a peak. Of several, a peak has two properties.
// Its height above the floor is at least relativeThreshold times that of the highest one; a negative floor counts as
// zero. And the angle to a higher peak, or to the opposite of one, is not smaller than that of minCosine.
func (p *Peaks) Choose(floor float64, vertices [][3]float64, relativeThreshold, minCosine float64) {
	if len(p.Index) <= 1 {
		return
	}
	floor = max(floor, 0)
	threshold := relativeThreshold * (p.Value[0] - floor)
	n := 0
	for n < len(p.Value) && p.Value[n]-floor >= threshold {
		n++
	}
	p.Index, p.Value = p.Index[:n], p.Value[:n]
	p.removeSimilar(vertices, minCosine)
}

func minimum(values []float64) (smallest float64, ok bool) {
	smallest = math.Inf(1)
	for _, v := range values {
		if v != v {
			return 0, false
		}
		if v < smallest {
			smallest = v
		}
	}
	return smallest, true
}

// localMaxima fills Index and Value, the highest first. Equal values stay in the order of the vertices.
func (p *Peaks) localMaxima(values []float64, edges [][2]int32) {
	clear(p.state)
	for _, e := range edges {
		a, b := e[0], e[1]
		switch {
		case values[a] < values[b]:
			p.state[a] = lower
			p.state[b] |= somewhat // a vertex that is lower stays lower: -1 | 1 is -1
		case values[a] > values[b]:
			p.state[a] |= somewhat
			p.state[b] = lower
		}
	}
	for i, s := range p.state {
		if s == somewhat {
			p.Insert(i, values[i])
		}
	}
}

// Insert puts a local maximum behind all that are at least as high, provided that it is positive.
func (p *Peaks) Insert(index int, value float64) {
	if !(value > 0) {
		return
	}
	p.Index, p.Value = append(p.Index, index), append(p.Value, value)
	i := len(p.Value) - 1
	for ; i > 0 && value > p.Value[i-1]; i-- {
		p.Index[i], p.Value[i] = p.Index[i-1], p.Value[i-1]
	}
	p.Index[i], p.Value[i] = index, value
}

// removeSimilar keeps a peak only where it is not too close to one that was kept before it.
func (p *Peaks) removeSimilar(vertices [][3]float64, minCosine float64) {
	n := 0
	for i, v := range p.Index {
		if !p.nearKept(vertices, vertices[v], n, minCosine) {
			p.Index[n], p.Value[n] = v, p.Value[i]
			n++
		}
	}
	p.Index, p.Value = p.Index[:n], p.Value[:n]
}

func (p *Peaks) nearKept(vertices [][3]float64, v [3]float64, n int, minCosine float64) bool {
	for _, k := range p.Index[:n] {
		if Similar(v, vertices[k], minCosine) {
			return true
		}
	}
	return false
}

// Similar says whether the angle between two axes is smaller than the one with the given cosine.
func Similar(a, b [3]float64, minCosine float64) bool {
	return math.Abs(float64(a[0]*b[0])+float64(a[1]*b[1])+float64(a[2]*b[2])) > minCosine
}
