// Command _asm writes the assembly of package amd64 and the declarations of its functions. `go generate ./kernel/amd64`
// runs it once for each pair of files. One generator serves all instruction sets. It is told what a set has (set.go),
// and how large the blocks are that its registers allow (vectors.go).
package main

import (
	"flag"
	"log"
	"strings"

	"github.com/mmcloughlin/avo/build"
)

// generators are the groups of kernels that can be asked for. Each generator writes its group for one instruction set.
// It is given the set's vectors of numbers in double and in single precision.
var generators = map[string]func(double, single vectors){
	"csd":          csd,
	"csdsingle":    func(_, single vectors) { csdIteration(single) },
	"qp":           func(double, _ vectors) { qp(double) },
	"tensor":       func(double, _ vectors) { tensor(double) },
	"tensorsingle": func(_, single vectors) { tensorSingle(single) },
	"grid":         grid,
	"peaks":        peaks,
	"nnls":         func(double, _ vectors) { nnls(double) },
	"peak":         peak,
}

// sets are the instruction sets, in the order in which a file that is for all of them has their functions.
var sets = []struct {
	name           string
	double, single vectors
}{
	{"avx512", doubleAVX512, singleAVX512},
	{"avx2", doubleAVX2, singleAVX2},
}

func main() {
	name := flag.String("kernels", "", "what to write: csd_avx512, or peak for all instruction sets")
	stubs := flag.Lookup("stubs")
	flag.Parse()
	kernels, of, one := strings.Cut(*name, "_")
	generate, known := generators[kernels]
	written := false
	for _, s := range sets {
		if known && (s.name == of || !one) {
			generate(s.double, s.single)
			written = true
		}
	}
	if !written {
		log.Fatalf("-kernels %q is unknown", *name)
	}
	build.ConstraintExpr("!purego")
	build.Generate()
	if path := stubs.Value.String(); path != "" {
		if err := declare(path); err != nil {
			log.Fatal(err)
		}
	}
}
