package turn

import (
	"bufio"
	"io"
	"os"
)

// Env is set for programs whose standard input gives turns: a byte for each.
const Env = "VOXFIT_TURNS"

// Ask is written to standard output to ask for a turn (ENQ of ASCII). What was written before it belongs to the turn that ends.
const Ask = 5

var stdin = bufio.NewReader(os.Stdin)

// Take ends the turn of this program and waits for its next one. A benchmark calls it where its set-up is done and its
// measurement begins. It does nothing where [Env] is not set.
func Take() {
	if os.Getenv(Env) != "" {
		take(os.Stdout, stdin)
	}
}

// take goes on too when there is nobody left who would give a turn.
func take(asks io.Writer, turns io.ByteReader) {
	asks.Write([]byte{Ask})
	turns.ReadByte()
}
