//go:build arm64 && !purego

package words_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel/arm64/words"
)

type register = [16]byte

func doubles(a, b float64) (r register) {
	binary.LittleEndian.PutUint64(r[:], math.Float64bits(a))
	binary.LittleEndian.PutUint64(r[8:], math.Float64bits(b))
	return r
}

func singles(a, b, c, d float32) (r register) {
	for i, v := range []float32{a, b, c, d} {
		binary.LittleEndian.PutUint32(r[4*i:], math.Float32bits(v))
	}
	return r
}

func double(r register, i int) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(r[8*i:]))
}

func single(r register, i int) float32 {
	return math.Float32frombits(word(r, i))
}

func word(r register, i int) uint32 { return binary.LittleEndian.Uint32(r[4*i:]) }

func integer(v uint32) (r register) {
	binary.LittleEndian.PutUint32(r[:], v)
	return r
}

func truth(b bool) uint64 {
	if b {
		return math.MaxUint64
	}
	return 0
}

func number(x, y float64, choose func(x, y float64) float64) float64 {
	switch {
	case math.IsNaN(x):
		return y
	case math.IsNaN(y):
		return x
	}
	return choose(x, y)
}

// These are instructions of two numbers. What was in the result before counts for some of them.
var ofDoubles = map[string]func(d, n, m float64) float64{
	"fadd":   func(_, n, m float64) float64 { return n + m },
	"fsub":   func(_, n, m float64) float64 { return n - m },
	"fmul":   func(_, n, m float64) float64 { return n * m },
	"fdiv":   func(_, n, m float64) float64 { return n / m },
	"fmax":   func(_, n, m float64) float64 { return math.Max(n, m) },
	"fmin":   func(_, n, m float64) float64 { return math.Min(n, m) },
	"fmaxnm": func(_, n, m float64) float64 { return number(n, m, math.Max) },
	"fminnm": func(_, n, m float64) float64 { return number(n, m, math.Min) },
	"fcmeq":  func(_, n, m float64) float64 { return math.Float64frombits(truth(n == m)) },
	"fcmge":  func(_, n, m float64) float64 { return math.Float64frombits(truth(n >= m)) },
	"fcmgt":  func(_, n, m float64) float64 { return math.Float64frombits(truth(n > m)) },
	"cmgt": func(_, n, m float64) float64 {
		return math.Float64frombits(truth(int64(math.Float64bits(n)) > int64(math.Float64bits(m))))
	},
	"fmla":  func(d, n, m float64) float64 { return math.FMA(n, m, d) },
	"fmls":  func(d, n, m float64) float64 { return math.FMA(-n, m, d) },
	"fabs":  func(_, n, _ float64) float64 { return math.Abs(n) },
	"fneg":  func(_, n, _ float64) float64 { return -n },
	"fsqrt": func(_, n, _ float64) float64 { return math.Sqrt(n) },
	"sshr":  func(_, n, _ float64) float64 { return math.Float64frombits(uint64(int64(math.Float64bits(n)) >> 52)) },
	"scvtf": func(_, n, _ float64) float64 { return float64(int64(math.Float64bits(n))) },
}

// These are the same in single precision. For these operands their products are exact in double precision. Rounding to
// double and then to single precision therefore gives the same as one rounding.
var ofSingles = map[string]func(d, n, m float32) float32{
	"fadd":   func(_, n, m float32) float32 { return n + m },
	"fsub":   func(_, n, m float32) float32 { return n - m },
	"fmul":   func(_, n, m float32) float32 { return n * m },
	"fdiv":   func(_, n, m float32) float32 { return n / m },
	"fmax":   func(_, n, m float32) float32 { return max(n, m) },
	"fmin":   func(_, n, m float32) float32 { return min(n, m) },
	"fmaxnm": func(_, n, m float32) float32 { return float32(number(float64(n), float64(m), math.Max)) },
	"fminnm": func(_, n, m float32) float32 { return float32(number(float64(n), float64(m), math.Min)) },
	"fcmeq":  func(_, n, m float32) float32 { return math.Float32frombits(uint32(truth(n == m))) },
	"fcmge":  func(_, n, m float32) float32 { return math.Float32frombits(uint32(truth(n >= m))) },
	"fcmgt":  func(_, n, m float32) float32 { return math.Float32frombits(uint32(truth(n > m))) },
	"cmgt": func(_, n, m float32) float32 {
		return math.Float32frombits(uint32(truth(int32(math.Float32bits(n)) > int32(math.Float32bits(m)))))
	},
	"fabs":   func(_, n, _ float32) float32 { return float32(math.Abs(float64(n))) },
	"fsqrt":  func(_, n, _ float32) float32 { return float32(math.Sqrt(float64(n))) },
	"fabd":   func(_, n, m float32) float32 { return float32(math.Abs(float64(n - m))) },
	"sshr":   func(_, n, _ float32) float32 { return math.Float32frombits(uint32(int32(math.Float32bits(n)) >> 23)) },
	"scvtf":  func(_, n, _ float32) float32 { return float32(int32(math.Float32bits(n))) },
	"frintn": func(_, n, _ float32) float32 { return float32(math.RoundToEven(float64(n))) },
	"fmla":   func(d, n, m float32) float32 { return float32(math.FMA(float64(n), float64(m), float64(d))) },
	"fmls":   func(d, n, m float32) float32 { return float32(math.FMA(-float64(n), float64(m), float64(d))) },
}

