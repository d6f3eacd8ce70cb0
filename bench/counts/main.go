//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/voxfit/voxfit/internal/plural"
)

func main() {
	if len(os.Args) > 3 && os.Args[1] == workArgument { // under an emulator, or traced
		exit(work(os.Args[2], os.Args[3], os.Stdout))
		return
	}
	if len(os.Args) > 3 && os.Args[1] == inflateArgument { // under an emulator
		exit(inflate(os.Args[2], os.Args[3], os.Stdout))
		return
	}
	keep := flag.Bool("keep", false, "write the tables of what was counted, instead of comparing with them")
	ratios := flag.Bool("ratios", false, "count nothing; print the steps' kept counts on NEON and AVX2, and their ratio")
	only := flag.String("only", "", "the instruction sets to count, with commas; without it all of them")
	gzipped := flag.String("inflate", "", "a gzip file; print how many instructions it takes to decompress it on arm64")
	folder := flag.String("tables", filepath.Join("bench", "counts"), "folder of the kept tables")
	flag.Parse()
	if *ratios {
		exit(printRatios(os.Stdout, *folder))
		return
	}
	if *gzipped != "" {
		exit(printInflate(os.Stdout, *gzipped))
		return
	}
	exit(countSets(*only, *folder, *keep))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "counts:", err)
		os.Exit(1)
	}
}

// countSets counts the named sets, and all of them where none is named.
func countSets(only, folder string, keep bool) error {
	known := instructionSets(folder)
	if only == "" {
		return run(known, folder, keep)
	}
	isas := strings.Split(only, ",")
	for _, isa := range isas {
		if !slices.Contains(known, isa) {
			return fmt.Errorf("--only %s: there is no such instruction set; there are %s", isa, strings.Join(known, ", "))
		}
	}
	return run(isas, folder, keep)
}

// run counts instruction sets side by side, and compares each with its kept table or keeps it.
func run(isas []string, folder string, keep bool) error {
	begun := time.Now()
	b, err := newBuild()
	if err != nil {
		return err
	}
	defer b.remove()
	type outcome struct {
		table table
		err   error
	}
	outcomes := make([]outcome, len(isas))
	var wait sync.WaitGroup
	for i, isa := range isas {
		wait.Go(func() { outcomes[i].table, outcomes[i].err = b.count(isa) })
	}
	wait.Wait()
	failures := 0
	for i, isa := range isas {
		o := outcomes[i]
		if o.err == nil && keep {
			o.err = os.WriteFile(tableFile(folder, isa), o.table.bytes(), 0o644)
		}
		lines, failed := report(isa, o.table, o.err, folder, keep)
		fmt.Println(strings.Join(lines, "\n"))
		failures += failed
	}
	fmt.Printf("counted in %.0f s\n", time.Since(begun).Seconds())
	if failures > 0 {
		return fmt.Errorf("found %s in the lines above. Make fast again what has become slower. If it must be slower, run "+
			"`make counts-keep`, commit bench/counts/*.csv with the change, and say why", plural.Count(failures, "failure"))
	}
	return nil
}
