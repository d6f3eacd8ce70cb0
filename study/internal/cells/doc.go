// Package cells is how the CSV files of a study write a number, and how what is wrong with a cell or a row
// of theirs is said: in one line that names the file, the line and the column. Numbers that people read are
// written with package words.
package cells
