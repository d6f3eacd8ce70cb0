package main

import (
	"runtime"
	"sync"
	"time"

	"github.com/voxfit/voxfit/numa"
)

// A peak is what portable Go code reaches on some cores at once: the ceiling of the generic kernels,
// not of the vector units (a later instruction set measures its own).
type peak struct {
	CPUs     []int   `json:"cpus"`
	Float64  float64 `json:"gflops_fp64"`
	Float32  float64 `json:"gflops_fp32"`
	ReadRate float64 `json:"read_gb_per_s"`
}

// measuring is how long each loop runs.
const measuring = 150 * time.Millisecond

// measurePeak runs the loops on all cpus at the same time and adds up their rates.
func measurePeak(cpus []int) peak {
	return peak{
		CPUs:     cpus,
		Float64:  onEach(cpus, func() float64 { return arithmeticRate[float64]() }),
		Float32:  onEach(cpus, func() float64 { return arithmeticRate[float32]() }),
		ReadRate: onEach(cpus, readRate),
	}
}

// onEach runs rate on a thread pinned to each CPU, all at once, and returns the sum.
func onEach(cpus []int, rate func() float64) float64 {
	var wait sync.WaitGroup
	rates := make([]float64, len(cpus))
	for i, cpu := range cpus {
		wait.Go(func() {
			if unpin, err := numa.Pin(cpu); err == nil {
				defer unpin()
			}
			rates[i] = rate()
		})
	}
	wait.Wait()
	sum := 0.0
	for _, r := range rates {
		sum += r
	}
	return sum
}

// arithmeticRate counts scalar multiplications and additions a second, in 10^9, on eight independent
// chains.
func arithmeticRate[T float32 | float64]() float64 {
	const steps = 1 << 16
	a, b, c, d, e, f, g, h := T(1), T(2), T(3), T(4), T(5), T(6), T(7), T(8)
	x, y := T(0.999), T(0.001)
	done, begin := 0, time.Now()
	for time.Since(begin) < measuring {
		for range steps {
			a = T(a*x) + y
			b = T(b*x) + y
			c = T(c*x) + y
			d = T(d*x) + y
			e = T(e*x) + y
			f = T(f*x) + y
			g = T(g*x) + y
			h = T(h*x) + y
		}
		done += steps
	}
	seconds := time.Since(begin).Seconds()
	runtime.KeepAlive(a + b + c + d + e + f + g + h)
	return float64(done) * 16 / seconds / 1e9
}

// readRate reads a block far larger than the caches, in 10^9 bytes a second.
func readRate() float64 {
	block := make([]float64, 1<<24) // 128 MiB
	for i := range block {
		block[i] = 1
	}
	var sum float64
	done, begin := 0, time.Now()
	for time.Since(begin) < measuring {
		var a, b, c, d, e, f, g, h float64
		for s := block; len(s) >= 8; s = s[8:] {
			a += s[0]
			b += s[1]
			c += s[2]
			d += s[3]
			e += s[4]
			f += s[5]
			g += s[6]
			h += s[7]
		}
		sum += a + b + c + d + e + f + g + h
		done += 8 * len(block)
	}
	seconds := time.Since(begin).Seconds()
	runtime.KeepAlive(sum)
	return float64(done) / seconds / 1e9
}
