//go:build !race

package sh

const raceDetector = false
