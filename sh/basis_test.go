package sh

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

var bases = []Basis{Descoteaux07, Tournier07}

func TestBasisNamesReadBack(t *testing.T) {
	for _, b := range bases {
		got, err := ParseBasis(strings.ToUpper(b.String()) + " ")
		if err != nil || got != b {
			t.Errorf("ParseBasis(%q) = %v, %v", b, got, err)
		}
	}
	_, err := ParseBasis("descoteaux")
	if err == nil || !strings.Contains(err.Error(), `"descoteaux"`) || !strings.Contains(err.Error(), "tournier07") {
		t.Errorf("error %v does not say what was found and expected", err)
	}
	if got := Basis(7).String(); got != "Basis(7)" {
		t.Errorf("an unknown basis is called %q", got)
	}
}

func TestTermsHaveEvenDegreesAndAllOrders(t *testing.T) {
	if got := Terms(2); !slices.Equal(got, []Term{{0, 0}, {2, -2}, {2, -1}, {2, 0}, {2, 1}, {2, 2}}) {
		t.Errorf("Terms(2) = %v", got)
	}
	for lmax, want := range map[int]int{0: 1, 2: 6, 4: 15, 8: 45, 12: 91, 16: 153} {
		if got := Count(lmax); got != want || len(Terms(lmax)) != want {
			t.Errorf("lmax %d: %d coefficients and %d terms, expected %d", lmax, got, len(Terms(lmax)), want)
		}
	}
	for i, term := range Terms(16) {
		if index(term.L, term.M) != i {
			t.Fatalf("term %d, %v, has index %d", i, term, index(term.L, term.M))
		}
	}
}

// The numbers are DIPY 1.12.1's, at theta 0.7 and phi 2.1:
//
//	from dipy.reconst.shm import real_sh_descoteaux_from_index, sph_harm_ind_list
//	m, l = sph_harm_ind_list(4); print(real_sh_descoteaux_from_index(m, l, 0.7, 2.1, legacy=True))
func TestValuesAreDIPYs(t *testing.T) {
	want := []float64{0.28209479177387814, -0.11114839071174155, 0.27177167201037916, 0.23810508748746873, -0.4646878538463245, -0.19759736097654054, -0.05597573040137102, -0.36192094858040486, -0.29790536660483774, 0.1822167625074344, -0.2721126788992943, -0.31156270143258835, -0.5296101354677222, -0.006086163174670195, 0.09211985992997755}
	got := Descoteaux07.Evaluate(4, [][3]float64{fromAngles(0.7, 2.1)})
	if d := largestDifference(got, want); d > 1e-14 {
		t.Errorf("differs from DIPY by %g: %v", d, got)
	}
}

func TestBothBasesAgreeWithDIPYLive(t *testing.T) {
	const lmax = 16
	random := rand.New(rand.NewPCG(1, 2))
	type angles struct{ Theta, Phi []float64 }
	var a angles
	var directions [][3]float64
	for i := range 300 {
		theta, phi := math.Acos(2*random.Float64()-1), 2*math.Pi*random.Float64()
		switch i {
		case 0:
			theta = 0
		case 1:
			theta = math.Pi
		case 2:
			theta, phi = math.Pi/2, 0
		}
		a.Theta, a.Phi = append(a.Theta, theta), append(a.Phi, phi)
		directions = append(directions, fromAngles(theta, phi))
	}
	var want [2][]float64
	peer.Script(t, a, &want, `
from dipy.reconst.shm import real_sh_descoteaux_from_index, real_sh_tournier_from_index, sph_harm_ind_list
m, l = sph_harm_ind_list(16)
theta, phi = np.array(data["Theta"])[:, None], np.array(data["Phi"])[:, None]
result = [real_sh_descoteaux_from_index(m, l, theta, phi, legacy=True).ravel().tolist(),
          real_sh_tournier_from_index(m, l, theta, phi, legacy=False).ravel().tolist()]`)
	for i, b := range bases {
		d := largestDifference(b.Evaluate(lmax, directions), want[i])
		t.Logf("%v: largest difference %.2g", b, d)
		if d > 1e-12 {
			t.Errorf("%v differs from DIPY by %g", b, d)
		}
	}
}

