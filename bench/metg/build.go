package metg

import (
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

//go:embed native rayon python/*.py
var sources embed.FS

// library is the file, in the folder of the sources, that has the work of a task for Python.
const library = "libmetg.so"

// A recipe says how a program is built in a folder with all sources.
type recipe struct {
	sources  []string // folders
	compiler []string // and its first arguments; the environment variable before "=" may name another compiler
	rest     []string // arguments
	product  string
	packages string // Debian's packages that are needed
}

var recipes = map[string]recipe{
	openMP: {[]string{"native"}, []string{"CC=cc"}, []string{"-O2", "-std=gnu11", "-fopenmp", "-o", openMP, "native/openmp.c"}, openMP, "gcc"},
	oneTBB: {[]string{"native"}, []string{"CXX=c++"}, []string{"-O2", "-std=c++17", "-o", oneTBB, "native/tbb.cpp", "-ltbb", "-pthread"}, oneTBB, "g++ libtbb-dev"},
	rayon: {[]string{"rayon"}, []string{"CARGO=cargo"}, []string{"build", "--quiet", "--release", "--locked", "--manifest-path", "rayon/Cargo.toml", "--target-dir", "target"},
		"target/release/metg-rayon", "cargo, and crates.io for rayon"},
	python: {[]string{"native", "python"}, []string{"CC=cc"}, []string{"-O2", "-std=gnu11", "-shared", "-fPIC", "-o", library, "native/library.c"}, "", "gcc"},
}

// build returns the path of a program, or of the folder of the Python programs. A program that was built before is
// taken from the user's cache. If something cannot be built, the reason is kept for this run.
func (r *runner) build(ctx context.Context, program string) (string, error) {
	if b, done := r.built[program]; done {
		return b.path, b.err
	}
	path, err := build(ctx, r.Cache, recipes[program])
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	r.built[program] = built{path, err}
	return path, err
}

type built struct {
	path string
	err  error
}

// build builds in a folder of its own, which it renames when the program is complete.
func build(ctx context.Context, cache string, r recipe) (string, error) {
	variable, usual, _ := strings.Cut(r.compiler[0], "=")
	compiler, err := exec.LookPath(cmp.Or(os.Getenv(variable), usual))
	if err != nil {
		return "", fmt.Errorf("not built: there is no %s (Debian: %s)", cmp.Or(os.Getenv(variable), usual), r.packages)
	}
	version, err := exec.CommandContext(ctx, compiler, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("not built: %s --version: %w", compiler, err)
	}
	folder := filepath.Join(cache, "metg-"+r.key(compiler, version))
	product := filepath.Join(folder, filepath.FromSlash(r.product))
	if _, err := os.Stat(folder); err == nil {
		return product, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("not built: %w", err)
	}
	partial, err := os.MkdirTemp(cache, "partial-")
	if err != nil {
		return "", fmt.Errorf("not built: %w", err)
	}
	defer os.RemoveAll(partial)
	if err := r.unpack(partial); err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, compiler, r.rest...)
	command.Dir = partial
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("not built: %s (Debian: %s)", firstError(string(out), err), r.packages)
	}
	if err := os.Rename(partial, folder); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, there := os.Stat(folder); there != nil { // another run was quicker
			return "", err
		}
	}
	return product, nil
}

// firstError is the first line of a compiler's output that says what is wrong.
func firstError(out string, err error) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, "error") {
			return strings.TrimSpace(line)
		}
	}
	return cmp.Or(strings.TrimSpace(out), err.Error())
}

// key is a hash of all that decides what is built: sources, command and compiler.
func (r recipe) key(compiler string, version []byte) string {
	sum := sha256.New()
	fmt.Fprintln(sum, compiler, r.rest, string(version))
	_ = r.each(func(name string, text []byte) error { // reading embedded files does not fail
		fmt.Fprintln(sum, name, len(text))
		sum.Write(text)
		return nil
	})
	return fmt.Sprintf("%x", sum.Sum(nil)[:8])
}

func (r recipe) unpack(folder string) error {
	return r.each(func(name string, text []byte) error {
		to := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o644)
	})
}

func (r recipe) each(visit func(name string, text []byte) error) error {
	for _, folder := range r.sources {
		err := fs.WalkDir(sources, folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := sources.ReadFile(path.Clean(name))
			if err != nil {
				return err
			}
			return visit(name, text)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
