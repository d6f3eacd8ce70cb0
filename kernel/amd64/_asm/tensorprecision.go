package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// The instructions that have a form for each precision.

func (a *lanes) choose(single, double func(ops ...Op), ops []Op) {
	if a.single {
		single(ops...)
		return
	}
	double(ops...)
}

func (a *lanes) add(ops ...Op)       { a.choose(VADDPS, VADDPD, ops) }
func (a *lanes) sub(ops ...Op)       { a.choose(VSUBPS, VSUBPD, ops) }
func (a *lanes) mul(ops ...Op)       { a.choose(VMULPS, VMULPD, ops) }
func (a *lanes) div(ops ...Op)       { a.choose(VDIVPS, VDIVPD, ops) }
func (a *lanes) min(ops ...Op)       { a.choose(VMINPS, VMINPD, ops) }
func (a *lanes) max(ops ...Op)       { a.choose(VMAXPS, VMAXPD, ops) }
func (a *lanes) cmp(ops ...Op)       { a.choose(VCMPPS, VCMPPD, ops) }
func (a *lanes) fmadd213(ops ...Op)  { a.choose(VFMADD213PS, VFMADD213PD, ops) }
func (a *lanes) fmadd231(ops ...Op)  { a.choose(VFMADD231PS, VFMADD231PD, ops) }
func (a *lanes) fmsub213(ops ...Op)  { a.choose(VFMSUB213PS, VFMSUB213PD, ops) }
func (a *lanes) fnmadd213(ops ...Op) { a.choose(VFNMADD213PS, VFNMADD213PD, ops) }
func (a *lanes) fnmadd231(ops ...Op) { a.choose(VFNMADD231PS, VFNMADD231PD, ops) }

// fmadd231Broadcast has the first factor in memory, one element for all lanes.
func (a *lanes) fmadd231Broadcast(ops ...Op) { a.choose(VFMADD231PS_BCST, VFMADD231PD_BCST, ops) }

// These likewise.
func (a *lanes) fnmadd231Broadcast(ops ...Op) { a.choose(VFNMADD231PS_BCST, VFNMADD231PD_BCST, ops) }
func (a *lanes) fmadd213Broadcast(ops ...Op)  { a.choose(VFMADD213PS_BCST, VFMADD213PD_BCST, ops) }
func (a *lanes) fmsub213Broadcast(ops ...Op)  { a.choose(VFMSUB213PS_BCST, VFMSUB213PD_BCST, ops) }
func (a *lanes) mulBroadcast(ops ...Op)       { a.choose(VMULPS_BCST, VMULPD_BCST, ops) }

// moveMasked moves where a mask register has ones.
func (a *lanes) moveMasked(ops ...Op) { a.choose(VMOVAPS, VMOVAPD, ops) }

// blendv takes x where the mask has its sign bit set, y elsewhere.
func (a *lanes) blendv(mask, x, y, into Op) {
	if a.single {
		VBLENDVPS(mask, x, y, into)
		return
	}
	VBLENDVPD(mask, x, y, into)
}
