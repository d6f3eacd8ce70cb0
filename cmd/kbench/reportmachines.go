package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/study/kit"
	"github.com/voxfit/voxfit/study/page"
)

// writeMachines makes one page of the archives of kbench study.
func (o reportOptions) writeMachines(stdout, stderr io.Writer, flags *pflag.FlagSet, archives []string) error {
	if err := onlyOutput(flags, archives[0], "an archive of kbench study"); err != nil {
		return err
	}
	report := page.Machines{Version: "v" + version(), Made: time.Now(), Repeat: o.again}
	for _, archive := range archives {
		if !kit.IsArchive(archive) {
			return fmt.Errorf("%s: this is no archive of kbench study (.tar.gz), as others here are: expected files of one kind", archive)
		}
		s, err := kit.Read(archive)
		if err != nil {
			return err
		}
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
