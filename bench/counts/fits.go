//go:build linux

package main

import (
	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/phantom"
	"github.com/voxfit/voxfit/sh"
)

// A fit is one model whose whole fit of a few voxels is counted.
type fit struct {
	name     string
	voxels   int // as many as a vector of the widest set has in single precision, or fewer if that took over half a second
	portable int // the same for the portable code, which is slower; 0 if it does the same there as another entry
	make     func(g *acq.GradientTable, isa string) (model.Model, error)
}

// lmax is lower than the study's, so that setting a model up under an emulator takes no longer than the fits.
const lmax = 6

var fits = []fit{
	csdFit("csdm-double", 8, 2, model.CSDOptions{LMax: lmax}),
	csdFit("csdm-mixed", 16, 0, model.CSDOptions{LMax: lmax, Precision: kernel.Mixed}),
	csdFit("csdm-mrtrix", 8, 2, model.CSDOptions{LMax: lmax, Convention: model.MRtrix}),
	{"msmt-three-tissues", 4, 1, func(g *acq.GradientTable, isa string) (model.Model, error) {
		wm, gm, csf := phantom.Tissues()
		return model.NewMSMT(g, model.NameTissues([]acq.Response{wm, gm, csf}), model.MSMTOptions{LMax: lmax, ISA: isa})
	}},
	waterFit("fwdtim-nls", 16, 0, model.FreeWaterOptions{Precision: kernel.Mixed}),
	waterFit("fwdtim-nls-double", 8, 4, model.FreeWaterOptions{Precision: kernel.Double}),
	waterFit("fwdtim-wls", 16, 4, model.FreeWaterOptions{Method: kernel.WLS}),
	tensorFit("dti-wls", model.TensorOptions{Method: kernel.WLS}),
	tensorFit("dti-ols", model.TensorOptions{Method: kernel.OLS}),
	tensorFit("dti-nls", model.TensorOptions{Method: kernel.NLS}),
	tensorFit("dti-iwls", model.TensorOptions{Method: kernel.IWLS, Iterations: 2}),
	sfmFit("fascicles-nnls", model.SFMOptions{Sphere: fascicles(), Solver: model.NNLS}),
	sfmFit("fascicles-elasticnet", model.SFMOptions{Sphere: fascicles(), Solver: model.ElasticNet}),
}

func csdFit(name string, voxels, portable int, o model.CSDOptions) fit {
	return fit{name, voxels, portable, func(g *acq.GradientTable, isa string) (model.Model, error) {
		o.ISA = isa
		return model.NewCSD(g, phantom.Response(), o)
	}}
}

func waterFit(name string, voxels, portable int, o model.FreeWaterOptions) fit {
	return fit{name, voxels, portable, func(g *acq.GradientTable, isa string) (model.Model, error) {
		o.ISA = isa
		return model.NewFreeWater(g, o)
	}}
}

func tensorFit(name string, o model.TensorOptions) fit {
	return fit{name, 8, 8, func(g *acq.GradientTable, isa string) (model.Model, error) {
		o.ISA = isa
		return model.NewTensor(g, o)
	}}
}

func sfmFit(name string, o model.SFMOptions) fit {
	return fit{name, 8, 4, func(g *acq.GradientTable, isa string) (model.Model, error) {
		o.ISA = isa
		return model.NewSFM(g, o)
	}}
}

// voxelsOn is how many voxels are fitted with an instruction set. It is 0 if the fit would be the same as another
// one.
func (c fit) voxelsOn(isa string) int {
	if isa == portable {
		return c.portable
	}
	return c.voxels
}

// fascicles are every second direction of the sparse fascicle model, for the same reason as lmax.
func fascicles() *sh.Sphere {
	s := sh.Symmetric362Hemisphere()
	var half [][3]float64
	for i := 0; i < len(s.Vertices); i += 2 {
		half = append(half, s.Vertices[i])
	}
	s.Vertices, s.Edges = half, nil
	return s
}