// These are instructions that do not treat each lane by itself.
var ofRegisters = map[string]func(d, n register) register{
	"faddp d5, v17.2d": func(_, n register) register { return doubles(double(n, 0)+double(n, 1), 0) },
	"fmaxp d5, v17.2d": func(_, n register) register { return doubles(math.Max(double(n, 0), double(n, 1)), 0) },
	"fmaxv s5, v17.4s": func(_, n register) register {
		return singles(max(single(n, 0), single(n, 1), single(n, 2), single(n, 3)), 0, 0, 0)
	},
	"fcvtl v5.2d, v17.2s":  func(_, n register) register { return doubles(float64(single(n, 0)), float64(single(n, 1))) },
	"fcvtl2 v5.2d, v17.4s": func(_, n register) register { return doubles(float64(single(n, 2)), float64(single(n, 3))) },
	"fcvtn v5.2s, v17.2d":  func(_, n register) register { return singles(float32(double(n, 0)), float32(double(n, 1)), 0, 0) },
	"fcvtn2 v5.4s, v17.2d": func(d, n register) register {
		return singles(single(d, 0), single(d, 1), float32(double(n, 0)), float32(double(n, 1)))
	},
	"umaxv s5, v17.4s": func(_, n register) register {
		return integer(max(word(n, 0), word(n, 1), word(n, 2), word(n, 3)))
	},
	"uminv s5, v17.4s": func(_, n register) register {
		return integer(min(word(n, 0), word(n, 1), word(n, 2), word(n, 3)))
	},
}

// expected returns what an instruction makes of its operands.
func expected(t *testing.T, text string, d, n, m register) (r register) {
	if whole, ok := ofRegisters[text]; ok {
		return whole(d, n)
	}
	name, operands, _ := strings.Cut(text, " ")
	_, second, element := strings.Cut(operands, "v30.")
	of := func(i, last int) int {
		if element && strings.HasSuffix(second, "]") {
			return last
		}
		return i
	}
	if strings.HasPrefix(operands, "v5.2d") && ofDoubles[name] != nil {
		f := ofDoubles[name]
		return doubles(f(double(d, 0), double(n, 0), double(m, of(0, 1))), f(double(d, 1), double(n, 1), double(m, of(1, 1))))
	}
	if strings.HasPrefix(operands, "v5.4s") && ofSingles[name] != nil {
		f := ofSingles[name]
		for i := range 4 {
			binary.LittleEndian.PutUint32(r[4*i:], math.Float32bits(f(single(d, i), single(n, i), single(m, of(i, 3)))))
		}
		return r
	}
	t.Fatalf("nothing is known of %s", text)
	return r
}

func TestEachEncodedInstructionDoesWhatItsNameSays(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	single32 := func(v float64) float32 { return float32(v) }
	operands := [][3]register{
		{doubles(0.5, -3), doubles(1.25, 7), doubles(-2.75, 0.1)},
		{doubles(1e300, 0), doubles(-0.3, 9), doubles(-0.3, 1e-320)},
		{doubles(1, 2), doubles(nan, 3), doubles(4, nan)},
		{doubles(inf, 2), doubles(-inf, inf), doubles(inf, 5)},
		{singles(1, 2, 3, 4), singles(0.5, -1.5, 8, 1e-3), singles(-2, 0.25, 8, 3)},
		{singles(-1, 0, 7, 0.1), singles(9, 8, single32(inf), 6), singles(9, 1, -8, 0.75)},
	}
	for _, instruction := range words.Instructions {
		for _, o := range operands {
			got := o[0]
			instruction.Run(&got, &o[1], &o[2])
			if want := expected(t, instruction.Text, o[0], o[1], o[2]); !same(got, want) {
				t.Errorf("%s of %x, %x, %x is %x, want %x", instruction.Text, o[0], o[1], o[2], got, want)
			}
		}
	}
}

// same compares bits. All NaN count as equal, in either precision.
func same(got, want register) bool {
	if got == want {
		return true
	}
	equal64, equal32 := true, true
	for i := range 2 {
		g, w := double(got, i), double(want, i)
		equal64 = equal64 && (math.Float64bits(g) == math.Float64bits(w) || g != g && w != w)
	}
	for i := range 4 {
		g, w := single(got, i), single(want, i)
		equal32 = equal32 && (math.Float32bits(g) == math.Float32bits(w) || g != g && w != w)
	}
	return equal64 || equal32
}
