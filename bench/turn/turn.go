package turn

import (
	"bufio"
	"io"
	"os"
)

// Env is the environment variable that is set for programs that must wait for turns. Each byte on their standard
// input gives a turn.
const Env = "VOXFIT_TURNS"

// Ask is the byte that a program writes to standard output to ask for a turn (ENQ of ASCII). Its output before that
// byte belongs to the turn that ends.
const Ask = 5

var stdin = bufio.NewReader(os.Stdin)

// Take ends the turn of this program and waits for its next one. A benchmark calls it where its set-up is done and its
// measurement begins. It does nothing where [Env] is not set.
func Take() {
	if os.Getenv(Env) != "" {
		take(os.Stdout, stdin)
	}
}

// take also returns when standard input has ended and nobody gives turns any more.
func take(asks io.Writer, turns io.ByteReader) {
	asks.Write([]byte{Ask})
	turns.ReadByte()
}
