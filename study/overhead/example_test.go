package overhead_test

import (
	"fmt"
	"log"

	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/overhead"
)

// Runs on 2, 4 and 8 cores that take 40 s of work, 2 s in which one core works alone, and 1 ms for each chunk. The fit
// finds these costs from the times alone.
func Example() {
	var records []study.Record
	for _, cpus := range []int{2, 4, 8} {
		for chunks := 8; chunks <= 4096; chunks *= 2 {
			seconds := 2 + 40/float64(cpus) + 0.001*float64(chunks)
			records = append(records, study.Record{Engine: "ray", Model: "TensorModel", NumVox: 1 << 16, NumChunks: chunks,
				CPUCount: cpus, Cores: cpus, Nodes: 1, Time: seconds})
		}
	}
	e, err := overhead.Explain(records, overhead.Options{Resamples: 20, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	h := e.Overheads[0]
	fmt.Printf("work %.0f s, serial %.1f s, each chunk %.1f ms\n", h.Work.Value, h.Serial.Value, 1000*h.Chunk.Value)
	shortest := h.Shortest[2] // on 8 CPUs
	fmt.Printf("on 8 CPUs: %.1f s of work for each, %s %.1f s\n", shortest.Ideal, shortest.Losses[2].Name, shortest.Losses[2].Seconds)
	// Output:
	// work 40 s, serial 2.0 s, each chunk 1.0 ms
	// on 8 CPUs: 5.0 s of work for each, serial part 2.0 s
}
