package metg

import (
	"runtime"
	"time"
)

// The multiplier and the increment of the generator (Knuth's MMIX).
const (
	multiplier = 6364136223846793005
	increment  = 1442695040888963407
)

// work is the work of a task.
//
//go:noinline
func work(seed, iterations uint64) uint64 {
	x := seed
	for range iterations {
		x = x*multiplier + increment
	}
	return x
}

// Sum is what the results of tasks 0, 1, 2 ... add up to, modulo 2^64: each begins with its number.
func Sum(tasks int, iterations uint64) uint64 {
	// All iterations together are x -> a x + c, found by squaring.
	a, c := uint64(1), uint64(0)
	stepA, stepC := uint64(multiplier), uint64(increment)
	for n := iterations; n > 0; n >>= 1 {
		if n&1 == 1 {
			a, c = a*stepA, c*stepA+stepC
		}
		stepA, stepC = stepA*stepA, stepC*stepA+stepC
	}
	m := uint64(tasks)
	numbers := m / 2 * (m - 1) // 0 + 1 + ... + m-1
	if m%2 == 1 {
		numbers = (m - 1) / 2 * m
	}
	return a*numbers + m*c
}

// iteration is the seconds of one iteration in the calling thread, the least of several loops.
func iteration() float64 {
	const n = 40000
	best := 1.0
	for seed := range uint64(8) {
		begin := time.Now()
		runtime.KeepAlive(work(seed, n))
		best = min(best, time.Since(begin).Seconds()/n)
	}
	return best
}
