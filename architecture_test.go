package voxfit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/voxfit/voxfit/"

// forEachGoFile visits all files of Go except tests. With generators, it also enters folders with modules of their
// own, which are the generators of assembly.
func forEachGoFile(t *testing.T, generators bool, visit func(file string) error) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && (name[0] == '.' || name == "testdata" || !generators && (name[0] == '_' || isModule(file))):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		return visit(filepath.ToSlash(file))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// importsOf returns the packages of the repository, each with the packages of the repository that it imports on any
// system. It leaves out imports of tests, and packages that have tests only.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	packages := map[string][]string{}
	forEachGoFile(t, false, func(file string) error {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := path.Dir(file)
		imports := packages[from]
		for _, spec := range parsed.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if to, ours := strings.CutPrefix(to, module); ours {
				imports = append(imports, to)
			}
		}
		slices.Sort(imports)
		packages[from] = slices.Compact(imports)
		return nil
	})
	return packages
}

func isModule(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

// A listedPackage is a row of a table of docs/architecture.md.
type listedPackage struct {
	name    string
	imports []string
	tests   bool // whether it is in the table of packages for tests alone
}

// listedPackages reads the rows of the tables whose first column is "package", in their order.
func listedPackages(t *testing.T) []listedPackage {
	t.Helper()
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []listedPackage
	inTable, tests := false, false
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		switch {
		case len(cells) < 5:
			inTable = false
		case strings.TrimSpace(cells[1]) == "package":
			inTable = true
		case strings.TrimSpace(cells[1]) == "package for tests":
			inTable, tests = true, true
		case inTable && !strings.HasPrefix(cells[1], "---"):
			imports := strings.FieldsFunc(cells[2], func(r rune) bool { return r == ',' || r == ' ' })
			slices.Sort(imports)
			listed = append(listed, listedPackage{strings.Trim(cells[1], " `"), imports, tests})
		}
	}
	if len(listed) == 0 {
		t.Fatal("docs/architecture.md has no table of packages")
	}
	return listed
}

// A package may import only packages from rows above its own. This order makes circles impossible.
func TestImportsRunOneWayAsTheArchitectureSays(t *testing.T) {
	packages, listed := importsOf(t), listedPackages(t)
	above := map[string]listedPackage{}
	for _, row := range listed {
		imports, there := packages[row.name]
		if !there {
			t.Errorf("docs/architecture.md lists %s, which is not a package", row.name)
			continue
		}
		if !slices.Equal(imports, row.imports) {
			t.Errorf("%s imports\n\t%s\ndocs/architecture.md says\n\t%s", row.name, strings.Join(imports, ", "), strings.Join(row.imports, ", "))
		}
		for _, name := range imports {
			other, found := above[name]
			if !found {
				t.Errorf("%s imports %s, which does not stand above it in docs/architecture.md", row.name, name)
			}
			if other.tests && !row.tests {
				t.Errorf("%s imports %s, which is for tests alone", row.name, name)
			}
		}
		above[row.name] = row
	}
	for name := range packages {
		if _, found := above[name]; !found {
			t.Errorf("docs/architecture.md does not list the package %s, which imports %s", name, strings.Join(packages[name], ", "))
		}
	}
}

const (
	mostLines = 75 // in a function
	mostFiles = 20 // in a package of kernel and study
)

// The parts of a longer function deserve names. Generated code is left out, because nobody reads it.
func TestFunctionsAndFoldersAreShort(t *testing.T) {
	files := map[string]int{}
	forEachGoFile(t, true, func(file string) error {
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil || ast.IsGenerated(parsed) {
			return err
		}
		files[path.Dir(file)]++
		for _, declaration := range parsed.Decls {
			f, isFunction := declaration.(*ast.FuncDecl)
			if !isFunction {
				continue
			}
			if lines := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; lines > mostLines {
				t.Errorf("%s: %s has %d lines, want at most %d", file, f.Name.Name, lines, mostLines)
			}
		}
		return nil
	})
	for folder, n := range files {
		top, _, _ := strings.Cut(folder, "/")
		if generator := path.Base(folder)[0] == '_'; n > mostFiles && !generator && (top == "kernel" || top == "study") {
			t.Errorf("%s has %d files that are neither tests nor generated, want at most %d", folder, n, mostFiles)
		}
	}
}
