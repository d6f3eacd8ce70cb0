package gunzip_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log"

	"github.com/voxfit/voxfit/gunzip"
)

// Two workers decompress a file. This one is so small that one of them does all the work.
func Example() {
	var file bytes.Buffer
	w := gzip.NewWriter(&file)
	if _, err := io.WriteString(w, "signal of a voxel\n"); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	z, err := gunzip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()), 2)
	if err != nil {
		log.Fatal(err)
	}
	defer z.Close()
	data, err := io.ReadAll(z)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", data)
	// Output: signal of a voxel
}
