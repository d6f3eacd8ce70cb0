package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows on a terminal how much of some work is done, with its rate and the time left. Elsewhere it is
// silent.
type progress struct{ bar *progressbar.ProgressBar }

// newProgress starts a bar on w for total units of work.
func newProgress(w io.Writer, what, unit string, total int) progress {
	return newBar(w, what, total, progressbar.OptionSetItsString(unit), progressbar.OptionShowCount(), progressbar.OptionShowIts())
}

// newBar starts a bar that shows the time left, and more by the options.
func newBar(w io.Writer, what string, total int, shows ...progressbar.Option) progress {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return progress{}
	}
	return progress{progressbar.NewOptions(total, append(shows,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionFullWidth(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)...)}
}

// describe sets the text before the bar.
func (p progress) describe(what string) {
	if p.bar != nil {
		p.bar.Describe(what)
	}
}

// set moves the bar to done units.
func (p progress) set(done int) {
	if p.bar != nil {
		_ = p.bar.Set(done)
	}
}

// finish removes the bar.
func (p progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
