// Generate writes what is made from the table of models: names for packages that must not import models, the listing
// and the functions of the Python package, and the tables of options in the documentation. `go generate ./model`
// runs it in the folder model. With -into it writes below another folder. A test that adds a model does this.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	into := flag.String("into", "..", "folder below which the files are written")
	flag.Parse()
	files, err := generated("..")
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		path := filepath.Join(*into, f.path)
		err := os.MkdirAll(filepath.Dir(path), 0o777)
		if err == nil {
			err = os.WriteFile(path, f.text, 0o666)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}
