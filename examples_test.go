package voxfit_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// withoutExamples has the public packages without an example. They are of no use to other programs: the assembly, which
// needs an internal package, and its tests.
var withoutExamples = []string{"kernel/amd64", "kernel/arm64", "kernel/arm64/words"}

func TestEveryPublicPackageHasAnExampleThatRuns(t *testing.T) {
	for _, folder := range slices.Sorted(maps.Keys(importsOf(t))) {
		if strings.Contains(folder+"/", "internal/") || slices.Contains(withoutExamples, folder) {
			continue
		}
		exported, shown := false, false
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case !strings.HasSuffix(path, "_test.go"):
				exported = exported || file.Name.Name != "main" && exports(file)
			default:
				shown = shown || slices.ContainsFunc(doc.Examples(file), func(e *doc.Example) bool { return e.Output != "" })
			}
		}
		if exported && !shown {
			t.Errorf("%s has no example whose output is checked", folder)
		}
	}
}

// exports says whether a file declares an exported name.
func exports(file *ast.File) bool {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.IsExported() {
				return true
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() {
					return true
				}
			}
		}
	}
	return false
}
