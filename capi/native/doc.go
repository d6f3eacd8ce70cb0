// Package native does the work of the C library's functions, in Go and without cgo. Models are made from a gradient
// table and options in JSON, and the caller knows them by handles. A fit reads and writes a batch in the caller's
// memory, in the caller's layout.
//
//	New      gradient table, options -> handle
//	Find     handle -> *Model, or an error once it was freed
//	Fit      signal with any strides -> parameters, status, iterations
//	Derive   parameters, status, iterations -> maps
//
// A batch is cut into the chunks of package sched, and a chunk into tiles: small enough that an abort is noticed within
// about 20 ms and that a gathered tile stays in the cache. A voxel's result depends on neither chunks nor tiles.
//
// Folder capi wraps this package for C, folder python for Python.
package native