// mrdump prints six digits.
func TestTournier07AgreesWithMRtrix3Live(t *testing.T) {
	const lmax = 12
	directory := t.TempDir()
	n := Count(lmax)
	directions := Directions300()[:50]
	image, table := filepath.Join(directory, "unit.mif"), filepath.Join(directory, "directions.txt")
	writeUnitCoefficients(t, image, n)
	var lines strings.Builder
	for _, d := range directions {
		fmt.Fprintln(&lines, d[0], d[1], d[2])
	}
	if err := os.WriteFile(table, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	amplitudes := filepath.Join(directory, "amplitudes.mif")
	peer.MRtrix(t, "sh2amp", image, table, amplitudes)
	text := peer.MRtrix(t, "mrdump", amplitudes)
	var got []float64
	for _, field := range strings.Fields(text) {
		var x float64
		if _, err := fmt.Sscan(field, &x); err != nil {
			t.Fatal(err)
		}
		got = append(got, x)
	}
	// mrdump prints all directions of the first voxel, then of the second; a voxel is a coefficient.
	want := mat.DenseCopyOf(mat.NewDense(len(directions), n, Tournier07.Evaluate(lmax, directions)).T())
	if d := largestDifference(want.RawMatrix().Data, got); d > 1e-5 {
		t.Errorf("differs from sh2amp by %g", d)
	}
}

// writeUnitCoefficients writes an image of n voxels in a row, of which voxel i has coefficient i equal 1.
func writeUnitCoefficients(t *testing.T, path string, n int) {
	t.Helper()
	header := fmt.Sprintf("mrtrix image\ndim: %d,1,1,%d\nvox: 1,1,1,1\nlayout: +0,+1,+2,+3\ndatatype: Float32LE\nfile: . 512\nEND\n", n, n)
	raw := make([]byte, 512+4*n*n)
	copy(raw, header)
	for i := range n {
		copy(raw[512+4*(i*n+i):], "\x00\x00\x80\x3f")
	}
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

// The expected amplitudes are those of MRtrix3's own test of sh2amp, whose input is the output of amp2sh.
func TestTournier07GivesMRtrix3sStoredAmplitudes(t *testing.T) {
	const folder = "mrtrix_csd_b3000/expected/"
	coefficients, want := readImage(t, folder+"amp2sh.nii.gz"), readImage(t, folder+"sh2amp.nii.gz")
	var directions [][3]float64
	for _, row := range readColumns(t, folder+"sh2amp_dir20.txt") {
		directions = append(directions, fromAngles(row[1], row[0])) // azimuth, inclination
	}
	y := mat.NewDense(len(directions), 45, Tournier07.Evaluate(8, directions))
	for voxel := range coefficients {
		var got mat.VecDense
		got.MulVec(y, mat.NewVecDense(45, coefficients[voxel]))
		// Amplitudes reach 100, and the files are float32.
		if d := largestDifference(got.RawVector().Data, want[voxel]); d > 1e-4 {
			t.Fatalf("voxel %d differs from sh2amp by %g", voxel, d)
		}
	}
}

// The expected coefficients are those of MRtrix3's own test of amp2sh.
func TestTournier07GivesMRtrix3sStoredCoefficients(t *testing.T) {
	peer.Slow(t)
	signals, want := readImage(t, "mrtrix_csd_b3000/dwi.nii.gz"), readImage(t, "mrtrix_csd_b3000/expected/amp2sh.nii.gz")
	var directions [][3]float64
	var volumes []int
	for i, row := range readColumns(t, "mrtrix_csd_b3000/grad_scanner.b") {
		if row[3] > 50 {
			directions, volumes = append(directions, [3]float64(row)), append(volumes, i)
		}
	}
	y := mat.NewDense(len(directions), 45, Tournier07.Evaluate(8, directions))
	for voxel := range signals {
		amplitudes := mat.NewVecDense(len(volumes), nil)
		for i, v := range volumes {
			amplitudes.SetVec(i, signals[voxel][v])
		}
		var got mat.VecDense
		if err := got.SolveVec(y, amplitudes); err != nil {
			t.Fatal(err)
		}
		if d := largestDifference(got.RawVector().Data, want[voxel]); d > 1e-6*max(1, mat.Norm(amplitudes, 2)) {
			t.Fatalf("voxel %d differs from amp2sh by %g", voxel, d)
		}
	}
}

// Gauss-Legendre nodes in z and even steps in azimuth integrate every product of two harmonics exactly.
func TestBasesAreOrthonormal(t *testing.T) {
	const lmax = 16
	z, weights := make([]float64, lmax+1), make([]float64, lmax+1)
	quad.Legendre{}.FixedLocations(z, weights, -1, 1)
	var directions [][3]float64
	var measure []float64
	const steps = 2*lmax + 1
	for i := range z {
		for k := range steps {
			directions = append(directions, fromAngles(math.Acos(z[i]), 2*math.Pi*float64(k)/steps))
			measure = append(measure, weights[i]*2*math.Pi/steps)
		}
	}
	for _, b := range bases {
		n := Count(lmax)
		y := mat.NewDense(len(directions), n, b.Evaluate(lmax, directions))
		var weighted, gram mat.Dense
		weighted.Apply(func(i, _ int, v float64) float64 { return measure[i] * v }, y)
		gram.Mul(y.T(), &weighted)
		for i := range n {
			for j := range n {
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(gram.At(i, j)-want) > 1e-13 {
					t.Fatalf("%v: <%v, %v> = %v, expected %v", b, Terms(lmax)[i], Terms(lmax)[j], gram.At(i, j), want)
				}
			}
		}
	}
}

// sum over m of Y(l,m)(a) Y(l,m)(b) = (2l+1)/(4 pi) P(l)(a.b), to the highest order anyone may ask for.
func TestAdditionTheoremHolds(t *testing.T) {
	const lmax = 40
	random := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		a, b := randomDirection(random), randomDirection(random)
		for _, basis := range bases {
			y := basis.Evaluate(lmax, [][3]float64{a, b})
			n := Count(lmax)
			polynomial := legendrePolynomials(lmax, dot(a, b))
			for l := 0; l <= lmax; l += 2 {
				sum := 0.0
				for m := -l; m <= l; m++ {
					sum += y[index(l, m)] * y[n+index(l, m)]
				}
				want := float64(2*l+1) / (4 * math.Pi) * polynomial[l]
				if math.Abs(sum-want) > 1e-12*float64(2*l+1) {
					t.Fatalf("%v, l = %d: found %v, expected %v", basis, l, sum, want)
				}
			}
		}
	}
}

func legendrePolynomials(lmax int, x float64) []float64 {
	p := []float64{1, x}
	for l := 2; l <= lmax; l++ {
		p = append(p, (float64(2*l-1)*x*p[l-1]-float64(l-1)*p[l-2])/float64(l))
	}
	return p
}

func TestOnlyTheDirectionOfAVectorCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawVector(t)
		scale := math.Pow(2, float64(rapid.IntRange(-600, 600).Draw(t, "exponent")))
		b := rapid.SampledFrom(bases).Draw(t, "basis")
		want := b.Evaluate(8, [][3]float64{v})
		got := b.Evaluate(8, [][3]float64{{v[0] * scale, v[1] * scale, v[2] * scale}})
		opposite := b.Evaluate(8, [][3]float64{antipode(v)})
		if largestDifference(got, want) > 1e-13 || largestDifference(opposite, want) > 1e-13 {
			t.Fatalf("%v, scaled or opposite, has other values", v)
		}
	})
}

