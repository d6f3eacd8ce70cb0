// Package powerloss lets tests take the power away from a program at any moment, and gives them a disk as it may be then.
// Nothing outside of tests imports it.
//
// A Recorder keeps every operation of package disk below a folder. Its Disk makes, in another folder, what may be left
// when the power fails after the first k of them:
//
//   - What was written to a file after its last sync is there, or not, or in part, each piece for itself, with zeros
//     where one is missing before one that is there.
//   - A name that was made, renamed or removed after the last sync of its folder is as before or as after, each for
//     itself. A rename between two folders is safe when both are synced; until then the file is in one of them, and
//     never in none, as on file systems with a journal.
//
// Real file systems keep more order than that, each in its own way: what survives here survives there.
//
//	r := powerloss.Record(t, folder)
//	run()
//	r.Stop()
//	for k := range r.Operations() + 1 {
//		r.Disk(t, k, random, after)
//		// what is in the folder after must be something to go on from
//	}
package powerloss
