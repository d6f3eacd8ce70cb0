// Package page shows a study: as one HTML file to read, and as tables for a terminal.
//
// There is a type for each kind of page. Its method Write writes the page to a folder. The types that can also be shown
// in a terminal have WriteTable.
//
//	Report       a summary of runs: results, the study's figures, where the core-seconds went, how to repeat it all
//	Explanation  why each added core gains less: the fitted formula, its errors and what they mean
//	METG         what several schedulers take to hand out a task
//	Machines     the studies of one or more machines beside each other (kbench study)
//	History      the speeds of the kernels on one kind of processor, commit by commit (curves from two commits on)
//	Prediction   what a simulation says of a larger machine (a table, a file and a figure, without a page)
//
// [WaitingFigure] draws a figure without a page: how long users wait from a file to maps, for kbench compare
// --from-file.
//
// # The file
//
// index.html needs no other file, no script and no network. Figures are part of it, as SVG in the text colour of the
// page, light or dark. Beside it, the same figures are files of their own. A report also has all of its numbers in
// summary.csv. Each file is replaced as a whole, and index.html last, so that a page never refers to figures that are
// not there yet.
//
// # Figures
//
// Engines differ by dashes and marks as well as by colour. The curves of the published study are grey and lie behind
// the others. A figure that cannot be drawn is left out with a sentence that says why.
//
// Package drawing (page/internal/drawing) decides how a figure looks: panels, axes, curves, bars, colours, and the SVG.
// Files here, named after the figures, decide what a figure shows. studyfigures.go has the study's five figures, and
// accountfigure.go shows where the core-seconds went. The figures of an explanation are in lossfigure.go,
// overheadfigure.go and explanationfigures.go.
//
// # What it reads
//
// The package takes summaries, explanations, studies, histories and predictions from their packages. Every number on a
// page was computed there.
package page
