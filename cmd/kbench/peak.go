package main

import (
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/voxfit/voxfit/internal/calm"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/numa"
)

// A peak is the rates that some cores reach at the same time: of arithmetic with each instruction set, and of reading
// memory.
type peak struct {
	CPUs     []int     `json:"cpus"`
	Sets     []setPeak `json:"sets"`
	ReadRate float64   `json:"read_gb_per_s"`
	Taken    float64   `json:"share_taken_by_others"` // the share of the CPUs while this was measured
}

// A setPeak is the peak of one instruction set. "generic" is scalar code.
type setPeak struct {
	ISA string `json:"instruction_set"`
	kernel.Throughput
}

// measuring is how long each loop runs.
const measuring = 150 * time.Millisecond

// measurePeak runs the loops on all cpus at the same time and adds up their rates.
func measurePeak(cpus []int) (peak, error) {
	p, use := peak{CPUs: cpus}, calm.Use{}
	for _, isa := range kernel.ISAs() {
		sum := setPeak{ISA: isa}
		var failed error
		var one sync.Mutex
		_, arithmetic := onEach(cpus, func() float64 {
			rates, err := kernel.MeasureThroughput(isa, measuring)
			one.Lock()
			defer one.Unlock()
			sum.Float64 += rates.Float64
			sum.Float32 += rates.Float32
			failed = errors.Join(failed, err)
			return 0
		})
		if failed != nil {
			return p, failed
		}
		use = use.Plus(arithmetic)
		p.Sets = append(p.Sets, sum)
	}
	rate, read := onEach(cpus, readRate)
	p.ReadRate, p.Taken = rate, 1-use.Plus(read).Share()
	return p, nil
}

// onEach runs rate on threads that are pinned to one CPU each, all at once. It returns the sum of the rates, and how
// much of their CPUs the threads had.
func onEach(cpus []int, rate func() float64) (float64, calm.Use) {
	var wait sync.WaitGroup
	rates, uses := make([]float64, len(cpus)), make([]calm.Use, len(cpus))
	for i, cpu := range cpus {
		wait.Go(func() {
			if unpin, err := numa.Pin(cpu); err == nil {
				defer unpin()
			}
			uses[i] = calm.OfThread(func() { rates[i] = rate() })
		})
	}
	wait.Wait()
	sum, use := 0.0, calm.Use{}
	for i, r := range rates {
		sum, use = sum+r, use.Plus(uses[i])
	}
	return sum, use
}

// readRate returns the rate of reading a block far larger than the caches, in 10^9 bytes a second.
func readRate() float64 {
	return readRateOf(make([]float64, 1<<24)) // 128 MiB
}

// readRateOf returns the rate of reading a block again and again, after writing it once.
func readRateOf(block []float64) float64 {
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
