package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
	"github.com/voxfit/voxfit/study/overhead"
)

// titleOf names an overhead: the model, its voxels and the engine.
func titleOf(h overhead.Overhead) string { return panelKey{h.Model, h.Voxels}.title() + ", " + h.Name }

// Which columns of the tables below hold words. All others hold numbers.
func isNoValue(i int) bool { return i != 1 } // all but the second
func isName(i int) bool    { return i == 0 }
func isNumber(int) bool    { return false } // none does

var coefficientHeader = []string{"cost", "value", "95% interval", "unit", "meaning"}

// coefficientRows returns the table of the fitted costs.
func coefficientRows(h overhead.Overhead) [][]string {
	row := func(name string, e *study.Estimate, scale float64, unit, what string) []string {
		if e == nil {
			return []string{name, "-", "", unit, "cannot be told from the others by these runs"}
		}
		return []string{name, words.Significant(scale*e.Value, 3), e.Interval(scale), unit, what}
	}
	work := "all the work, on one core"
	if h.ThreadUntold {
		work += " with its hyperthreads"
	}
	rows := [][]string{
		row("work", h.Work, 1, "s", work),
		row("serial part", h.Serial, 1, "s", "of every run, however many CPUs"),
		row("each chunk", h.Chunk, 1e3, "ms", "to hand out one task"),
		row("each core", h.Core, 1e3, "ms", "for one more core in use"),
		row("contention", h.Contention, 1, "s", "of work more for each other busy CPU of the socket"),
	}
	if h.Thread != nil || h.ThreadUntold {
		rows = append(rows, row("hyperthread", h.Thread, 100, "%", "of a core, that the second hyperthread of a core adds"))
	}
	return rows
}

func comparisonHeader(h overhead.Overhead) []string {
	largest := "largest CPU count"
	if h.Forecast != nil {
		largest = fmt.Sprintf("%d from %s", h.Forecast.CPUs, words.List(h.Forecast.From))
	}
	return []string{"time =", "fitted to all", "CPU count left out", "chunk count left out", largest, "AIC"}
}

// comparisonRows returns the table of errors of runs that were left out.
func comparisonRows(h overhead.Overhead) [][]string {
	var rows [][]string
	for _, c := range h.Forms {
		rows = append(rows, append(errorCells(c), criterion(c.AIC)))
	}
	for _, c := range h.Laws {
		rows = append(rows, append(errorCells(c), "-"))
	}
	return rows
}

func errorCells(c overhead.Comparison) []string {
	return []string{c.Name, errorsInWords(c.Within), errorsInWords(c.CPUs), errorsInWords(c.Chunks), errorsInWords(c.Largest)}
}

// criterion writes Akaike's criterion, as the distance from the least.
func criterion(aic float64) string { return strconv.FormatFloat(aic, 'f', 1, 64) }

const alternativesTitle = "Other reasons in the place of contention; median / mean of the errors:"

func isWord(i int) bool { return i < 2 }

func alternativeHeader(h overhead.Overhead) []string {
	return []string{"time =", "found", "fitted to all", "CPU count left out", comparisonHeader(h)[4], "AIC"}
}

// alternativeRows returns the table of other reasons why many cores gain little.
func alternativeRows(h overhead.Overhead) [][]string {
	var rows [][]string
	for _, c := range h.Alternatives {
		rows = append(rows, []string{c.Name, c.Found, errorsInWords(c.Within), errorsInWords(c.CPUs), errorsInWords(c.Largest), criterion(c.AIC)})
	}
	return rows
}

var numbersHeader = []string{"model, data and engine", "CPUs", "shortest s", "work s", "serial s", "each chunk ms", "each core ms", "hyperthread %", "off by"}

// numbersRows returns a row for each overhead: the fitted costs, and the errors for CPU counts left out.
func numbersRows(e overhead.Explanation) [][]string {
	var rows [][]string
	for _, h := range e.Overheads {
		last := h.Curves[len(h.Curves)-1]
		least := slices.MinFunc(last.Measured, func(a, b overhead.MeasuredTime) int { return cmp.Compare(a.Time.Median, b.Time.Median) })
		row := []string{titleOf(h), strconv.Itoa(last.CPUs), words.Significant(least.Time.Median, 3)}
		for _, c := range []struct {
			e     *study.Estimate
			scale float64
		}{{h.Work, 1}, {h.Serial, 1}, {h.Chunk, 1e3}, {h.Core, 1e3}, {h.Thread, 100}} {
			if c.e == nil {
				row = append(row, "-")
				continue
			}
			row = append(row, c.e.InWords(c.scale, ""))
		}
		rows = append(rows, append(row, words.Percent(h.Forms[0].CPUs.Mean)))
	}
	return rows
}

func isWordOfGap(i int) bool { return i < 2 }

func gapHeader(e overhead.Explanation) []string {
	header := []string{"reason", "found"}
	for _, h := range e.Overheads {
		for _, r := range h.Reported {
			header = append(header, fmt.Sprintf("%s %d", modelname.NameOf(h.Model), r.CPUs))
		}
	}
	return append(header, "AIC")
}

// gapRows returns, for each reason, how far the report's times are from the predicted ones.
func gapRows(e overhead.Explanation) [][]string {
	var rows [][]string
	for _, g := range e.Gaps {
		row := []string{g.Name, g.Cost}
		for _, x := range g.Errors {
			row = append(row, signedPercent(x))
		}
		rows = append(rows, append(row, criterion(g.AIC)))
	}
	return rows
}

func gapsOf(e overhead.Explanation) *gapSection {
	if len(e.Gaps) == 0 {
		return nil
	}
	return &gapSection{e.GapSentences(), newTable(gapHeader(e), gapRows(e), isWordOfGap)}
}

// errorsInWords writes the median and the mean of the absolute errors.
func errorsInWords(e overhead.Errors) string {
	if e.N == 0 {
		return "-"
	}
	return words.Percent(e.Median) + " / " + words.Percent(e.Mean)
}

// signedPercent writes a share with its sign, in whole percent.
func signedPercent(x float64) string {
	if math.Abs(x) < 0.005 {
		return "0%"
	}
	return fmt.Sprintf("%+.0f%%", 100*x)
}

const reportedTitle = "The published report's own machine, which the fit has not seen (parts of one of 36 cores and 72 CPUs):"

var reportedHeader = []string{"CPUs", "cores", "reported s", "predicted s", "95% of the fit", "off by"}

// reportedRows returns the published report's times beside those that the fit predicts.
func reportedRows(h overhead.Overhead) [][]string {
	var rows [][]string
	for _, r := range h.Reported {
		rows = append(rows, []string{strconv.Itoa(r.CPUs), strconv.Itoa(r.Cores), words.Plain(r.Measured),
			words.Significant(r.Predicted.Value, 3), r.Predicted.Interval(1), signedPercent(r.Predicted.Value/r.Measured - 1)})
	}
	return rows
}
