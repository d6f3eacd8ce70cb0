package compare

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/voxfit/voxfit/internal/plural"
)

// WriteTable writes the report for people: speed, then parity, then what is missing.
func (r *Report) WriteTable(w io.Writer) error {
	where := fmt.Sprintf("on CPU %d alone", r.CPU)
	if r.CPU < 0 {
		where = "not pinned"
	}
	fmt.Fprintf(w, "us/voxel, median of %s (lowest - highest), one core, %s\n", plural.Count(r.Rounds, "interleaved round"), where)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprint(t, "model\tvoxels")
	for _, e := range r.Engines {
		fmt.Fprintf(t, "\t%s", e)
	}
	for _, e := range r.Engines[1:] {
		fmt.Fprintf(t, "\t%s / voxfit", e.Name)
	}
	fmt.Fprintln(t)
	for _, m := range r.Models {
		fmt.Fprintf(t, "%s\t%d", m.Model, m.Voxels)
		for _, x := range m.Times {
			fmt.Fprintf(t, "\t%s", x.Rounds)
		}
		for _, x := range m.Times[1:] {
			if x.Slower == 0 {
				fmt.Fprint(t, "\t-")
			} else {
				fmt.Fprintf(t, "\t%s x", Significant(x.Slower))
			}
		}
		fmt.Fprintln(t)
	}
	fmt.Fprintln(t)
	fmt.Fprintln(t, "parity\twith\tvalue\tof what")
	for _, m := range r.Models {
		for _, p := range m.Parity {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", m.Model, p.Peer, p.value(), p.Criterion)
		}
	}
	fmt.Fprintln(t)
	fmt.Fprintln(t, "timed\tby\tcall")
	for _, m := range r.Models {
		for _, x := range m.Times[1:] {
			if x.What != "" {
				fmt.Fprintf(t, "%s\t%s\t%s\n", m.Model, x.Engine, x.What)
			}
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "\n%s\n", note)
	}
	return nil
}

// String is the name, with the version and the build where they are known.
func (e Engine) String() string {
	words := e.Name
	if e.Version != "" {
		words += " " + e.Version
	}
	if e.Build != "" {
		words += " (" + e.Build + ")"
	}
	return words
}

func (p Parity) value() string {
	if p.Of > 0 {
		return fmt.Sprintf("%.0f of %d", p.Value, p.Of)
	}
	return fmt.Sprintf("%.2g", p.Value)
}

// A Row is one measurement in a CSV file.
type Row struct {
	Model, Engine string
	Voxels        int
	Round         int // from 1; 0 for a value that does not belong to a round
	Quantity      string
	Value         float64
	Of            int // for a count of voxels, out of how many; else 0
}

// WriteRows writes rows as CSV, with the versions of their engines, under a header.
func WriteRows(w io.Writer, engines []Engine, rows []Row) error {
	out := csv.NewWriter(w)
	out.Write([]string{"model", "engine", "version", "voxels", "round", "quantity", "value", "of"})
	versions := map[string]string{}
	for _, e := range engines {
		versions[e.Name] = e.Version
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	for _, r := range rows {
		out.Write([]string{r.Model, r.Engine, versions[r.Engine], number(r.Voxels), number(r.Round), r.Quantity,
			strconv.FormatFloat(r.Value, 'g', -1, 64), number(r.Of)})
	}
	out.Flush() // a csv.Writer keeps its first error
	return out.Error()
}

// WriteCSV writes one row for each measurement: a time of one round, or a criterion of parity (whose
// round is empty).
func (r *Report) WriteCSV(w io.Writer) error {
	var rows []Row
	for _, m := range r.Models {
		for _, t := range m.Times {
			for k, us := range t.Rounds {
				rows = append(rows, Row{Model: m.Model, Engine: t.Engine, Voxels: m.Voxels, Round: k + 1, Quantity: "us_per_voxel", Value: us})
			}
		}
		for _, p := range m.Parity {
			rows = append(rows, Row{Model: m.Model, Engine: p.Peer, Voxels: m.Voxels, Quantity: p.Criterion, Value: p.Value, Of: p.Of})
		}
	}
	return WriteRows(w, r.Engines, rows)
}
