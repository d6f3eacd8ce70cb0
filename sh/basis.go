package sh

import (
	"fmt"
	"strings"
)

// A Basis is a convention for real, even spherical harmonics. Both are orthonormal over the whole
// sphere and hold the same functions: they differ in which of them is called m and which -m.
type Basis int

const (
	// DefaultBasis leaves the basis to a model. Functions of this package panic if they are given it.
	DefaultBasis Basis = iota
	// Descoteaux07 is DIPY's default: descoteaux07 with legacy=True (Descoteaux et al. 2007, with
	// |m| for the terms m < 0). With Y(l,m) the complex harmonic including the Condon-Shortley
	// phase: sqrt(2) Re Y(l,|m|) for m < 0, Y(l,0) for m = 0, sqrt(2) Im Y(l,m) for m > 0.
	Descoteaux07
	// Tournier07 is MRtrix3's basis (Tournier et al. 2019), which is DIPY's tournier07 with
	// legacy=False: sqrt(2) Im Y(l,|m|) for m < 0, Y(l,0) for m = 0, sqrt(2) Re Y(l,m) for m > 0.
	// MRtrix 0.2 left out the factor sqrt(2); its files are not in this basis.
	Tournier07
)

var basisNames = [...]string{DefaultBasis: "default", Descoteaux07: "descoteaux07", Tournier07: "tournier07"}

// String is the name that ParseBasis reads.
func (b Basis) String() string {
	if b == DefaultBasis || b.known() {
		return basisNames[b]
	}
	return fmt.Sprintf("Basis(%d)", int(b))
}

// ParseBasis reads a basis by its name, descoteaux07 or tournier07, in any case.
func ParseBasis(name string) (Basis, error) {
	for b := Descoteaux07; b.known(); b++ {
		if strings.EqualFold(strings.TrimSpace(name), b.String()) {
			return b, nil
		}
	}
	return DefaultBasis, fmt.Errorf("sh: unknown basis %q, expected %s", name, strings.Join(basisNames[Descoteaux07:], " or "))
}

func (b Basis) known() bool { return b > DefaultBasis && int(b) < len(basisNames) }

// A Term is the degree and the phase factor of one harmonic. DIPY and MRtrix3 call L the order.
type Term struct{ L, M int }

// Count is the number of even harmonics up to lmax: 15 for 4, 45 for 8, 153 for 16. It panics when lmax is negative or
// odd, as does every function of this package that takes an lmax. Such an lmax is a mistake of the caller; data never
// cause it.
func Count(lmax int) int {
	if lmax < 0 || lmax%2 != 0 {
		panic(fmt.Sprintf("sh: lmax is %d, expected an even number of at least 0", lmax))
	}
	return (lmax + 1) * (lmax + 2) / 2
}

// Terms lists the harmonics in the order of storage, which is the same in both bases: even l
// ascending, and m = -l..l within each.
func Terms(lmax int) []Term {
	terms := make([]Term, 0, Count(lmax))
	for l := 0; l <= lmax; l += 2 {
		for m := -l; m <= l; m++ {
			terms = append(terms, Term{L: l, M: m})
		}
	}
	return terms
}

// index is the place of (l, m) in storage: l(l-1)/2 terms of smaller even l come before m = -l.
func index(l, m int) int { return l*(l+1)/2 + m }
