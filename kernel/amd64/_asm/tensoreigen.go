package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// eigen writes the decomposition of symmetric 3 x 3 matrices by cyclic Jacobi rotations. It repeats sweeps until the
// elements off the diagonal are zero in all lanes. A lane that is finished earlier is rotated by an angle of zero,
// which leaves its bits alone.
type eigen struct {
	*lanes
	vectors bool
}

func (a *lanes) eigens() {
	eigen{a, false}.write("tensorEigenvalues", "values, tensors *ops.Lanes", "writes the eigenvalues of the symmetric 3 x 3 matrices of {lanes} voxels, descending.")
	eigen{a, true}.write("tensorEigen", "values, vectors, tensors *ops.Lanes",
		"writes the eigenvalues of the symmetric 3 x 3 matrices of {lanes} voxels, descending, and their eigenvectors "+
			"as the columns of row-major matrices.")
}

func (e eigen) write(name, signature, doc string) {
	e.function(name, signature, doc)
	e.holds("RDI values, RDX vectors, RSI tensors, R11 sweeps left",
		"#0-#5 xx xy yy xz yz zz, #6 below which an element is negligible, #7-#15 work",
		"32 registers: #16-#24 the eigenvectors, row by row")
	r := e.registers
	negligible, w := r[6], r[7]
	argument("values", reg.RDI)
	if e.vectors {
		argument("vectors", reg.RDX)
	}
	argument("tensors", reg.RSI)
	e.halves(func() {
		e.zero(negligible)
		for k := range 6 {
			e.load(e.at(reg.RSI, k), r[k])
			VANDPD(e.pattern(1<<63-1), r[k], w)
			VMAXPD(w, negligible, negligible)
		}
		VMULPD(e.constant(0x1p-110), negligible, negligible)
		e.begin()
		again, done := e.label("sweep"), e.label("done")
		MOVQ(U32(16), reg.R11)
		Label(again)
		e.finished(done)
		e.rotate(0, 1)
		e.rotate(0, 2)
		e.rotate(1, 2)
		DECQ(reg.R11)
		JNZ(LabelRef(again))
		Label(done)
		e.order(0, 1)
		e.order(1, 2)
		e.order(0, 1)
		for k := range 3 {
			e.store(r[packed(k, k)], e.at(reg.RDI, k))
		}
		for k := 0; k < 9 && e.vectors && e.evex; k++ {
			e.store(r[16+k], e.at(reg.RDX, k))
		}
	})
	e.end()
}

// begin sets the eigenvectors to the axes.
func (e eigen) begin() {
	for k := 0; k < 9 && e.vectors; k++ {
		v := e.registers[7]
		if e.evex {
			v = e.registers[16+k]
		}
		if k%4 == 0 {
			VMOVUPD(e.constant(1), v)
		} else {
			e.zero(v)
		}
		e.put(v, k)
	}
}

// get and put move an element of the matrix of eigenvectors. With 512 bits it stays in its register.
func (e eigen) get(k, spare int) reg.VecPhysical {
	if e.evex {
		return e.registers[16+k]
	}
	e.load(e.at(reg.RDX, k), e.registers[spare])
	return e.registers[spare]
}

func (e eigen) put(v reg.VecPhysical, k int) {
	if !e.evex {
		e.store(v, e.at(reg.RDX, k))
	}
}

// finished jumps to done where the elements off the diagonal are 0 or -0 in all lanes.
func (e eigen) finished(done string) {
	r := e.registers
	w := r[7]
	VORPD(r[1], r[3], w)
	VORPD(r[4], w, w)
	VPADDQ(w, w, w)
	if e.evex {
		VPTESTMQ(w, w, reg.K1)
		KORTESTB(reg.K1, reg.K1)
	} else {
		VPTEST(w, w)
	}
	JZ(LabelRef(done))
}