func TestAVectorWithoutDirectionGivesNaN(t *testing.T) {
	good := [3]float64{0, 0, 1}
	for _, bad := range [][3]float64{{}, {math.NaN(), 0, 1}, {math.Inf(1), 0, 0}, {0, 0, math.Inf(-1)}} {
		y := Tournier07.Evaluate(2, [][3]float64{bad, good})
		for i := range 6 {
			if !math.IsNaN(y[i]) || math.IsNaN(y[6+i]) {
				t.Fatalf("%v: found %v, expected a row of NaN and a row of numbers", bad, y)
			}
		}
	}
}

func TestAtThePoleOnlyZonalTermsRemain(t *testing.T) {
	for _, z := range []float64{1, -1} {
		y := Descoteaux07.Evaluate(16, [][3]float64{{0, 0, z}})
		for i, term := range Terms(16) {
			want := 0.0
			if term.M == 0 {
				want = math.Sqrt(float64(2*term.L+1) / (4 * math.Pi))
			}
			if math.Abs(y[i]-want) > 1e-14 {
				t.Errorf("%v at z = %v: found %v, expected %v", term, z, y[i], want)
			}
		}
	}
}

func TestConvertingKeepsTheFunction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lmax := 2 * rapid.IntRange(0, 8).Draw(t, "lmax/2")
		voxels := rapid.IntRange(0, 3).Draw(t, "voxels")
		n := Count(lmax)
		src := rapid.SliceOfN(rapid.Float64Range(-1, 1), voxels*n, voxels*n).Draw(t, "coefficients")
		from, to := rapid.SampledFrom(bases).Draw(t, "from"), rapid.SampledFrom(bases).Draw(t, "to")
		dst := make([]float64, len(src))
		Convert(dst, src, lmax, from, to)
		v := [][3]float64{drawVector(t)}
		yFrom, yTo := from.Evaluate(lmax, v), to.Evaluate(lmax, v)
		for voxel := range voxels {
			before, after := 0.0, 0.0
			for i := range n {
				before += yFrom[i] * src[voxel*n+i]
				after += yTo[i] * dst[voxel*n+i]
			}
			if math.Abs(before-after) > 1e-12*float64(n) {
				t.Fatalf("voxel %d: amplitude %v became %v", voxel, before, after)
			}
		}
		Convert(dst, dst, lmax, to, from)
		if !slices.Equal(dst, src) {
			t.Fatalf("there and back again is not the same")
		}
	})
}

