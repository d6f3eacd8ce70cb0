// Package disk holds the operations by which voxfit changes files that must survive a kill and a power loss: maps on their
// way to their places, the journal of a move, the checkpoint of a fit, the rows of a study.
//
// # What survives a power loss
//
// An operating system first keeps in memory what a program writes, and puts it on disk later. After a power loss this
// is left:
//
//   - Of a file, everything that was written before its last Sync is there. Later writes may be there, or be
//     missing, or be there in part.
//   - Of the names in a folder, all that was made, renamed or removed before the last SyncFolder of that folder holds.
//     Each later operation may hold or may be lost, independently of the others.
//
// Replace writes a whole file or none. For that it puts the content on disk before the name. The name is on disk when
// Replace returns.
//
// # Who watches
//
// After each operation, the function that was given to Observe is called with it. The tests of what a power loss leaves
// (internal/powerloss) use this to know what was on the disk at any moment. Whatever must survive a power loss must
// therefore be written through this package. Without such a function the only cost is a look at a pointer.
package disk
