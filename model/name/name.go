// Package name has the names of the models and nothing else, for packages that must not import the models: they are
// read from files, written into tables, and looked up here.
package name

import "strings"

// A Model is what a model is called.
type Model struct {
	Name  string // on the command line: "dti"
	Class string // in the CSV: "TensorModel"
	Words string // in tables and figures: "Diffusion tensor"
	Short string // within a sentence: "DTI"
}

// ClassOf is the class of a model that is called by its name, in any case, or by its class. What is neither stays as it is.
func ClassOf(name string) string {
	for _, m := range All {
		if strings.EqualFold(name, m.Name) {
			return m.Class
		}
	}
	return name
}

// NameOf is the name of a class on the command line. One that we do not know stays as it is.
func NameOf(class string) string {
	for _, m := range All {
		if class == m.Class {
			return m.Name
		}
	}
	return class
}

// ShortOf is what a class is called within a sentence. One that we do not know stays as it is.
func ShortOf(class string) string {
	for _, m := range All {
		if class == m.Class {
			return m.Short
		}
	}
	return class
}

// WordsOf is a class in words. One that we do not know stays as it is.
func WordsOf(class string) string {
	for _, m := range All {
		if class == m.Class {
			return m.Words
		}
	}
	return class
}
