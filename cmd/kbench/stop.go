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

// stopGrace is how long a command may take to end by itself after a signal, before it is ended. It may be waiting for a
// disk, or be in a step that cannot be interrupted. The files on the disk are good at any moment, and the next start
// cleans up.
const stopGrace = 100 * time.Millisecond

// A stopping says what a command keeps and needs when a signal stops it.
type stopping struct {
	kept     atomic.Pointer[string] // what is kept if the command is stopped now; nil for nothing
	programs atomic.Bool            // whether the command has started other programs and must end them itself
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

// withStopping returns a context through which a command can say what it keeps.
func withStopping(ctx context.Context) (context.Context, *stopping) {
	if s, ok := ctx.Value(stoppingKey{}).(*stopping); ok {
		return ctx, s
	}
	s := new(stopping)
	return context.WithValue(ctx, stoppingKey{}, s), s
}

// keeps sets the text on what is kept if the command is stopped from now on.
func keeps(ctx context.Context, format string, values ...any) {
	_, s := withStopping(ctx)
	text := fmt.Sprintf(format, values...)
	s.kept.Store(&text)
}

// endsPrograms says that the command must end other programs, which takes longer than stopGrace.
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

// stopCode returns the exit code of a stopped command. It is the one that shells report for a program that the signal
// ended.
func stopCode(ctx context.Context) int {
	var s signalError
	if errors.As(context.Cause(ctx), &s) {
		return 128 + int(s.Signal)
	}
	return exitInterrupted
}

// onSignals returns a context that SIGINT, SIGTERM and SIGHUP end, unless they were ignored when the program started. A
// shell ignores SIGINT for the background commands of a script, and nohup ignores SIGHUP. If the command has not ended
// after stopGrace, exit is called.
func onSignals(stderr io.Writer, exit func(code int)) context.Context {
	ctx, s := withStopping(context.Background())
	ctx, cancel := context.WithCancelCause(ctx)
	// Writing to a closed output must fail, and must not end a fit whose maps are almost complete. This uses Notify,
	// because started programs would inherit Ignore.
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
		go func() { // in a goroutine, because a full pipe may block it for ever
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
