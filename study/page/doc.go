// Package page shows a study: as one HTML file to read, and as tables for a terminal.
//
// There is a page for each thing to be shown. Each has a method Write, for a folder, and those that a
// terminal shows too have WriteTable.
//
//	Report       a summary of runs: results, the study's figures, where the core-seconds went, how to repeat it all
//	Explanation  why each added core costs something: the fitted formula, its errors and what they mean
//	History      the speeds of the kernels on one kind of processor, commit by commit
//	Prediction   what a simulation says of a larger machine (a table, a file and a figure, without a page)
//
// [WaitingFigure] is a figure alone: what users wait for from a file to maps, for kbench compare --from-file.
//
// # The file
//
// index.html needs no other file, no script and no network: figures stand inside it as SVG, in the text colour of the
// page, light or dark. Beside it are the same figures as files of their own and, of a report, every number as
// summary.csv. Each file is replaced as a whole, index.html last, so that a page never shows what is not there.
//
// # Figures
//
// Engines that are told apart by colour are told apart by dashes and marks too. The published study's curves lie behind
// ours in grey. A figure that cannot be drawn is left out with a sentence that says why.
//
// How a figure looks is package drawing's (page/internal/drawing): panels, axes, curves, bars, colours, and the SVG. What
// it shows is in the files named after the figures: studyfigures.go has the study's five, accountfigure.go where the
// core-seconds went, lossfigure.go, overheadfigure.go and explanationfigures.go those of an explanation.
//
// # What it reads
//
// It sees summaries, explanations, histories and predictions as their packages give them, and computes nothing
// anew: a number on the page is one of theirs.
package page
