// Package powerloss lets tests cut the power of a program at any moment, and gives them a disk as it may then be.
// Nothing outside of tests imports it.
//
// A Recorder records every operation of package disk below a folder. Its Disk writes into another folder what may be
// left if the power fails after the first k operations:
//
//   - Each write to a file after its last sync is on the disk, or is not, or is there in part. Zeros stand
//     where a write is missing before one that is there.
//   - Each name that was made, renamed or removed after the last sync of its folder is as before or as
//     after. A rename between two folders is safe once both are synced. Until then the file is in one of them and never
//     in none, as on file systems with a journal.
//
// Real file systems keep more order than that, each in its own way, so what survives here survives there.
//
//	r := powerloss.Record(t, folder)
//	run()
//	r.Stop()
//	for k := range r.Operations() + 1 {
//		r.Disk(t, k, random, after)
//		// the program must be able to go on from the folder after
//	}
package powerloss
