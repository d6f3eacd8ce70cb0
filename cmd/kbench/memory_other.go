//go:build !linux

package main

// Without /proc, the columns on memory stay empty.

func machineMemory() (usedGiB float64, total int64) { return 0, 0 }

func availableMemory() int64 { return 0 }

func peakRSS() int64 { return 0 }

func residentMemory() int64 { return 0 }
