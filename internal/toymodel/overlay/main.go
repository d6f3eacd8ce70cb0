// Overlay writes the overlay that adds the toy model into a folder, and prints its path.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/voxfit/voxfit/internal/toymodel"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("overlay: expected one argument, the folder")
	}
	folder, err := filepath.Abs(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	overlay, err := toymodel.Write(folder)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(overlay)
}
