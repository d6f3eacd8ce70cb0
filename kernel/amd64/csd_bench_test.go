package amd64_test

import (
	"testing"

	"github.com/voxfit/voxfit/kernel/amd64"
	"github.com/voxfit/voxfit/kernel/internal/ops"
)

// The sizes of the published study's protocol with lmax 8.
const (
	benchVolumes      = 270
	benchCoefficients = 45
	benchDirections   = 181
	benchMoments      = 81
)

// BenchmarkCSDSteps times each step once through all its lanes, with the sizes of the published study,
// per voxel. GFLOP/s counts the useful operations alone, one for each addition and multiplication.
func BenchmarkCSDSteps(b *testing.B) {
	for _, set := range amd64.Sets() {
		if s := set.CSD; s != nil {
			b.Run(set.Name, func(b *testing.B) { benchmarkSteps(b, s) })
		}
	}
}

func benchmarkSteps(b *testing.B, s *ops.CSD) {
	up := func(n, multiple int) int { return (n + multiple - 1) / multiple }
	vectors := func(n int) []float64 {
		values := make([]float64, n*s.Lanes)
		for i := range values {
			values[i] = 1 + float64(i%7)/8
		}
		return values
	}
	numbers := func(n int) []float64 { return vectors(n)[:n] }
	offsets := func(n int) []int32 {
		list := make([]int32, n)
		for i := range list {
			list[i] = int32(i * s.Lanes * 8)
		}
		return list
	}
	run := func(name string, voxels int, operations float64, step func()) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				step()
			}
			ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N*voxels)
			b.ReportMetric(ns, "ns/voxel")
			if operations > 0 {
				b.ReportMetric(operations/ns, "GFLOP/s")
			}
			b.ReportMetric(0, "ns/op")
		})
	}

	const m, n, d = benchVolumes, benchCoefficients, benchDirections
	signal, x := numbers(s.Lanes*m), vectors(m)
	run("PackFloat64", s.Lanes, 0, func() { s.PackFloat64(&x[0], &signal[0], m, m) })
	narrow := make([]float32, s.Lanes*m)
	run("PackFloat32", s.Lanes, 0, func() { s.PackFloat32(&x[0], &narrow[0], m, m) })
	seen, list := vectors(3), offsets(m)
	run("Inspect", s.Lanes, 0, func() { s.Inspect(&seen[0], &x[0], &list[0], m) })
	count := up(n, s.Panel)
	panels, z := numbers(count*s.Panel*m), vectors(count*s.Panel+s.Tile)
	run("Multiply", s.Lanes, 2*m*n, func() { s.Multiply(&z[0], &panels[0], &x[0], &list[0], count, m) })
	count = up(d, s.Panel)
	amplitudes, sets, rows := numbers(count*s.Panel*n), make([]uint64, s.Lanes*up(d, 64)), make([]byte, 64*up(d, 64)+s.Panel)
	run("Below", s.Lanes, 2*n*d, func() {
		s.Below(&sets[0], &rows[0], &amplitudes[0], &z[0], &z[0], count, n, 0, up(d, 64))
	})
	stripes := up(2*benchMoments, s.Stripe)
	table, sums, groups := numbers(46*15*stripes*s.Stripe), numbers(stripes*s.Stripe), make([]int, 16)
	for i := range groups {
		groups[i] = (i*37%46*15 + i%15) * stripes * s.Stripe * 8
	}
	run("Accumulate16", 1, 16*2*benchMoments, func() {
		s.Accumulate(&sums[0], &sums[0], &table[0], &groups[0], 8, 8, stripes)
	})
	benchmarkAssemble(s, run)
	tiles := up(n, s.Tile)
	q, inverse, y := make([]float64, tiles*(tiles+1)/2*s.Tile*s.Tile*s.Lanes), vectors(tiles*s.Tile), vectors(tiles*s.Tile+1)
	run("Factorise", s.Lanes, n*n*n/3.+n*n/2.+n*n, func() {
		for i := range tiles { // a new unit matrix on top of the old factor
			for r := range s.Tile {
				for lane := range s.Lanes {
					q[(((i*(i+1)/2+i)*s.Tile+r)*s.Tile+r)*s.Lanes+lane] = 1
				}
			}
		}
		s.Factorise(&q[0], &inverse[0], &y[0], &z[0], tiles)
	})
	run("BackSolve", s.Lanes, n*n, func() { s.BackSolve(&y[0], &q[0], &inverse[0], tiles) })
}

// benchmarkAssemble has about as many records and terms as the map of lmax 8, at made-up places.
func benchmarkAssemble(s *ops.CSD, run func(name string, voxels int, operations float64, step func())) {
	const twins, both, rest, pairs, terms = 105, 4, 2, 115, 4
	vector := s.Lanes * 8
	var twinRecords, pairRecords []int32
	for i := range twins {
		twinRecords = append(twinRecords, int32(i%40*2*vector), int32(i%37*2*vector), both, rest)
		for e := range 8 {
			twinRecords = append(twinRecords, int32((i*8+e)*vector))
		}
	}
	for i := range pairs {
		pairRecords = append(pairRecords, int32(i%50*2*vector), terms, int32((twins*8+2*i)*vector), int32((twins*8+2*i+1)*vector))
	}
	c, q := make([]float64, 2*benchMoments*s.Lanes), make([]float64, (8*twins+2*pairs)*s.Lanes)
	weights := make([]float64, twins*(8+4*both+2*rest)+pairs*(2+terms))
	operations := twins*(8*(both+rest)+8*both+16) + pairs*(4*terms+2)
	run("Assemble", s.Lanes, float64(operations), func() {
		s.Assemble(&q[0], &c[0], &weights[0], &twinRecords[0], twins, &pairRecords[0], pairs)
	})
}
