package voxfit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/internal/toymodel"
)

// These tests put the Go code of the pages of docs/how-to where the pages say, and compile it. They use an overlay, so
// that the tree does not change.

// blocksOf returns the blocks of code of a page, indented or fenced, without indentation and fences.
func blocksOf(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	indentation, fence := regexp.MustCompile(`^ *`), false
	depth, inside := 0, false // the indentation of the current block
	for line := range strings.SplitSeq(string(text), "\n") {
		spaces := len(indentation.FindString(line))
		switch blank := spaces == len(line); {
		case strings.HasPrefix(line[spaces:], "```"):
			fence, inside = !fence, false
			depth = spaces
		case inside && blank:
			blocks[len(blocks)-1] += "\n"
		case inside && (fence || spaces >= depth):
			blocks[len(blocks)-1] += line[depth:] + "\n"
		case fence || spaces >= 4 && spaces < len(line):
			if !fence {
				depth = spaces
			}
			blocks, inside = append(blocks, line[depth:]+"\n"), true
		default:
			inside = inside && blank
		}
	}
	return blocks
}

// blockWith returns the only block of a page with this beginning.
func blockWith(t *testing.T, page, beginning string) string {
	t.Helper()
	var found []string
	for _, block := range blocksOf(t, page) {
		if strings.HasPrefix(block, beginning) {
			found = append(found, strings.TrimRight(block, "\n")+"\n")
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d blocks that begin with %q, want one", page, len(found), beginning)
	}
	return found[0]
}

// edited returns a file of the tree with replacements. Each replaced text must occur once.
func edited(t *testing.T, text, path string, oldAndNew ...string) string {
	t.Helper()
	for i := 0; i < len(oldAndNew); i += 2 {
		if strings.Count(text, oldAndNew[i]) != 1 {
			t.Fatalf("%s has %d places that say %q, want one", path, strings.Count(text, oldAndNew[i]), oldAndNew[i])
		}
		text = strings.Replace(text, oldAndNew[i], oldAndNew[i+1], 1)
	}
	return text
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// withImport returns a file of Go with the import of a package added.
func withImport(text, path string) string {
	if quoted := `"` + path + `"`; !strings.Contains(text, quoted) {
		return strings.Replace(text, "import (\n", "import (\n\t"+quoted+"\n", 1)
	}
	return text
}

// unfollowed skips the test of a page in a tree in which somebody has already followed the page.
func unfollowed(t *testing.T, made string) {
	t.Helper()
	if _, err := os.Stat(made); err == nil {
		t.Skipf("skipped: somebody has followed the page, and there is %s", made)
	}
}

// vet compiles packages and their tests with these files in the tree.
func vet(t *testing.T, files map[string]string, packages ...string) {
	t.Helper()
	overlay, err := toymodel.Overlay(t.TempDir(), files)
	if err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command("go", append([]string{"vet", "-overlay", overlay}, packages...)...).CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, said)
	}
}

func TestTheEngineOfItsHowToCompiles(t *testing.T) {
	const page, path = "docs/how-to/add-an-engine.md", "bench/compare/engines.go"
	unfollowed(t, "bench/compare/portable.go")
	engines := read(t, path)
	function := regexp.MustCompile(`(?m)^func Engines\(\) .*\n`).FindString(engines)
	vet(t, map[string]string{
		"bench/compare/portable.go": blockWith(t, page, "package compare\n"),
		path: edited(t, withImport(engines, module+"kernel"), path,
			function, blockWith(t, page, "func Engines() "),
			"\t\tcase !inPython(name):\n", blockWith(t, page, "case name == ")+"\t\tcase !inPython(name):\n"),
	}, "./bench/compare")
}

func TestTheModelOfItsHowToCompiles(t *testing.T) {
	const page = "docs/how-to/add-a-model.md"
	unfollowed(t, "model/toy.go")
	folder := t.TempDir()
	for _, path := range []string{"internal/toymodel/testdata/toy.go.txt", "model/table.go", "model/badsignals_test.go"} {
		in := filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(in), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(in, []byte(read(t, path)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	commands := blockWith(t, page, "cp ") + regexp.MustCompile(`(?m)^sed .*\n`).FindString(blockWith(t, page, "sed "))
	shell := exec.Command("sh", "-ec", commands)
	shell.Dir = folder
	if said, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, said)
	}
	toy, table, test := read(t, filepath.Join(folder, "model/toy.go")), read(t, filepath.Join(folder, "model/table.go")), "model/badsignals_test.go"
	if table == read(t, "model/table.go") {
		t.Error("the page's command adds no line to model/table.go")
	}
	refusal := regexp.MustCompile(`(?s)\t\tif slices\.ContainsFunc\(.*?\n\t\t}\n`).FindString(toy)
	vet(t, map[string]string{
		"model/table.go": table,
		"model/toy.go": edited(t, withImport(toy, module+"internal/magnitude"), "toy.go", refusal, blockWith(t, page, "if code := "),
			"\t\"slices\"\n", "") + "\n" + blockWith(t, page, "func toyCode("),
		test: edited(t, read(t, test), test, "\t\tcase \"csdm\":\n", blockWith(t, page, "case \"logratio\":")+"\t\tcase \"csdm\":\n"),
	}, "./model")
}

// The test follows steps 2 to 4 of the page for one of the eight kernels. A copy of AVX2 under another name gets the
// same instructions.
func TestTheInstructionSetOfItsHowToIsGenerated(t *testing.T) {
	const page, asm = "docs/how-to/add-an-instruction-set.md", "kernel/amd64/_asm/"
	unfollowed(t, "kernel/amd64/csd_avx2toy_amd64.s")
	name := strings.NewReplacer("AVX2", "AVX2TOY", "avx2", "avx2toy")
	files := map[string]string{}
	twice := func(file, pattern, copied string) {
		text := read(t, asm+file)
		original := regexp.MustCompile(pattern).FindString(text)
		if copied == "" {
			copied = name.Replace(original)
		}
		files[asm+file] = edited(t, text, file, original, original+copied)
	}
	twice("set.go", `(?s)\tavx2 = set\{.*?\n\t\}\}\n`, "")
	vectors := read(t, asm+"vectors.go")
	for _, line := range regexp.MustCompile(`(?m)^\t(?:double|single)AVX2 .*\n`).FindAllString(vectors, -1) {
		vectors = edited(t, vectors, "vectors.go", line, line+name.Replace(line))
	}
	files[asm+"vectors.go"] = vectors
	twice("main.go", `(?m)^\t\{"avx2", .*\n`, blockWith(t, page, `{"avx2toy", `))
	folder := t.TempDir()
	overlay, err := toymodel.Overlay(folder, files)
	if err != nil {
		t.Fatal(err)
	}
	generated := filepath.Join(folder, "csd_avx2toy_amd64.s")
	generator := exec.Command("go", "run", "-C", asm, "-overlay", overlay, ".",
		"-kernels", "csd_avx2toy", "-pkg", "amd64", "-out", generated, "-stubs", filepath.Join(folder, "csd_avx2toy_amd64.go"))
	if said, err := generator.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", generator, err, said)
	}
	comment := regexp.MustCompile(`(?m)^// (?:Code generated|Requires).*\n`)
	want := name.Replace(comment.ReplaceAllString(read(t, "kernel/amd64/csd_avx2_amd64.s"), ""))
	if comment.ReplaceAllString(read(t, generated), "") != want {
		t.Error("the copy's instructions differ from those of AVX2")
	}
}
