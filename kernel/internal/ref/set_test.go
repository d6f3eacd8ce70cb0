package ref

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSetsListTheirMembersDifferencesAndComplement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(t, "directions")
		in := func(name string) (bools []bool, set []uint64) {
			bools = rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, name)
			set = make([]uint64, (n+63)/64)
			for i, b := range bools {
				set[i/64] |= bit(b) << (i % 64)
			}
			return bools, set
		}
		a, as := in("a")
		b, bs := in("b")
		var members, missing, only []int32
		for i := range n {
			switch {
			case !a[i]:
				missing = append(missing, int32(i))
			case !b[i]:
				only = append(only, int32(i))
			}
			if a[i] {
				members = append(members, int32(i))
			}
		}
		if got := appendMembers(nil, as); !slices.Equal(got, members) {
			t.Fatalf("members %v, want %v", got, members)
		}
		if got := appendMissing(nil, as, n); !slices.Equal(got, missing) {
			t.Fatalf("missing %v, want %v", got, missing)
		}
		if got := appendOnly(nil, as, bs); !slices.Equal(got, only) {
			t.Fatalf("only in a %v, want %v", got, only)
		}
		if count(as) != len(members) || empty(as) != (len(members) == 0) || equal(as, bs) != slices.Equal(a, b) {
			t.Fatalf("count %d, empty %v, equal %v of %v and %v", count(as), empty(as), equal(as, bs), a, b)
		}
	})
}
