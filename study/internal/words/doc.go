// Package words writes the numbers of a study as people read them: in a table, under a figure, or within
// a sentence. A file that a program reads is written with package cells instead.
package words
