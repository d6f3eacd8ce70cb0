package study

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/voxfit/voxfit/study/internal/cells"
)

// A column is one column of the CSV file: how a record's cell is written and read.
type column struct {
	name     string
	required bool // a file without it is not a record of timed runs
	get      func(*Record) string
	set      func(*Record, string) error
}

// columns are the columns of our files, in order: the published study's first.
var columns = append([]column{
	textColumn("engine", true, func(r *Record) *string { return &r.Engine }),
	countColumn("vox_per_chunk", 0, false, func(r *Record) *int { return &r.VoxPerChunk }),
	countColumn("num_chunks", 1, true, func(r *Record) *int { return &r.NumChunks }),
	{"time", true, func(r *Record) string { return cells.Float(r.Time) }, setTime},
	countColumn("cpu_count", 1, true, func(r *Record) *int { return &r.CPUCount }),
	bytesColumn("memory_size", false, func(r *Record) *int64 { return &r.MemorySize }),
	countColumn("num_vox", 1, true, func(r *Record) *int { return &r.NumVox }),
	measureColumn("avg_mem", "GiB", func(r *Record) *float64 { return &r.AvgMem }),
	{"mem_useage", false, func(r *Record) string { return formatSamples(r.MemUsage) }, setMemUsage},
	textColumn("model", true, func(r *Record) *string { return &r.Model }),
	{"data_shape", false, func(r *Record) string { return formatShape(r.DataShape) }, setShape},

	countColumn("run", 0, false, func(r *Record) *int { return &r.Run }),
	textColumn("isa", false, func(r *Record) *string { return &r.ISA }),
	{"pinned", false, func(r *Record) string { return strconv.FormatBool(r.Pinned) }, setPinned},
	countColumn("nodes", 0, false, func(r *Record) *int { return &r.Nodes }),
	accountColumn("compute_s", func(r *Record) *float64 { return &r.Compute }),
	accountColumn("dispatch_s", func(r *Record) *float64 { return &r.Dispatch }),
	accountColumn("steal_s", func(r *Record) *float64 { return &r.Steal }),
	accountColumn("start_wait_s", func(r *Record) *float64 { return &r.StartWait }),
	accountColumn("tail_wait_s", func(r *Record) *float64 { return &r.TailWait }),
	bytesColumn("peak_rss", false, func(r *Record) *int64 { return &r.PeakRSS }),
	bytesColumn("spilled_bytes", true, func(r *Record) *int64 { return &r.SpilledBytes }),
	textColumn("version", false, func(r *Record) *string { return &r.Version }),
	textColumn("host", false, func(r *Record) *string { return &r.Host }),
}, scheduleColumns...)

// campaignColumn is read where a file has it and never written.
var campaignColumn = textColumn("campaign", false, func(r *Record) *string { return &r.Campaign })

// columnNames returns the names of the columns of our files, in order. The first eleven are the
// published study's.
func columnNames() []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

func textColumn(name string, required bool, field func(*Record) *string) column {
	return column{name, required,
		func(r *Record) string { return cleanText(*field(r)) },
		func(r *Record, s string) error {
			*field(r) = cleanText(s)
			if required && *field(r) == "" {
				return cells.Wrong(name, s, "a name")
			}
			return nil
		}}
}

// countColumn is a whole number of at least least. Zero, where allowed, means "not recorded".
func countColumn(name string, least int, required bool, field func(*Record) *int) column {
	return column{name, required,
		func(r *Record) string {
			if *field(r) == 0 {
				return ""
			}
			return strconv.Itoa(*field(r))
		},
		func(r *Record, s string) error {
			n, err := parseWhole(s)
			if err != nil || n < int64(least) || n > math.MaxInt32 {
				return cells.Wrong(name, s, fmt.Sprintf("a whole number from %d", least))
			}
			*field(r) = int(n)
			return nil
		}}
}

// bytesColumn is a number of bytes. zero says whether zero bytes is a measurement.
func bytesColumn(name string, zero bool, field func(*Record) *int64) column {
	return column{name, false,
		func(r *Record) string {
			if *field(r) == 0 && !zero {
				return ""
			}
			return strconv.FormatInt(*field(r), 10)
		},
		func(r *Record, s string) error {
			n, err := parseWhole(s)
			if err != nil || n < 0 {
				return cells.Wrong(name, s, "a number of bytes")
			}
			*field(r) = n
			return nil
		}}
}

