package gunzip

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// TestFilesOfOtherCompressorsAreRead lets each program that is installed compress the same data.
func TestFilesOfOtherCompressorsAreRead(t *testing.T) {
	peer.Slow(t)
	data := signals(400_000)
	for _, command := range []string{
		"gzip -1", "gzip -6", "gzip -9", "gzip --rsyncable -6",
		"pigz -6 -b 128 -p 2", "pigz -i -b 128 -p 2",
		"bgzip", "libdeflate-gzip -1", "libdeflate-gzip -12", "igzip -0", "igzip -3",
	} {
		t.Run(command, func(t *testing.T) {
			words := strings.Fields(command)
			if _, err := exec.LookPath(words[0]); err != nil {
				t.Skipf("%s is not installed", words[0])
			}
			file := output(t, words, data)
			for _, workers := range []int{1, 3} {
				got, err := decoded(file, workers, 40_000)
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%d workers: %d bytes, error %v, expected %d bytes", workers, len(got), err, len(data))
				}
			}
		})
	}
}

// output returns the output of a command with data as its input.
func output(t *testing.T, words []string, data []byte) []byte {
	t.Helper()
	c := exec.Command(words[0], append(words[1:], "-c")...)
	c.Stdin = bytes.NewReader(data)
	file, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(words, " "), err)
	}
	return file
}
