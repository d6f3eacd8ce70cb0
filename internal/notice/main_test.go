package main

import (
	"os"
	"testing"
)

// NOTICE is in every wheel, archive and image. A test in python/tests also compares it with `go version -m` of a
// wheel's library.
func TestTheNoticeNamesEverythingThatIsLinked(t *testing.T) {
	if testing.Short() {
		t.Skip("go list for eleven platforms")
	}
	want, err := notice("../..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("NOTICE does not list what is linked, with its licences: run `go generate ./internal/notice`")
	}
}
