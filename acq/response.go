package acq

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/internal/plural"
)

// A Response is the signal of one fibre population (or of one tissue), in one of two forms.
//
// The tensor form is an axially symmetric diffusion tensor along the fibre, as DIPY's response: Evals
// in mm2/s, the first along the fibre, and S0, the signal without diffusion weighting. The zonal form is
// that of MRtrix3: for each shell the coefficients of the zonal spherical harmonics (m = 0) of
// l = 0, 2, 4 ..., of the fibre along z.
type Response struct {
	Evals [3]float64 // tensor form, mm2/s
	S0    float64    // tensor form, in the units of the images

	Zonal [][]float64 // zonal form: a row for each shell, ascending by b-value; nil in the tensor form
	Bvals []float64   // zonal form: the shells' b-values in s/mm2, or nil when the file does not say

	Voxels int // how many voxels it was estimated from; 0 where it was given
	Raised int // how many of these have signals above 0 and below 1e-4, which the tensor fit raises to it
}

// IsZonal says whether the response is in zonal form.
func (r Response) IsZonal() bool { return r.Zonal != nil }

// String writes a tensor form so that ParseResponse reads it back to the bit. Of a zonal form it gives the size.
func (r Response) String() string {
	if r.IsZonal() {
		return fmt.Sprintf("zonal response of %s, lmax %d", plural.Count(len(r.Zonal), "shell"), 2*(len(r.Zonal[0])-1))
	}
	return fmt.Sprintf("%v,%v,%v,%v", r.Evals[0], r.Evals[1], r.Evals[2], r.S0)
}

// tensorLimit in mm2/s tells diffusivities from anything else: free water at body temperature has 0.003,
// and an image's signal, or a diffusivity in um2/ms, is above it.
const tensorLimit = 0.1

// leastDiffusivity in mm2/s is the least first diffusivity that is accepted. Only b-values of 100,000 could show a
// smaller one, so a smaller number must be in m2/s.
const leastDiffusivity = 1e-5

// ParseResponse reads a response in tensor form, "e1,e2,e3,S0": the three eigenvalues in mm2/s, the
// largest first, and the signal without diffusion weighting. White space separates as well as commas.
// It is an error when there are not four numbers, when an eigenvalue is negative, 0.1 or more (a sign of
// other units) or larger than the first, when e1 is below 1e-5, and when S0 is not positive.
func ParseResponse(text string) (Response, error) {
	t, err := parseNumbers(text)
	if err != nil {
		return Response{}, fmt.Errorf("response %s: %w", excerpt(text), err)
	}
	r, err := TensorResponse(t.flat())
	if err != nil {
		return Response{}, fmt.Errorf("response %s: %w", excerpt(text), err)
	}
	return r, nil
}

// TensorResponse is the response in tensor form of four numbers: three eigenvalues in mm2/s, the largest first, and
// S0. The errors are those of ParseResponse.
func TensorResponse(numbers []float64) (Response, error) {
	if len(numbers) != 4 {
		return Response{}, fmt.Errorf("found %s, expected 4: e1,e2,e3,S0", plural.Count(len(numbers), "number"))
	}
	r := Response{Evals: [3]float64(numbers[:3]), S0: numbers[3]}
	return r, r.Check()
}

// CheckDiffusivities refuses numbers that are not the eigenvalues of a diffusion tensor in mm2/s, the largest first.
// These are numbers that are not finite, negative, or 0.1 or more (a sign of other units), a number that is larger
// than the first, and a first number below 1e-5 (0, or in m2/s).
func CheckDiffusivities(evals [3]float64) error {
	for i, e := range evals {
		switch {
		case e >= tensorLimit && !math.IsInf(e, 1):
			return fmt.Errorf("found e%d = %v, expected a diffusivity in mm2/s, as 0.0017 (numbers in um2/ms are 1000 times as large)", i+1, e)
		case !(e >= 0 && e < tensorLimit):
			return fmt.Errorf("found e%d = %v, expected a diffusivity in mm2/s, as 0.0017", i+1, e)
		case e > evals[0]:
			return fmt.Errorf("found e%d = %v larger than e1 = %v, expected the largest first", i+1, e, evals[0])
		}
	}
	switch {
	case evals[0] == 0:
		return fmt.Errorf("found e1 = 0, expected a diffusivity in mm2/s, as 0.0017")
	case evals[0] < leastDiffusivity:
		return fmt.Errorf("found e1 = %v, expected a diffusivity in mm2/s, as 0.0017 (numbers in m2/s are a million times smaller)", evals[0])
	}
	return nil
}

