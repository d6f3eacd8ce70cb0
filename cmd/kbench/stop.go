package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// stopGrace is how long a command has, after a signal, to end by itself. A command that does not end is ended then. It
// may wait for a disk, say, or be in a step that cannot be left. What is on the disk is good at any moment, and the
// next start tidies.
const stopGrace = 100 * time.Millisecond

// A stopping is what happens to a command when a signal comes.
type stopping struct {
	kept     atomic.Pointer[string] // what is kept if it is stopped now; nil for nothing
	programs atomic.Bool            // it has started other programs, and has to end them itself
	saying   sync.Once
}

// A signalError says which signal ended a command's context.
type signalError struct{ syscall.Signal }

func (e signalError) Error() string {
	switch e.Signal {
	case syscall.SIGINT:
		return "stopped by SIGINT (Ctrl-C)"
	case syscall.SIGTERM:
		return "stopped by SIGTERM"
	case syscall.SIGHUP:
		return "stopped by SIGHUP (its terminal was closed)"
	}
	return "stopped by signal " + e.String()
}

type stoppingKey struct{}

// withStopping is a context whose command can say what it keeps.
func withStopping(ctx context.Context) (context.Context, *stopping) {
	if s, ok := ctx.Value(stoppingKey{}).(*stopping); ok {
		return ctx, s
	}
	s := new(stopping)
	return context.WithValue(ctx, stoppingKey{}, s), s
}

// keeps says what of a command's work is kept if it is stopped from now on.
func keeps(ctx context.Context, format string, values ...any) {
	_, s := withStopping(ctx)
	text := fmt.Sprintf(format, values...)
	s.kept.Store(&text)
}

// endsPrograms says that the command has other programs to end, which takes longer than stopGrace.
func endsPrograms(ctx context.Context) {
	_, s := withStopping(ctx)
	s.programs.Store(true)
}

// say writes the one line of a stopped command.
func (s *stopping) say(ctx context.Context, stderr io.Writer) {
	s.saying.Do(func() {
		kept := "nothing was written"
		if text := s.kept.Load(); text != nil {
			kept = *text
		}
		fmt.Fprintf(stderr, "kbench: %s; %s\n", stopReason(ctx), kept)
	})
}

func stopReason(ctx context.Context) string {
	var s signalError
	if errors.As(context.Cause(ctx), &s) {
		return s.Error()
	}
	return "stopped"
}

// stopCode is the exit code of a stopped command, as shells give it to one that a signal ended.
func stopCode(ctx context.Context) int {
	var s signalError
	if errors.As(context.Cause(ctx), &s) {
		return 128 + int(s.Signal)
	}
	return exitInterrupted
}

// onSignals is a context that SIGINT, SIGTERM and SIGHUP end, where they were not ignored when the program started: a
// shell ignores SIGINT for the background commands of a script, and nohup ignores SIGHUP. If the command is not at its
// end after stopGrace, exit ends it.
func onSignals(stderr io.Writer, exit func(code int)) context.Context {
	ctx, s := withStopping(context.Background())
	ctx, cancel := context.WithCancelCause(ctx)
	// A closed output makes writing to it fail. It must not end a fit whose maps are about to be whole. (Notify is used
	// because programs that are started would inherit Ignore.)
	signal.Notify(make(chan os.Signal, 1), brokenPipe)
	signals := make(chan os.Signal, 1)
	for _, ends := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(ends) {
			signal.Notify(signals, ends)
		}
	}
	go func() {
		first := (<-signals).(syscall.Signal)
		cancel(signalError{first})
		time.Sleep(stopGrace)
		if s.programs.Load() {
			return
		}
		said := make(chan struct{})
		go func() { // which a full pipe may keep for ever
			s.say(ctx, stderr)
			close(said)
		}()
		select {
		case <-said:
		case <-time.After(stopGrace / 4):
		}
		exit(stopCode(ctx))
	}()
	return ctx
}