func TestMistakesOfTheCallerPanicWithAReason(t *testing.T) {
	for reason, mistake := range map[string]func(){
		"lmax is 7":           func() { Tournier07.Evaluate(7, nil) },
		"lmax is -2":          func() { Count(-2) },
		"Basis(5)":            func() { Basis(5).Evaluate(2, nil) },
		"into 6":              func() { Convert(make([]float64, 6), make([]float64, 12), 2, Descoteaux07, Tournier07) },
		"equal multiples of ": func() { Convert(make([]float64, 5), make([]float64, 5), 2, Descoteaux07, Tournier07) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, reason) {
					t.Errorf("panic %q does not say %q", got, reason)
				}
			}()
			mistake()
		}()
	}
}

func BenchmarkEvaluateLmax8On181Directions(b *testing.B) {
	directions := Symmetric362Hemisphere().Vertices
	for b.Loop() {
		Descoteaux07.Evaluate(8, directions)
	}
}

func fromAngles(theta, phi float64) [3]float64 {
	return [3]float64{math.Sin(theta) * math.Cos(phi), math.Sin(theta) * math.Sin(phi), math.Cos(theta)}
}

func randomDirection(random *rand.Rand) [3]float64 {
	return unit([3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()})
}

func drawVector(t *rapid.T) [3]float64 {
	c := rapid.Float64Range(-1, 1)
	v := [3]float64{c.Draw(t, "x"), c.Draw(t, "y"), c.Draw(t, "z")}
	if size(v) < 1e-3 {
		v[2] = 1
	}
	return v
}

func largestDifference(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	most := 0.0
	for i := range a {
		d := math.Abs(a[i] - b[i])
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		most = max(most, d)
	}
	return most
}
