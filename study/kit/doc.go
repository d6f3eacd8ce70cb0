// Package kit is the study of one machine, as `kbench study` makes it: what it plans, what it predicts before it measures,
// what it measures, and the archive in which all of it travels.
//
// A study is a folder. Each of its steps ends with a file that is written whole ([Plan], the survey of the machine,
// [Bandwidth], the METG study, [Predictions], and the rows of the sweep, one by one), so that a study that was stopped goes
// on where it was. The predictions are written, and their SHA-256 with the time, before the first run of the sweep: the sweep's
// folder has the first digits of that hash in its name ([Predictions.Folder]), and [Read] refuses an archive whose
// predictions have another hash.
//
// [Pack] makes the archive, the same bytes from the same folder, and [Read] reads it.
package kit
