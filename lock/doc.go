// Package lock lets one process at a time write a file, or a set of files.
//
// # An open file
//
// File locks a file that is open already, such as the CSV of a study, with the lock of the operating system. The
// kernel gives it back when the process ends, however it ends: no kill leaves a lock that somebody has to remove.
// Where a file system has no such locks (some network file systems), a file beside it stands in, which a kill does
// leave behind; the refusal then names the file to remove.
//
// # A set of files
//
// Take locks a set of files by a file of their own, hidden beside them. It never waits. Whoever comes second gets a
// HeldError with the first one's words about itself: which command, which process on which host, since when.
//
//	held, err := lock.Take("maps/.model-csd.lock", lock.Holder("kbench fit csdm dwi.nii.gz -o maps"))
//	if err != nil {
//		return err // maps/.model-csd.lock: another process is writing to it: kbench fit ... (process 4711 on node3 since ...)
//	}
//	defer held.Release()
//
// The file is removed at the end, by the one that holds it. Between opening a file and locking it, its holder may
// have removed it, and a third one may hold another file of that name. Take therefore looks whether the name still
// belongs to the file that it locked, and starts again where it does not.
//
// # Opening what others may have put there
//
// Open opens a file for reading and writing in a folder that others write to as well. It follows no link in the last
// part of the path, so that nothing outside the folder can be changed through it, takes regular files alone, and does
// not wait for the other end of a named pipe. OpenToRead and ReadFile are the same for files that are only read, where
// links are followed.
package lock
