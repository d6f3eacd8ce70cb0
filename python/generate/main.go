package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

func main() {
	options := flag.String("options", "", "the listing of the models, as kbench options --json prints it")
	out := flag.String("out", "", "the Python file to write")
	flag.Parse()
	if err := generate(*options, *out); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(options, out string) error {
	text, err := os.ReadFile(options)
	if err != nil {
		return err
	}
	var l listing
	if err := json.Unmarshal(text, &l); err != nil {
		return fmt.Errorf("%s: %w", options, err)
	}
	return os.WriteFile(out, []byte(module(l)), 0o644)
}