// Check refuses what cannot be a response. In the tensor form these are diffusivities that CheckDiffusivities
// refuses, and an S0 that is not positive. In the zonal form these are rows that are empty, of different lengths or
// not finite, a first coefficient (the mean signal) below 0, and b-values that are negative, not finite, or not one
// to a row.
func (r Response) Check() error {
	if !r.IsZonal() {
		if err := CheckDiffusivities(r.Evals); err != nil {
			return err
		}
		if math.IsInf(r.S0, 1) {
			return fmt.Errorf("found S0 = %v, expected a finite signal", r.S0)
		}
		if !(r.S0 > 0) {
			return fmt.Errorf("found S0 = %v, expected a positive signal", r.S0)
		}
		return nil
	}
	if len(r.Zonal) == 0 {
		return fmt.Errorf("found no row, expected one for each shell")
	}
	for i, row := range r.Zonal {
		if len(row) == 0 || len(row) != len(r.Zonal[0]) {
			return fmt.Errorf("row %d (counted from 1) has %s, expected as many in each row, and at least one", i+1, plural.Count(len(row), "coefficient"))
		}
		if err := checkZonalRow(row); err != nil {
			return fmt.Errorf("row %d (counted from 1): %w", i+1, err)
		}
	}
	if r.Bvals != nil && len(r.Bvals) != len(r.Zonal) {
		return fmt.Errorf("found %s and %s, expected as many of each", plural.Count(len(r.Bvals), "b-value"), plural.Count(len(r.Zonal), "row"))
	}
	return checkShells(r.Bvals)
}

func checkZonalRow(row []float64) error {
	for _, x := range row {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("found %v, expected finite coefficients", x)
		}
	}
	if row[0] < 0 {
		return fmt.Errorf("found %v as the first coefficient, expected the mean signal of a shell, which is not negative", row[0])
	}
	if len(row) == 4 && areDiffusivities(row[:3]) && row[3] >= tensorLimit {
		return fmt.Errorf("found %v, which looks like e1 e2 e3 S0, expected zonal coefficients (l = 0, 2, 4 ...), since there is a row for each shell", row)
	}
	for k, x := range row[1:] {
		if math.Abs(x) > mostAnisotropic*row[0] {
			return fmt.Errorf("found %v at l = %d beside %v at l = 0, expected smaller coefficients than the first", x, 2*(k+1), row[0])
		}
	}
	return nil
}

func checkShells(bvals []float64) error {
	for _, b := range bvals {
		if !(b >= 0) || math.IsInf(b, 1) {
			return fmt.Errorf("found b-value %v, expected a number of at least 0", b)
		}
	}
	return nil
}

// leastSigned is how large, relative to the mean signal, a coefficient must be for its sign to mean something.
const leastSigned = 0.01

// mostRise is the largest ratio of a shell's mean signal to that of a lower shell. It is above 1 because of noise,
// where hardly any signal is left.
const mostRise = 1.1

// Oddity is a sentence about a zonal response that does not look like the signal of a fibre along z or of a tissue.
// Such a signal falls with b, and is least along the fibre. The sentence names the row, and says what is odd: the first
// coefficient is larger than that of a lower shell, that of l = 2 is positive, or that of l = 4 is negative. It is
// empty where nothing is odd, and for the tensor form.
func (r Response) Oddity() string {
	for i, row := range r.Zonal {
		for k, sign := range []float64{-1, 1} {
			if l := k + 1; l < len(row) && sign*row[l] < -leastSigned*row[0] {
				return fmt.Sprintf("row %d (counted from 1) has %v at l = %d, where a fibre along z has the other sign", i+1, row[l], 2*l)
			}
		}
	}
	return r.rise()
}

// rise finds two rows, next to each other by b-value, where the mean signal is larger at the higher b.
func (r Response) rise() string {
	order := make([]int, len(r.Zonal))
	for i := range order {
		order[i] = i
	}
	if len(r.Bvals) == len(order) {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.Bvals[a], r.Bvals[b]) })
	}
	for k := 1; k < len(order); k++ {
		low, high := order[k-1], order[k]
		if r.Zonal[high][0] > mostRise*r.Zonal[low][0] {
			return fmt.Sprintf("row %d (counted from 1) has %v at l = 0, more than row %d of a lower b-value, which has %v, but signal falls with b: are the shells in the wrong order?",
				high+1, r.Zonal[high][0], low+1, r.Zonal[low][0])
		}
	}
	return ""
}

