package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/numa"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/kit"
	"github.com/voxfit/voxfit/study/overhead"
	"github.com/voxfit/voxfit/study/page"
)

// reportOptions say what page to make of which records.
type reportOptions struct {
	out      string
	prices   string
	perCPU   float64
	serial   string
	baseline string
	cores    string
	command  string         // that made the records; empty where unknown
	again    string         // the command that makes the page again
	sources  []string       // the CSV files, where the records come from files
	records  []study.Record // the records
	facts    []page.Fact    // of the data
	machine  []page.Fact    // that made the records; empty where unknown
}

func newReportCommand(args []string) *cobra.Command {
	o := reportOptions{again: commandLine(args)}
	c := &cobra.Command{
		Use:   "report FILE... -o DIR",
		Short: "Tables, figures and one HTML page from a study's CSV files, or a machine's history of speeds",
		Long: `Make tables, the study's figures (SVG) and one self-contained HTML page from CSV files of kbench run, or
from the CSV file of the published study. If both are given, the study's curves are drawn behind the others.

Speed-ups are relative to the serial runs in the files. The published file has none; its report's serial
times are used for it, or those given with --serial.

Of a history of kernel speeds (bench/history, a CSV file for each kind of processor, which make bench-record writes) the page
shows how long each step took at each commit. It goes into a folder named after the file, for every file its own.

Archives of kbench study (.tar.gz), of one machine or of several, give one page that has them beside each other.`,
		Example: `  kbench report kbench-run/runs.csv -o page
  kbench report ray_runs.csv -o published
  kbench report runs.csv ray_runs.csv -o beside
  kbench report bench/history/*.csv -o speeds
  kbench report benchmarks/*.tar.gz -o page`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) (err error) {
			if o.out == "" {
				return fmt.Errorf("report: -o DIR says where the page goes; it is needed")
			}
			if slices.ContainsFunc(files, kit.IsArchive) {
				return o.writeMachines(c.OutOrStdout(), c.ErrOrStderr(), c.Flags(), files)
			}
			if slices.ContainsFunc(files, study.IsHistory) {
				return o.writeHistories(c.OutOrStdout(), c.ErrOrStderr(), c.Flags(), files)
			}
			o.sources = files
			if o.records, err = readRuns(files, c.ErrOrStderr()); err != nil {
				return err
			}
			return writeStudy(c.OutOrStdout(), c.ErrOrStderr(), o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.out, "output", "o", "", "output folder (needed)")
	f.StringVar(&o.prices, "prices", "", pricesHelp)
	f.Float64Var(&o.perCPU, "price-per-cpu", publishedPerCPU, "dollars an hour of one CPU, for CPU counts that are not in --prices")
	f.StringVar(&o.serial, "serial", "", "serial seconds of models without serial runs, as csdm=119,fwdtim=798")
	f.StringVar(&o.cores, "cores", "", coresHelp)
	f.StringVar(&o.baseline, "baseline", "", "serial engine that all speed-ups are relative to (default: each engine's own)")
	return c
}

// readRuns reads the runs of CSV files, of which there must be some. It says on stderr where the last row of a file is not
// whole, or may not be. Files that have the same runs are refused: a copy would make intervals too narrow.
func readRuns(files []string, stderr io.Writer) ([]study.Record, error) {
	var all []study.Record
	known := knownRuns{like: map[runKey][]*study.Record{}, of: map[*study.Record]string{}}
	for _, file := range files {
		runs, err := study.ReadRuns(file)
		if err != nil {
			return nil, err
		}
		if len(files) > 1 {
			if err := known.add(file, runs.Records); err != nil {
				return nil, err
			}
		}
		switch {
		case runs.Unfinished:
			fmt.Fprintf(stderr, "kbench: warning: %s ends within a row, which is left out\n", file)
		case runs.NoLineEnd:
			fmt.Fprintf(stderr, "kbench: warning: the last line of %s has no end: if the file was cut off, the last number is wrong\n", file)
		}
		if len(files) == 1 {
			all = runs.Records // of a million runs a copy would be large
		} else {
			all = append(all, runs.Records...)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: there are no runs below the header", strings.Join(files, ", "))
	}
	return all, nil
}

// knownRuns are the runs of the files that were read.
type knownRuns struct {
	like    map[runKey][]*study.Record // those that agree in the key
	of      map[*study.Record]string   // the file of each
	files   []string
	records [][]study.Record // of each file
}

// A runKey is what tells nearly all runs apart, since times have nine digits. Where it does not, they are compared
// whole.
type runKey struct {
	engine, model, host  string
	cpus, chunks, voxels int
	seconds              float64
}

// add takes in the runs of a file. It is an error where another file has one of them, though another program may have
// saved it in other bytes, and where one file has the medians of the other's runs. The rows of a file have been compared
// with each other by ParseRecords.
func (k *knownRuns) add(file string, records []study.Record) error {
	keyOf := func(r *study.Record) runKey {
		return runKey{r.Engine, r.Model, r.Host, r.CPUCount, r.NumChunks, r.NumVox, r.Time}
	}
	for i := range records {
		r := &records[i]
		for _, other := range k.like[keyOf(r)] {
			if fmt.Sprintf("%+v", *other) == fmt.Sprintf("%+v", *r) {
				return fmt.Errorf("%s and %s both have the run of %s on %s in %s that took %v s: a copy is no further run, give one of them",
					k.of[other], file, r.Model, plural.Count(r.CPUCount, "CPU"), plural.Count(r.NumChunks, "chunk"), r.Time)
			}
		}
	}
	for i, other := range k.files {
		switch {
		case study.HasMediansOf(k.records[i], records):
			return fmt.Errorf("%s has the medians of the runs in %s: give one of them", other, file)
		case study.HasMediansOf(records, k.records[i]):
			return fmt.Errorf("%s has the medians of the runs in %s: give one of them", file, other)
		}
	}
	for i := range records {
		r := &records[i]
		k.like[keyOf(r)] = append(k.like[keyOf(r)], r)
		k.of[r] = file
	}
	k.files, k.records = append(k.files, file), append(k.records, records)
	return nil
}

// writeStudy summarises records, writes the page and its figures, and then prints the table and the paths.
func writeStudy(stdout, stderr io.Writer, o reportOptions) error {
	options, err := o.summaryOptions()
	if err != nil {
		return err
	}
	records, theirs := study.SplitPublished(o.records)
	var published *study.Summary
	if len(theirs) > 0 {
		if o.serial == "" {
			options.Serial = study.PublishedSerial()
		}
		if len(records) == 0 {
			records = theirs
		} else {
			s := study.Summarise(theirs, options)
			published = &s
		}
	}
	report := page.Report{
		Title: reportTitle(records), Command: o.command, Version: "v" + version(), Made: time.Now(),
		Machine: o.machine, Data: o.facts, Sources: o.sources, Repeat: []string{o.again},
		Summary: study.Summarise(records, options), Published: published,
	}
	machines, err := explainedMachines(o.cores)
	if err != nil {
		return err
	}
	sayFits(stderr, records)
	if explanation, err := overhead.Explain(records, overhead.Options{Machines: machines, Prices: options.Prices, Seed: 1, Resamples: resamples}); err == nil {
		report.Explanation = &explanation
	} else {
		report.Unexplained = err.Error()
	}
	index, err := writePage(report, o.out)
	if err != nil {
		return err
	}
	sayDone(stdout, stderr, fmt.Sprintf("the page and its figures are in %s", o.out), func(w io.Writer) {
		_ = report.WriteTable(w) // into memory
		fmt.Fprintf(w, "\nfigures  %s\npage     %s\n", filepath.Join(filepath.Dir(index), "figures"), index)
	})
	return nil
}

// reportTitle is what a page of the records shows: of runs without an account nobody knows where the time went.
func reportTitle(records []study.Record) string {
	if slices.ContainsFunc(records, study.Record.HasAccount) {
		return "Where every core-second goes"
	}
	return "How long fits take, by CPUs and chunks"
}

// publishedPerCPU is what the published study's price table comes to for each CPU.
const publishedPerCPU = 0.0425

const pricesHelp = "dollars an hour by CPU count, as 8=.34,16=.68 (default: the published study's)"

// parsePrices reads a price table; without one, the published study's holds.
func parsePrices(table string) (study.Prices, error) {
	if table == "" {
		return study.PublishedPrices(), nil
	}
	return study.ParsePrices(table)
}

func (o *reportOptions) summaryOptions() (study.Options, error) {
	options := study.Options{Baseline: o.baseline}
	prices, err := parsePrices(o.prices)
	if err != nil {
		return options, err
	}
	prices.PerCPU = o.perCPU
	options.Prices = &prices
	if o.serial != "" {
		options.Serial, err = study.ParseSerial(o.serial)
	}
	return options, err
}

// machineFacts describes this machine for a page.
func machineFacts() []page.Fact {
	var facts []page.Fact
	for line := range strings.Lines(numa.Describe().String()) {
		name, value := line[:11], line[11:] // as Machine.String sets them
		facts = append(facts, page.Fact{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return facts
}

// writePage writes a page into a folder, and returns where it is.
func writePage(page interface{ Write(dir string) error }, dir string) (index string, err error) {
	if _, err := makeFolders(dir); err != nil {
		return "", err
	}
	if err := page.Write(dir); err != nil {
		return "", err
	}
	return filepath.Abs(filepath.Join(dir, "index.html"))
}
