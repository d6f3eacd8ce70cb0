// Command _asm writes the assembly of package amd64: `go generate ./kernel/amd64` runs it once for each
// file. One generator serves both instruction sets; it is told how wide vectors are.
package main

import (
	"flag"
	"log"

	"github.com/mmcloughlin/avo/build"
)

// generators are the files that can be asked for with -kernels.
var generators = map[string]func(){
	"csd_avx512":          func() { csd(avx512) },
	"csd_avx2":            func() { csd(avx2) },
	"csdsingle_avx512":    func() { csdIteration(singleAVX512) },
	"csdsingle_avx2":      func() { csdIteration(singleAVX2) },
	"qp_avx512":           func() { qp(avx512) },
	"qp_avx2":             func() { qp(avx2) },
	"tensor_avx512":       func() { tensor(true) },
	"tensor_avx2":         func() { tensor(false) },
	"tensorsingle_avx512": func() { tensorSingle(true) },
	"tensorsingle_avx2":   func() { tensorSingle(false) },
	"fraction_avx512":     func() { fraction(true) },
	"fraction_avx2":       func() { fraction(false) },
	"peaks_avx512":        func() { peaks(singleAVX512, avx512) },
	"peaks_avx2":          func() { peaks(singleAVX2, avx2) },
	"nnls_avx512":         func() { nnls(avx512) },
	"nnls_avx2":           func() { nnls(avx2) },
}

func main() {
	name := flag.String("kernels", "", "which file to write, such as csd_avx512")
	flag.Parse()
	generate, ok := generators[*name]
	if !ok {
		log.Fatalf("-kernels %q is unknown", *name)
	}
	build.ConstraintExpr("!purego")
	generate()
	build.Generate()
}