// rotate makes element (p, q) zero. With d = qq - pp, o = 2 pq, r = sqrt(d^2 + o^2) and h = |d| + r, the tangent is t =
// o/h with the sign of d, and the cosine is c = sqrt(h / 2r). Where pq is so small that the rotation would change no
// bit of the diagonal, t = 0 and c = 1.
func (e eigen) rotate(p, q int) {
	third := 3 - p - q
	place := func(i, j int) reg.VecPhysical { return e.registers[packed(max(i, j), min(i, j))] }
	pp, qq, pq, pr, qr := place(p, p), place(q, q), place(p, q), place(p, third), place(q, third)
	r := e.registers
	negligible, x, y, t, c, s, mask, one := r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13]
	absolute := e.pattern(1<<63 - 1)
	VANDPD(absolute, pp, x)
	VANDPD(absolute, qq, y)
	VMINPD(x, y, x)
	VMULPD(e.constant(0x1p-60), x, x)
	VMAXPD(negligible, x, x)
	VANDPD(absolute, pq, y)
	if e.evex {
		VCMPPD(Imm(lessThan), y, x, reg.K1)
	} else {
		VCMPPD(Imm(lessThan), y, x, mask)
	}
	VSUBPD(pp, qq, x)              // d
	VADDPD(pq, pq, t)              // o
	VMULPD(t, t, s)                // o^2
	VFMADD231PD(x, x, s)           // d^2 + o^2
	VSQRTPD(s, s)                  // r
	VANDPD(absolute, x, c)         // |d|
	VADDPD(s, c, c)                // h
	VDIVPD(c, t, t)                // t
	VANDPD(e.pattern(1<<63), x, x) // the sign of d
	VXORPD(x, t, t)                // t with this sign
	VADDPD(s, s, s)                // 2r
	VDIVPD(s, c, c)                // h / 2r
	VSQRTPD(c, c)                  // c
	VMOVUPD(e.constant(1), one)
	if e.evex {
		VMOVAPD_Z(t, reg.K1, t)
		VMOVAPD(c, reg.K1, one)
		VMOVAPD(one, c)
	} else {
		VANDPD(mask, t, t)
		VBLENDVPD(mask, c, one, c)
	}
	VMULPD(c, t, s)
	VFNMADD231PD(t, pq, pp)
	VFMADD231PD(t, pq, qq)
	e.zero(pq)
	e.turnPair(pr, qr, c, s, y)
	for k := 0; k < 3 && e.vectors; k++ {
		vp, vq := e.get(3*k+p, 13), e.get(3*k+q, 14)
		e.turnPair(vp, vq, c, s, y)
		e.put(vp, 3*k+p)
		e.put(vq, 3*k+q)
	}
}

// turnPair replaces a and b by c a - s b and s a + c b.
func (e eigen) turnPair(a, b, c, s, work reg.VecPhysical) {
	VMULPD(b, s, work)
	VMULPD(c, b, b)
	VFMADD231PD(a, s, b)
	VFMSUB213PD(work, c, a)
}

// order exchanges two eigenvalues, and their vectors, where the second is greater.
func (e eigen) order(i, j int) {
	r := e.registers
	x, y, mask := r[packed(i, i)], r[packed(j, j)], r[12]
	if e.evex {
		VCMPPD(Imm(lessThan), y, x, reg.K1)
	} else {
		VCMPPD(Imm(lessThan), y, x, mask)
	}
	e.exchange(x, y, mask)
	for k := 0; k < 3 && e.vectors; k++ {
		vi, vj := e.get(3*k+i, 13), e.get(3*k+j, 14)
		e.exchange(vi, vj, mask)
		e.put(vi, 3*k+i)
		e.put(vj, 3*k+j)
	}
}

func (e eigen) exchange(x, y, mask reg.VecPhysical) {
	old := e.registers[7]
	VMOVAPD(x, old)
	if e.evex {
		VMOVAPD(y, reg.K1, x)
		VMOVAPD(old, reg.K1, y)
		return
	}
	VBLENDVPD(mask, y, x, x)
	VBLENDVPD(mask, old, y, y)
}
