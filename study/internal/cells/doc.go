// Package cells writes the numbers in the CSV files of a study, and the errors about a cell or a row: one line that
// names the file, the line and the column. Numbers that people read are written with package words.
package cells
