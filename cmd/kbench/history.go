package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/page"
)

// onlyOutput refuses flags that only reports on CSV files of runs have.
func onlyOutput(flags *pflag.FlagSet, file, what string) error {
	var foreign error
	flags.Visit(func(f *pflag.Flag) {
		if f.Name != "output" {
			foreign = fmt.Errorf("--%s is for CSV files of runs, and %s is %s", f.Name, file, what)
		}
	})
	return foreign
}

// writeHistories writes a page of each history into a folder of its own, because times of different processors must not
// share a page. All files are read before the first page is written.
func (o reportOptions) writeHistories(stdout, stderr io.Writer, flags *pflag.FlagSet, files []string) error {
	if err := onlyOutput(flags, files[0], "a history of speeds"); err != nil {
		return err
	}
	histories, folders := make([]study.History, len(files)), map[string]string{}
	for i, file := range files {
		var err error
		if !study.IsHistory(file) {
			return fmt.Errorf("%s: this is not a history of speeds, but others are: expected files of one kind", file)
		}
		if histories[i], err = study.ReadHistory(file); err != nil {
			return err
		}
		folder := strings.TrimSuffix(filepath.Base(file), ".csv")
		if other, taken := folders[folder]; taken {
			return fmt.Errorf("%s and %s have the same name, which their pages would share: expected different ones", other, file)
		}
		folders[folder] = file
	}
	for i, file := range files {
		dir := filepath.Join(o.out, strings.TrimSuffix(filepath.Base(file), ".csv"))
		report := page.History{Version: "v" + version(), Made: time.Now(), Source: file, Repeat: o.again, History: histories[i]}
		index, err := writePage(report, dir)
		if err != nil {
			return err
		}
		sayDone(stdout, stderr, "the page is "+index, func(w io.Writer) { fmt.Fprintf(w, "page     %s\n", index) })
	}
	return nil
}
