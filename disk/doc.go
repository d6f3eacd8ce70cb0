// Package disk holds the operations by which voxfit changes files that must survive a kill and a power loss: maps on their
// way to their places, the journal of a move, the checkpoint of a fit, the rows of a study.
//
// # What survives a power loss
//
// An operating system keeps what is written in memory for a while. What a power loss leaves of it:
//
//   - Of a file, what was written before its last Sync. What was written later is there, or not, or in part.
//   - Of a name in a folder, what was made, renamed or removed before the last SyncFolder of that folder. What came later
//     is there or not, each operation for itself.
//
// Replace writes a whole file or none, and keeps the order that this asks for: the content is on the disk before the
// name is, and the name when Replace returns.
//
// # Who watches
//
// Observe hands each operation to a function, after it was done. The tests of what a power loss leaves
// (internal/powerloss) use it to know what was on the disk at any moment. A program that nobody observes loses nothing
// by it but a look at a pointer. Whatever must survive a power loss is therefore written through this package alone.
package disk
