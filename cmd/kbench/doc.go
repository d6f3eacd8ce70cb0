// Kbench fits diffusion-MRI models to real data and repeats the study of how such fits scale.
//
//	kbench run        repeat the study: models x chunks x cores -> CSV (resumable), figures, page
//	kbench fit        fit one acquisition, write maps with sidecars
//	kbench report     tables, figures and one HTML page from CSV files, the published study's included
//	kbench explain    why each added core gains less: the overhead model of CSV files
//	kbench simulate   predicted speed-up on a larger machine
//	kbench study      a whole machine within a budget of time, into one archive
//	kbench compare    voxfit, DIPY and MRtrix3 on the same voxels and one core: parity and speed
//	kbench metg       what it costs to hand out a task, by voxfit's scheduler and by others
//	kbench options    the models, their options and their maps
//	kbench env        what this machine is and can do
//	kbench phantom    write a synthetic acquisition with known truth
//
// Each command reads its flags, calls the packages (nifti, acq, model, fit, study, phantom, numa) and says in one line
// what went wrong. Most files of this folder belong to one command (run.go with engines.go, fit.go with fitblocks.go
// and fitwrite.go, report.go, explain.go, simulate.go with calibrate.go, compare.go, metg.go, studykit.go with
// studyplan.go, bandwidth.go and reportmachines.go, options.go, env.go with peak.go and speed.go, phantom.go). The
// commands share arguments.go (the command line as the study types it), inputs.go and load.go (from files to signal),
// models.go with modelflags.go, fitusage.go and tissues.go (from flags to a model), placement.go (workers on CPUs),
// staging.go and journal.go (a set of files is written whole or not at all), progress.go, and the values of some flags
// (bytesize.go, shard.go).
package main
