package arm64_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const disassembler = "aarch64-linux-gnu-objdump"

// TestEveryWordIsTheInstructionThatItsCommentNames gives all words of the generated files to GNU's disassembler,
// which knows nothing of the generator's table.
func TestEveryWordIsTheInstructionThatItsCommentNames(t *testing.T) {
	objdump, err := exec.LookPath(disassembler)
	if err != nil {
		t.Skipf("no %s (binutils-aarch64-linux-gnu)", disassembler)
	}
	words := generatedWords(t)
	keys := make([]uint32, 0, len(words))
	for word := range words {
		keys = append(keys, word)
	}
	slices.Sort(keys)
	var code []byte
	for _, word := range keys {
		code = binary.LittleEndian.AppendUint32(code, word)
	}
	path := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(path, code, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(objdump, "-D", "-b", "binary", "-m", "aarch64", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, line := range regexp.MustCompile(`(?m)^ +[0-9a-f]+:\t([0-9a-f]{8}) \t(.*)$`).FindAllStringSubmatch(string(out), -1) {
		word, _ := strconv.ParseUint(line[1], 16, 32)
		seen++
		if got, want := strings.ReplaceAll(line[2], "\t", " "), words[uint32(word)]; got != want {
			t.Errorf("%08x is %q, its comment says %q", word, got, want)
		}
	}
	if seen != len(words) {
		t.Errorf("objdump told of %d words, there are %d", seen, len(words))
	}
	t.Logf("%d different words", seen)
}

// generatedWords returns the words of all generated files, with the instructions in their comments.
func generatedWords(t *testing.T) map[uint32]string {
	t.Helper()
	files, err := filepath.Glob("*_arm64.s")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	words := map[uint32]string{}
	for _, file := range append(files, "words/words_arm64.s") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`(?m)^\tWORD \$0x([0-9a-f]{8}) // (.*)$`).FindAllStringSubmatch(string(text), -1)
		if all := strings.Count(string(text), "WORD"); len(found) != all {
			t.Errorf("%s: %d of %d words have a comment", file, len(found), all)
		}
		for _, match := range found {
			word, _ := strconv.ParseUint(match[1], 16, 32)
			if known, ok := words[uint32(word)]; ok && known != match[2] {
				t.Error(fmt.Errorf("%08x is both %q and %q", word, known, match[2]))
			}
			words[uint32(word)] = match[2]
		}
	}
	return words
}
