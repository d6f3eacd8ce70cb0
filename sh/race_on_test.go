//go:build race

package sh

// raceDetector slows floating-point loops down tenfold: the longest computations are left out.
const raceDetector = true
