package main

import (
	"path"
	"regexp"
)

// repository is where the pages are read that an archive does not hold.
const repository = "https://github.com/voxfit/voxfit/blob/main/"

// toFile finds links of Markdown to other files: those without a scheme that do not lead into the same page.
var toFile = regexp.MustCompile(`\]\(([^):#][^):]*)\)`)

// wholeLinks returns a page of the repository with its links to other files there written out, because a reader of the
// page alone does not have these files. at is the page's path in the repository.
func wholeLinks(page []byte, at string) []byte {
	return toFile.ReplaceAllFunc(page, func(link []byte) []byte {
		target := toFile.FindSubmatch(link)[1]
		return []byte("](" + repository + path.Join(path.Dir(at), string(target)) + ")")
	})
}
