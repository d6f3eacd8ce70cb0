// Generate writes python/voxfit/fits.py, the functions that fit a model each, from python/voxfit/options.json,
// the listing of all models that `kbench options --json` prints.
//
// A model's options become keyword arguments: choices are typed as Literal, defaults are visible, and the words
// that DIPY has for an option are accepted beside its name. Help, units and ranges become a docstring in NumPy's
// form.
//
//	go run ./python/generate -options python/voxfit/options.json -out python/voxfit/fits.py
package main

//go:generate go run . -options ../voxfit/options.json -out ../voxfit/fits.py
