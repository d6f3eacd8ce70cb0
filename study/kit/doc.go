// Package kit reads and writes the study of one machine, as `kbench study` makes it, and the archive in which such a
// study is copied to another machine.
//
// # The folder
//
// A study is a folder. Each of its steps ends with a file that is written whole, so that a study that was stopped goes
// on with the step that is missing:
//
//	begun.json          which machine, version, budget, kernels and CPUs began it; not in the archive
//	plan.json           what will be measured (Plan)
//	machine.json        facts of the machine, a name and a value each (Fact)
//	env.json            what `kbench env --json` says of it
//	bandwidth.json      how fast each node reads each node's memory (Bandwidth)
//	metg.json           what schedulers take to hand out a task (package metg)
//	predictions.json    the times that a simulation gives for the fits (Predictions)
//	predictions.sha256  the SHA-256 of that file, and when it was written
//	sweep-HASH/         the measured times of the fits, a CSV file for each [Sweep] (package study)
//
// # Predictions come first
//
// The predictions are written before the first fit is timed. To show this, the folder of the measured times has the
// first twelve digits of the predictions' hash in its name ([SweepFolder]). [Read] refuses an archive whose predictions
// have another hash.
//
// # The archive
//
// [Pack] makes a .tar.gz of the folder; the same files give the same bytes. [Read] reads it as a [Study], which package
// page shows.
package kit
