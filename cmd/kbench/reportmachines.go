package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/study/kit"
	"github.com/voxfit/voxfit/study/page"
)

// writeMachines makes one page of the archives of kbench study.
func (o reportOptions) writeMachines(stdout, stderr io.Writer, flags *pflag.FlagSet, archives []string) error {
	if err := onlyOutput(flags, archives[0], "an archive of kbench study"); err != nil {
		return err
	}
	report := page.Machines{Version: "v" + version(), Made: time.Now(), Repeat: o.again}
	first := map[string]string{}
	for _, archive := range archives {
		if !kit.IsArchive(archive) {
			return fmt.Errorf("%s: this is no archive of kbench study (.tar.gz), as others here are: expected files of one kind", archive)
		}
		s, err := kit.Read(archive)
		if err != nil {
			return err
		}
		if same, twice := first[s.Hash]; twice {
			return fmt.Errorf("%s and %s hold the same study: give one of them", same, archive)
		}
		if missing := s.Missing(); missing > 0 {
			return fmt.Errorf("%s: %s of its plan are missing: let kbench study go on in its folder", archive, plural.Count(missing, "run"))
		}
		first[s.Hash] = archive
		report.Studies = append(report.Studies, s)
	}
	index, err := writePage(report, o.out)
	if err != nil {
		return err
	}
	sayDone(stdout, stderr, "the page is "+index, func(w io.Writer) {
		_ = report.WriteTable(w) // into memory
		fmt.Fprintf(w, "\npage     %s\n", index)
	})
	return nil
}
