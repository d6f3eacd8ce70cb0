package commands

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/voxfit/voxfit/bench/compare"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/study"
)

// WriteTable writes the report for people: times, then the commands, then what is missing or failed.
func (r *Report) WriteTable(w io.Writer) error {
	memory := "the image in memory before each run"
	if r.Cold {
		memory = "the image dropped from memory before each run"
	}
	where := fmt.Sprintf("on %s %s", plural.Noun(len(r.CPUs), "CPU"), strings.Trim(fmt.Sprint(r.CPUs), "[]"))
	if !r.Pinned {
		where = fmt.Sprintf("with %s, not pinned", plural.Count(len(r.CPUs), "thread"))
	}
	fmt.Fprintf(w, "From file to maps: medians of %s (lowest - highest), %s, %s\n", plural.Count(r.Rounds, "interleaved round"), where, memory)
	for _, e := range r.Engines {
		fmt.Fprintf(w, "%s\n", e)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "model\tvoxels\tprogram\twall s\tCPU s\tpeak memory\twall / voxfit")
	for _, line := range r.Lines {
		voxels := "-"
		if line.Voxels > 0 {
			voxels = strconv.Itoa(line.Voxels)
		}
		for _, x := range line.Times {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", line.Model, voxels, x.Engine, x.Wall, x.cpuText(), x.peakText(), x.ratioText())
		}
	}
	fmt.Fprintln(t)
	fmt.Fprintln(t, "timed\tof\tcommand")
	for _, line := range r.Lines {
		for _, x := range line.Times {
			fmt.Fprintf(t, "%s\t%s\t%s\n", line.Model, x.Engine, strings.Join(x.Commands, " && "))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, line := range r.Lines {
		for _, x := range line.Times {
			if x.Failure != "" {
				fmt.Fprintf(w, "\n%s, %s failed: %s\n", line.Model, x.Engine, x.Failure)
			}
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "\n%s\n", note)
	}
	return nil
}

func (t Times) cpuText() string {
	if len(t.CPU) == 0 {
		return "-"
	}
	return compare.Significant(study.Median(t.CPU))
}

func (t Times) peakText() string {
	if t.Peak == 0 {
		return "-"
	}
	text := fmt.Sprintf("%.2f GiB", float64(t.Peak)/(1<<30))
	if t.PeakBelow {
		return "< " + text
	}
	return text
}

func (t Times) ratioText() string {
	switch {
	case t.Failure != "":
		return "failed"
	case t.Slower == 0:
		return "-"
	}
	return compare.Significant(t.Slower) + " x"
}

// WriteCSV writes one row for each measurement: wall and CPU time of each round, and the peak memory where it is known.
func (r *Report) WriteCSV(w io.Writer) error {
	var rows []compare.Row
	for _, line := range r.Lines {
		for _, t := range line.Times {
			row := compare.Row{Model: line.Model, Engine: t.Engine, Voxels: line.Voxels}
			add := func(round int, quantity string, value float64) {
				row.Round, row.Quantity, row.Value = round, quantity, value
				rows = append(rows, row)
			}
			for k := range t.Wall {
				add(k+1, "wall_s", t.Wall[k])
				add(k+1, "cpu_s", t.CPU[k])
			}
			if t.Peak > 0 && !t.PeakBelow {
				add(0, "peak_bytes", float64(t.Peak))
			}
		}
	}
	return compare.WriteRows(w, r.Engines, rows)
}
