package study

import "strings"

// modelNames are the models' names: on the command line, in the CSV file, and in words.
var modelNames = []struct{ short, class, words string }{
	{"csdm", "ConstrainedSphericalDeconvModel", "Constrained spherical deconvolution"},
	{"fwdtim", "FreeWaterTensorModel", "Free-water tensor"},
	{"sfm", "SparseFascicleModel", "Sparse fascicle"},
	{"msmt", "MultiShellDeconvModel", "Multi-shell multi-tissue deconvolution"},
	{"dti", "TensorModel", "Diffusion tensor"},
}

// modelClass is the name in the CSV file of a model given by either of its names.
func modelClass(name string) string {
	for _, m := range modelNames {
		if strings.EqualFold(name, m.short) {
			return m.class
		}
	}
	return name
}

// modelWords is a model's name in words; a model that we do not know keeps its own.
func modelWords(class string) string {
	for _, m := range modelNames {
		if class == m.class {
			return m.words
		}
	}
	return class
}
