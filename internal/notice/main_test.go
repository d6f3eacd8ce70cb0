package main

import (
	"os"
	"testing"
)

// NOTICE is in every wheel, archive and image; `go version -m` is asked of a wheel's library in python/tests.
func TestTheNoticeNamesAllThatIsLinked(t *testing.T) {
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
		t.Error("NOTICE is not what is linked and its licences: run `go generate ./internal/notice`")
	}
}
