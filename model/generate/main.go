// Generate writes what is made from the table of models: names for packages that must not import models, the listing
// that Python is built with, and the tables of options in the documentation. `go generate ./model` runs it in the
// folder model.
package main

import (
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	files, err := generated("..")
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join("..", f.path), f.text, 0o666); err != nil {
			log.Fatal(err)
		}
	}
}