// HasDirections says whether the signal differs between directions.
func (r Response) HasDirections() bool {
	if !r.IsZonal() {
		return r.Evals[0] != r.Evals[1] || r.Evals[1] != r.Evals[2]
	}
	for _, row := range r.Zonal {
		for _, x := range row[min(1, len(row)):] {
			if x != 0 {
				return true
			}
		}
	}
	return false
}

// mostAnisotropic is the largest ratio of a coefficient to that of l = 0 for a signal that is not negative and is
// least along the fibre. The signal of a disc across the fibre reaches it, at l = 6 and 8.
const mostAnisotropic = 1.13

// ReadResponse reads a response from a text file in either form. Lines that begin with # are comments.
//
// The tensor form is the four numbers e1 e2 e3 S0 of ParseResponse, on one line or on lines of their own. DIPY defines
// no file for its (evals, S0); this is how people save it. The zonal form is the one that MRtrix3 writes: a row for
// each shell in ascending order of b-value, all rows equally long, and perhaps a comment "# Shells: 0,700,1200,2800"
// with the b-values.
//
// A file is in tensor form when it has exactly four numbers, on one line or each on its own, the first three positive
// and below 0.1, the last at least 0.1, and no comment of shells. These limits tell the forms apart for two reasons: no
// diffusivity in mm2/s reaches 0.1, and the numbers of a zonal response are signals, of which the second in a row is
// negative for a fibre. For zonal responses of images scaled to tiny values this could be wrong: add the comment of
// shells.
//
// Errors name the file, what was found and what was expected: rows of unequal length, a number that is not finite, a
// first coefficient (the mean signal) below 0, b-values that are not one to a row, and three numbers in a row that look
// like eigenvalues without an S0.
func ReadResponse(path string) (Response, error) {
	t, err := readNumbers(path)
	if err != nil {
		return Response{}, err
	}
	r, err := responseOf(t)
	if err != nil {
		return Response{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func responseOf(t numbers) (Response, error) {
	shells, given, err := shellsComment(t.comments)
	if err != nil {
		return Response{}, err
	}
	if !given && looksLikeTensor(t) {
		return TensorResponse(t.flat())
	}
	if !given && len(t.rows) == 1 && len(t.rows[0]) == 3 && areDiffusivities(t.rows[0]) {
		return Response{}, fmt.Errorf("found 3 numbers that look like eigenvalues, expected 4: e1 e2 e3 S0")
	}
	if err := checkZonal(t); err != nil {
		return Response{}, err
	}
	if given && len(shells) != len(t.rows) {
		return Response{}, fmt.Errorf("found %s in the comment of shells and %s, expected as many of each", plural.Count(len(shells), "b-value"), plural.Count(len(t.rows), "row"))
	}
	return Response{Zonal: t.rows, Bvals: shells}, nil
}

func looksLikeTensor(t numbers) bool {
	x := t.flat()
	return len(x) == 4 && (len(t.rows) == 1 || len(t.rows) == 4) && areDiffusivities(x[:3]) && x[3] >= tensorLimit
}

func areDiffusivities(x []float64) bool {
	for _, e := range x {
		if !(e > 0 && e < tensorLimit) {
			return false
		}
	}
	return true
}

func checkZonal(t numbers) error {
	if _, err := t.width(); err != nil {
		return err
	}
	for i, row := range t.rows {
		if err := checkZonalRow(row); err != nil {
			return fmt.Errorf("line %d: %w", t.lines[i], err)
		}
	}
	return nil
}

// shellsComment finds the comment that MRtrix3's dwi2response and amp2response leave.
func shellsComment(comments []string) (bvals []float64, given bool, err error) {
	for _, c := range comments {
		name, list, found := strings.Cut(c, ":")
		if !found || !strings.EqualFold(strings.TrimSpace(name), "shells") {
			continue
		}
		if bvals, err = parseRow(list); err != nil {
			return nil, false, fmt.Errorf("comment of shells: %w", err)
		}
		if err := checkShells(bvals); err != nil {
			return nil, false, fmt.Errorf("comment of shells: %w", err)
		}
		return bvals, true, nil
	}
	return nil, false, nil
}
