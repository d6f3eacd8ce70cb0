// Package lock lets one process at a time write a file, or a set of files.
//
// # An open file
//
// File locks a file that is open already, such as the CSV of a study, with the lock of the operating system. The
// operating system releases it when the process ends, however it ends, so that a kill never leaves a lock that somebody
// has to remove. Some network file systems have no such locks. There a second file beside the first serves as the lock.
// A kill leaves that file behind, and the error that the next process gets names the file to remove.
//
// # A set of files
//
// Take locks a set of files by a hidden lock file beside them. It never waits. The second process gets a HeldError that
// says what the first wrote about itself: which command it is, which process on which host, and since when it holds the
// lock.
//
//	held, err := lock.Take("maps/.model-csd.lock", lock.Holder("kbench fit csdm dwi.nii.gz -o maps"))
//	if err != nil {
//		return err // maps/.model-csd.lock: another process is writing to it: kbench fit ... (process 4711 on node3 since ...)
//	}
//	defer held.Release()
//
// The process that holds the lock removes the file at the end. This may happen after another process has opened the
// file and before that process locks it. A third process may then hold a new file of the same name. Take therefore
// checks that the name still belongs to the file that it locked, and starts again if it does not.
//
// # Opening what others may have put there
//
// Open opens a file for reading and writing in a folder that others write to as well. It does not follow a link in the
// last part of the path, so that nothing outside the folder can be changed through one. It opens only regular files,
// and does not wait for the other end of a named pipe. OpenToRead and ReadFile do the same for files that are only
// read, but follow links.
package lock
