package nifti

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// For every rotation, spacing and handedness, the qform gives the same place as the sform.
func TestNewHeaderKeepsTheAffineInBothForms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q [3]float64
		length := 0.0
		for i := range q {
			q[i] = rapid.Float64Range(-1, 1).Draw(t, "quaternion")
			length += q[i] * q[i]
		}
		// The quaternions are in the unit ball. Its surface has the half-turns, where a = 0.
		if scale := math.Sqrt(length); scale > 1 || rapid.Bool().Draw(t, "half-turn") && scale > 0.01 {
			for i := range q {
				q[i] /= scale
			}
		}
		r := rotationOf(q, 0)
		affine := [4][4]float64{3: {3: 1}}
		for j := range 3 {
			zoom := rapid.Float64Range(0.3, 5).Draw(t, "zoom")
			if j == 2 && rapid.Bool().Draw(t, "left-handed") {
				zoom = -zoom
			}
			for i := range 3 {
				affine[i][j] = r[i][j] * zoom
			}
			affine[j][3] = rapid.Float64Range(-200, 200).Draw(t, "offset")
		}
		h := NewHeader([]int{2, 3, 4}, nil, affine)
		if h.QFormCode != 1 || h.SFormCode != 1 {
			t.Fatalf("codes %d and %d, expected 1", h.QFormCode, h.SFormCode)
		}
		sform, qform := h.sform(), h.qform()
		for i := range 4 {
			// a is the root of 1 - b^2 - c^2 - d^2, so that near a half-turn it keeps only half of
			// the digits, and it is dropped below 3 float32 roundings (the root of 3.6e-7 is 6e-4).
			if !near(sform[i][:], affine[i][:], 0) || !near(qform[i][:], affine[i][:], 5*2*6e-4) {
				t.Fatalf("sform %v, qform %v, expected %v", sform, qform, affine)
			}
		}
	})
}

// nibabel refuses an image whose quaternion is longer than 1, so none may be written.
func TestAQuaternionThatIsTooLongIsShortenedWhenItIsRead(t *testing.T) {
	for version := 1; version <= 2; version++ {
		h := NewHeader([]int{2, 3, 4}, nil, obliqueAffine)
		h.Version, h.SFormCode, h.QFormCode, h.Quaternion = version, 0, 1, [3]float64{0.9, -0.9, 0.9}
		read, err := parse(h.bytes())
		if err != nil {
			t.Fatal(err)
		}
		q := read.Quaternion
		if square := q[0]*q[0] + q[1]*q[1] + q[2]*q[2]; math.Abs(square-1) > h.quaternionNoise() || math.Abs(q[0]+q[1]) > 1e-9 {
			t.Errorf("NIfTI-%d: the quaternion is %v, of the squared length %v", version, q, square)
		}
		again, err := parse(read.bytes())
		if err != nil || again.Affine() != read.Affine() {
			t.Errorf("NIfTI-%d: written and read again the affine is %v, it was %v (%v)", version, again.Affine(), read.Affine(), err)
		}
	}
}

func TestShearedAffineIsNotForcedIntoAQuaternion(t *testing.T) {
	affine := obliqueAffine
	affine[0][1] += 0.5
	h := NewHeader([]int{2, 3, 4}, nil, affine)
	if h.QFormCode != 0 || h.SFormCode != 1 || h.Affine() != affine {
		t.Errorf("codes %d and %d, affine %v", h.QFormCode, h.SFormCode, h.Affine())
	}
}

func TestAffineThatIsNotFiniteIsRefusedOnWriting(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		affine := obliqueAffine
		affine[1][2] = bad
		h := NewHeader([]int{1, 1, 1}, nil, affine)
		wantLine(t, WriteSignal(t.TempDir()+"/a.nii", h, []float32{1}, WriteOptions{}), "affine (from the sform)", "finite")
	}
}
