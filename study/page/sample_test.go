package page

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/voxfit/voxfit/study"
)

// sampleRecords are runs of an imagined machine: two models, two engines, serial runs of both, 1 to
// 16 CPUs, 1 to 4096 chunks. Its chunks run in rounds, its dispatch costs time, its noise is 2%.
func sampleRecords() []study.Record {
	random := rand.New(rand.NewPCG(1, 2))
	const voxels, host = 100000, "a <b> & \"c\" ü"
	var all []study.Record
	add := func(r study.Record) {
		r.NumVox, r.Host, r.Version = voxels, host, "v0.1.0"
		r.VoxPerChunk = voxels / r.NumChunks
		r.Time *= 1 + 0.02*random.NormFloat64()
		all = append(all, r)
	}
	type engine struct {
		name, isa         string
		perVoxel          [2]float64 // seconds, of the two models
		start, handingOut float64    // seconds
	}
	engines := []engine{
		{"voxfit", "avx512", [2]float64{9e-6, 1.3e-6}, 0.001, 2e-6},
		{"dipy-ray", "", [2]float64{155e-6, 1100e-6}, 1, 0.001},
	}
	for m, model := range []string{"ConstrainedSphericalDeconvModel", "FreeWaterTensorModel"} {
		for _, e := range engines {
			work := e.perVoxel[m] * voxels
			family, _, _ := strings.Cut(e.name, "-")
			for run := 1; run <= 3; run++ {
				serial := study.Record{Engine: family + "-serial", Model: model, ISA: e.isa, CPUCount: 1, NumChunks: 1, Run: run, Time: work}
				if e.isa != "" {
					serial.Compute = 0.99 * work
				}
				add(serial)
				for cpus := 1; cpus <= 16; cpus *= 2 {
					for chunks := 1; chunks <= 4096; chunks *= 4 {
						rounds := math.Ceil(float64(chunks) / float64(cpus))
						r := study.Record{Engine: e.name, Model: model, ISA: e.isa, CPUCount: cpus, NumChunks: chunks, Run: run,
							Time: e.start + work*rounds/float64(chunks) + e.handingOut*float64(chunks)}
						if e.isa != "" {
							r.Pinned, r.Compute, r.Dispatch = true, work, e.handingOut*float64(chunks)
							r.StartWait = e.start * float64(cpus)
							r.TailWait = 0.9 * max(r.Time*float64(cpus)-r.Compute-r.Dispatch-r.StartWait, 0)
						}
						add(r)
					}
				}
			}
		}
	}
	return all
}

func sampleStudy() study.Summary { return study.Summarise(sampleRecords(), study.Options{}) }

// samplePublished is a summary of the published form with numbers of ours.
func samplePublished() *study.Summary {
	records, err := study.ReadRecords("../testdata/published_form.csv")
	if err != nil {
		panic(err)
	}
	s := study.Summarise(records, study.Options{Serial: study.PublishedSerial()})
	return &s
}
