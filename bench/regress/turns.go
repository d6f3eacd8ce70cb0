package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/voxfit/voxfit/bench/turn"
	"github.com/voxfit/voxfit/internal/calm"
)

// A running is a program that runs its benchmarks. It is given turns if it asks for them (package turn).
type running struct {
	of             *program
	command        *exec.Cmd
	turns          io.WriteCloser
	asks           chan struct{} // closed when the program has closed its output
	asked          int
	ended          bool
	stdout, stderr bytes.Buffer
}

// start runs benchmarks of the program on the CPU that the calling thread is pinned to, in one thread of Go.
func (p *program) start(ctx context.Context, pattern, benchtime string, count int) (*running, error) {
	command := exec.CommandContext(ctx, p.path, "-test.run=^$", "-test.bench="+pattern, "-test.benchtime="+benchtime,
		"-test.count="+strconv.Itoa(count), "-test.cpu=1", "-test.timeout=10m")
	inGroup(command)
	command.Env = append(os.Environ(), turn.Env+"=1")
	r := &running{of: p, command: command, asks: make(chan struct{})}
	command.Stderr = &r.stderr
	turns, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.turns = turns
	if err := command.Start(); err != nil {
		return nil, err
	}
	go r.listen(bufio.NewReader(output))
	return r, nil
}

// listen separates the program's reports from its requests for turns.
func (r *running) listen(output *bufio.Reader) {
	defer close(r.asks)
	for {
		b, err := output.ReadByte()
		switch {
		case err != nil:
			return
		case b == turn.Ask:
			r.asks <- struct{}{}
		default:
			r.stdout.WriteByte(b)
		}
	}
}

// await returns when the program asks for a turn, or has ended.
func (r *running) await() {
	if _, asks := <-r.asks; asks {
		r.asked++
	} else {
		r.ended = true
	}
}

// give lets the program measure once. It is not an error here if the program has ended.
func (r *running) give() {
	r.turns.Write([]byte{'\n'})
	r.await()
}

// finish waits for the program's end and returns what it reported.
func (r *running) finish(ctx context.Context) (string, error) {
	r.turns.Close()
	for !r.ended { // it still asks for turns, and goes on without them
		r.await()
	}
	err := r.command.Wait()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, firstLine(failure(r.stdout.String()), r.stderr.String()))
		}
		return "", fmt.Errorf("%s: its benchmarks failed: %w", r.of.suite.folder, err)
	}
	return r.stdout.String(), nil
}

// alternate lets two programs measure in turn until both have ended: the first, the second, the second, the first,
// and so on. If the machine becomes faster or slower meanwhile, this affects both alike.
func alternate(first, second *running) {
	first.await()
	second.await()
	for pair := 0; !first.ended || !second.ended; pair++ {
		order := [2]*running{first, second}
		if pair%2 == 1 {
			order = [2]*running{second, first}
		}
		for _, r := range order {
			if !r.ended {
				r.give()
			}
		}
	}
}

// execute runs benchmarks of one program.
func (p *program) execute(ctx context.Context, pattern, benchtime string, count int) (string, calm.Use, error) {
	begin := time.Now()
	r, err := p.start(ctx, pattern, benchtime, count)
	if err != nil {
		return "", calm.Use{}, err
	}
	output, err := r.finish(ctx)
	if err != nil {
		return "", calm.Use{}, err
	}
	p.takesTurns = r.asked > 0
	return output, calm.OfProcess(begin, r.command.ProcessState), nil
}

// executeBoth runs benchmarks of two programs that take turns.
func executeBoth(ctx context.Context, first, second *program, patterns [2]string, benchtime string, count int) (outputs [2]string, use calm.Use, err error) {
	begin := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var both [2]*running
	for i, p := range []*program{first, second} {
		if both[i], err = p.start(ctx, patterns[i], benchtime, count); err != nil {
			cancel()
			if i == 1 {
				both[0].finish(ctx)
			}
			return outputs, use, err
		}
	}
	alternate(both[0], both[1])
	var busy time.Duration
	for i, r := range both {
		output, failed := r.finish(ctx)
		outputs[i], err = output, errors.Join(err, failed)
		if r.command.ProcessState != nil {
			busy += r.command.ProcessState.UserTime() + r.command.ProcessState.SystemTime()
		}
	}
	return outputs, calm.Use{Wall: time.Since(begin), Busy: busy}, err
}