func measureColumn(name, unit string, field func(*Record) *float64) column {
	return column{name, false,
		func(r *Record) string {
			if *field(r) == 0 {
				return ""
			}
			return cells.Float(*field(r))
		},
		func(r *Record, s string) error {
			x, err := parseMeasure(s)
			if err != nil {
				return cells.Wrong(name, s, "a number ("+unit+")")
			}
			*field(r) = x
			return nil
		}}
}

// accountColumn is written as a number, zero or not, when the run was accounted for, and left
// empty when it was not.
func accountColumn(name string, field func(*Record) *float64) column {
	c := measureColumn(name, "seconds summed over the workers", field)
	c.get = func(r *Record) string {
		if !r.HasAccount() {
			return ""
		}
		return cells.Float(*field(r))
	}
	return c
}

func setTime(r *Record, s string) error {
	x, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	const most = 1e8 // three years
	if err != nil || !(x > 0) || x > most {
		return cells.Wrong("time", s, "seconds above 0, at most 1e8")
	}
	r.Time = x
	return nil
}

func setPinned(r *Record, s string) error {
	s = strings.TrimSpace(s)
	if s == "" {
		r.Pinned = false
		return nil
	}
	b, err := strconv.ParseBool(s) // also Python's True and False
	if err != nil {
		return cells.Wrong("pinned", s, "true or false")
	}
	r.Pinned = b
	return nil
}

func setMemUsage(r *Record, s string) error {
	inner := strings.TrimSpace(s)
	inner = strings.TrimSuffix(strings.TrimPrefix(inner, "["), "]")
	r.MemUsage = nil
	if strings.TrimSpace(inner) == "" {
		return nil
	}
	for _, cell := range strings.Split(inner, ",") {
		x, err := parseMeasure(cell)
		if err != nil {
			return cells.Wrong("mem_useage", s, "a list of numbers (GiB)")
		}
		r.MemUsage = append(r.MemUsage, x)
	}
	return nil
}

func setShape(r *Record, s string) error {
	inner := strings.TrimSpace(s)
	inner = strings.TrimSuffix(strings.TrimPrefix(inner, "("), ")")
	inner = strings.TrimSuffix(strings.TrimSpace(inner), ",")
	r.DataShape = nil
	if inner == "" {
		return nil
	}
	for _, cell := range strings.Split(inner, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(cell))
		if err != nil || n < 1 {
			return cells.Wrong("data_shape", s, `a shape such as "(145, 174, 145, 288)"`)
		}
		r.DataShape = append(r.DataShape, n)
	}
	return nil
}

func formatSamples(samples []float64) string {
	if len(samples) == 0 {
		return ""
	}
	numbers := make([]string, len(samples))
	for i, x := range samples {
		numbers[i] = cells.Float(x)
	}
	return "[" + strings.Join(numbers, ", ") + "]"
}

// formatShape writes a shape as Python writes a tuple.
func formatShape(shape []int) string {
	if len(shape) == 0 {
		return ""
	}
	numbers := make([]string, len(shape))
	for i, n := range shape {
		numbers[i] = strconv.Itoa(n)
	}
	if len(numbers) == 1 {
		return "(" + numbers[0] + ",)"
	}
	return "(" + strings.Join(numbers, ", ") + ")"
}

// parseWhole reads a whole number, also one that a table program wrote as "8.0". An empty cell is
// zero.
func parseWhole(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || x != math.Trunc(x) || math.Abs(x) >= 1<<53 {
		return 0, fmt.Errorf("%q is not a whole number", s)
	}
	return int64(x), nil
}

// parseMeasure reads a measurement: a number from zero. The words that Python programs write for
// a missing number are read as zero, which stands for "not recorded".
func parseMeasure(s string) (float64, error) {
	s = strings.TrimSpace(s)
	if slices.Contains([]string{"", "nan", "NaN", "None"}, s) {
		return 0, nil
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= 0) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%q is not a number from 0", s)
	}
	return x, nil
}
