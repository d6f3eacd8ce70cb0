package study

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/lock"
	"github.com/voxfit/voxfit/study/internal/cells"
)

// A Processor identifies the kind of processor that times were measured on. Times of other kinds, or of another
// stepping, cannot be compared with them.
type Processor struct {
	Vendor                  string // as the processor says it: "AuthenticAMD"
	Family, Model, Stepping int
}

// String is the name of the processor's file, without ".csv": authenticamd-26-2-1.
func (p Processor) String() string {
	vendor := strings.ToLower(p.Vendor)
	if vendor == "" {
		vendor = "unknown"
	}
	return fmt.Sprintf("%s-%d-%d-%d", vendor, p.Family, p.Model, p.Stepping)
}

// A SpeedRecord is the time of one step of a kernel, or of one whole fit, at one commit.
type SpeedRecord struct {
	Processor
	Set       string  // instruction set
	Commit    string  // abbreviated hash
	Date      string  // of the measurement, 2026-11-29
	Step      string  // csd/Factorise, fit/csdm
	Us        float64 // microseconds a voxel, the median of several runs
	Low, High float64 // the 95% interval of that median
	Peak      float64 // share of the core's peak measured in the same process; NaN where operations are not counted
}

var historyHeader = []string{"vendor", "family", "model", "stepping", "set", "commit", "date", "step", "us", "us_low", "us_high", "peak"}

// A History is the records of one processor, in the order in which they were measured.
type History struct {
	Processor
	Records []SpeedRecord
}

// IsHistory says whether a file begins as a history does.
func IsHistory(path string) bool {
	text, err := lock.ReadFile(path)
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return err == nil && strings.TrimSuffix(string(line), "\r") == strings.Join(historyHeader, ",")
}

// ReadHistory reads a processor's file. A row of another processor than the first row's is an error, as is a broken row;
// the error names the file and the line.
func ReadHistory(path string) (History, error) {
	text, err := lock.ReadFile(path)
	if err != nil {
		return History{}, err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return History{}, cells.RowError(path, err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], historyHeader) {
		return History{}, fmt.Errorf("%s: line 1: expected the header %s", path, strings.Join(historyHeader, ","))
	}
	if len(rows) == 1 {
		return History{}, fmt.Errorf("%s: there are no rows below the header", path)
	}
	var h History
	for i, row := range rows[1:] {
		r, err := parseSpeed(row)
		if err == nil && i > 0 && r.Processor != h.Processor {
			err = fmt.Errorf("found a row of processor %v in the file of %v, expected each processor's rows in a file of its own", r.Processor, h.Processor)
		}
		if err != nil {
			return History{}, fmt.Errorf("%s: line %d: %w", path, i+2, err)
		}
		h.Processor = r.Processor
		h.Records = append(h.Records, r)
	}
	return h, nil
}

func parseSpeed(row []string) (SpeedRecord, error) {
	r := SpeedRecord{Processor: Processor{Vendor: row[0]}, Set: row[4], Commit: row[5], Date: row[6], Step: row[7], Peak: math.NaN()}
	for i, to := range []*int{&r.Family, &r.Model, &r.Stepping} {
		n, err := strconv.Atoi(row[1+i])
		if err != nil {
			return r, fmt.Errorf("%s: found %q, expected a whole number", historyHeader[1+i], row[1+i])
		}
		*to = n
	}
	for i, to := range []*float64{&r.Us, &r.Low, &r.High, &r.Peak} {
		text := row[8+i]
		if to == &r.Peak && text == "" {
			continue
		}
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || !(x > 0) || math.IsInf(x, 1) {
			return r, fmt.Errorf("%s: found %q, expected a number above 0", historyHeader[8+i], text)
		}
		*to = x
	}
	if r.Low > r.Us || r.Us > r.High {
		return r, fmt.Errorf("found %g us between %g and %g, expected bounds around the time", r.Us, r.Low, r.High)
	}
	for i, text := range []string{r.Set, r.Commit, r.Date, r.Step} {
		if text == "" {
			return r, fmt.Errorf("%s: found nothing, expected a name", historyHeader[4+i])
		}
	}
	return r, nil
}

func (r SpeedRecord) row() []string {
	row := []string{r.Vendor, strconv.Itoa(r.Family), strconv.Itoa(r.Model), strconv.Itoa(r.Stepping), r.Set, r.Commit, r.Date, r.Step}
	for _, x := range []float64{r.Us, r.Low, r.High} {
		row = append(row, strconv.FormatFloat(x, 'g', 5, 64))
	}
	if math.IsNaN(r.Peak) {
		return append(row, "")
	}
	return append(row, strconv.FormatFloat(r.Peak, 'f', 4, 64))
}

// AppendHistory adds records to the file of their processor in a folder, and returns the file's path. All records must
// be of one processor. The folder is made where it is missing, and the file is replaced as a whole. It is an error if
// the file has a record of the same commit, set and step already.
func AppendHistory(folder string, records []SpeedRecord) (path string, err error) {
	if len(records) == 0 {
		return "", errors.New("history: there is nothing to record")
	}
	path = filepath.Join(folder, records[0].Processor.String()+".csv")
	h, err := ReadHistory(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	type key struct{ commit, set, step string }
	known := map[key]bool{}
	var text bytes.Buffer
	out := csv.NewWriter(&text)
	out.Write(historyHeader)
	for _, r := range append(h.Records, records...) {
		k := key{r.Commit, r.Set, r.Step}
		switch {
		case r.Processor != records[0].Processor:
			return "", fmt.Errorf("%s: found a record of processor %v, expected %v", path, r.Processor, records[0].Processor)
		case known[k]:
			return "", fmt.Errorf("%s: commit %s has %s with %s already; remove its rows to measure it anew", path, r.Commit, r.Step, r.Set)
		}
		known[k] = true
		out.Write(r.row())
	}
	out.Flush()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	return path, disk.Replace(path, text.Bytes())
}
