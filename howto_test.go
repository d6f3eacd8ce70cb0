package voxfit_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The pages of docs/how-to name files, packages, types, functions and tests. When one of these moves, the page
// becomes wrong.

// madeUp has the names that a reader adds by following the pages.
var madeUp = []string{
	"model/toy.go", "bench/compare/portable.go", "bench/counts/avx2toy.csv", "avx2toy", "AVX2TOY", "doubleAVX2TOY", "singleAVX2TOY",
	"logratio",
}

// howTos reads the texts of the pages, by path.
func howTos(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("docs/how-to/*.md")
	if err != nil || len(paths) == 0 {
		t.Fatalf("found no pages: %v", err)
	}
	pages := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages[path] = string(text)
	}
	return pages
}

// A path begins with a folder of the project, and is not a part of a longer path.
var pathInText = regexp.MustCompile(`(?m)(?:^|[\s` + "`" + `(>])(?:\./)?(\w[\w-]*)(/[\w.*/-]+)`)

func TestFilesThatTheHowTosNameExist(t *testing.T) {
	named, made := 0, map[string]bool{}
	for path := range commandsOf(t) {
		first, _, _ := strings.Cut(path, "/")
		made[first] = true
	}
	for page, text := range howTos(t) {
		for _, match := range pathInText.FindAllStringSubmatch(text, -1) {
			path := strings.TrimRight(strings.TrimSuffix(match[1]+match[2], "..."), "./")
			if info, err := os.Stat(match[1]); made[match[1]] || err != nil || !info.IsDir() || slices.Contains(madeUp, path) {
				continue // a command creates it
			}
			named++
			if found, err := filepath.Glob(path); err != nil || len(found) == 0 {
				t.Errorf("%s names %s, which is not there", page, path)
			}
		}
		for _, link := range regexp.MustCompile(`\]\(([^):#]+)\)`).FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, link[1], err)
			}
		}
	}
	if named < 60 {
		t.Errorf("found no more than %d names of files", named)
	}
}

// wordsOfSources finds the identifiers of all sources, including those of generators.
func wordsOfSources(t *testing.T) map[string]bool {
	t.Helper()
	words, word := map[string]bool{}, regexp.MustCompile(`\w+`)
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir():
			if name[0] == '.' && name != "." || name == "bin" {
				return fs.SkipDir
			}
			return nil
		case !slices.Contains([]string{".go", ".py", ".txt", ".md"}, filepath.Ext(name)) && name != "Makefile",
			strings.HasPrefix(path, filepath.Join("docs", "how-to")), name == "howto_test.go":
			return nil
		}
		text, err := os.ReadFile(path)
		for _, w := range word.FindAllString(string(text), -1) {
			words[w] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return words
}

func TestNamesThatTheHowTosQuoteExist(t *testing.T) {
	words, quoted := wordsOfSources(t), 0
	name := regexp.MustCompile("`((?:[A-Za-z_]\\w*\\.)?[A-Za-z_]\\w*)[(,{`]")
	for page, text := range howTos(t) {
		for _, match := range name.FindAllStringSubmatch(text, -1) {
			for part := range strings.SplitSeq(match[1], ".") {
				quoted++
				if !words[part] && !slices.Contains(madeUp, part) {
					t.Errorf("%s quotes %s, but no source has %s", page, match[1], part)
				}
			}
		}
	}
	if quoted < 60 {
		t.Errorf("found no more than %d quoted names", quoted)
	}
}
