// Package turn lets two benchmark programs measure in turn.
//
// The speed of a machine changes: its clock, or what another guest does on the same core, holds for a second and is then a
// third higher. Two programs that run one after the other meet different machines. Two that change places every few
// milliseconds meet the same one.
//
// So make bench starts the programs of both commits together. Before each measurement a benchmark calls [Take], which asks for
// the turn and waits until it is given. Without make bench there is nobody to ask, and Take returns at once.
package turn
