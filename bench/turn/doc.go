// Package turn lets two benchmark programs measure in turn.
//
// The speed of a machine changes: its clock rate, or the load of another guest on the same core, may change within a
// second, and the speed by a third. Two programs that run one after the other meet different speeds. Two programs
// that take turns every few milliseconds meet the same.
//
// So make bench starts the programs of both commits together. Before each measurement a benchmark calls [Take],
// which asks for a turn and waits until it is given. Without make bench, Take returns at once.
package turn
