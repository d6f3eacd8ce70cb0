package turn

import (
	"bufio"
	"bytes"
	"io"
	"testing"
)

func TestAProgramAsksAndWaitsForItsTurn(t *testing.T) {
	turns, give := io.Pipe()
	asked, taken := make(chan byte), make(chan bool)
	asks, ask := io.Pipe()
	go func() {
		take(ask, bufio.NewReader(turns))
		close(taken)
	}()
	go func() {
		var b [1]byte
		asks.Read(b[:])
		asked <- b[0]
	}()
	if b := <-asked; b != Ask {
		t.Fatalf("asked with %d, want %d", b, Ask)
	}
	select {
	case <-taken:
		t.Fatal("the turn was taken before it was given")
	default:
	}
	give.Write([]byte{'\n'})
	<-taken
}

func TestAProgramGoesOnWhereNobodyGivesTurns(t *testing.T) {
	take(&bytes.Buffer{}, bufio.NewReader(&bytes.Buffer{}))
}
