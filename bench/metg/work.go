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

// work does the work of a task: iterations of the generator, beginning with seed.
//
//go:noinline
func work(seed, iterations uint64) uint64 {
	x := seed
	for range iterations {
		x = x*multiplier + increment
	}
	return x
}

// Sum is the sum of the results of tasks 0, 1, 2 ..., modulo 2^64. The seed of each task is its number.
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

// alone is the seconds that one task takes when the calling thread does one after another in a loop. It takes the
// shortest of several loops. The loop has tasks of the same length, because a processor overlaps neighbouring short
// tasks. The time of a task with more iterations than a loop has is computed in proportion.
func alone(iterations uint64) float64 {
	const most = 40000
	each := min(iterations, most)
	n := most / max(1, each)
	best := 1.0
	for seed := range uint64(8) {
		begin := time.Now()
		sum := uint64(0)
		for task := range n {
			sum += work(seed+task, each)
		}
		runtime.KeepAlive(sum)
		best = min(best, time.Since(begin).Seconds()/float64(n))
	}
	return best * float64(max(1, iterations)) / float64(max(1, each))
}
