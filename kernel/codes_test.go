package kernel_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel"
)

// The C header and the Python package have lists of the codes, too.
func TestCodesHaveTheSameNumbersInCAndPython(t *testing.T) {
	capital := regexp.MustCompile(`([a-z])([A-Z])`)
	for path, form := range map[string]string{
		"capi/voxfit.h":            "VOXFIT_STATUS_%s = %d",
		"python/voxfit/_native.py": "    %s = %d",
	} {
		text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range kernel.Codes() {
			name := strings.ToUpper(capital.ReplaceAllString(code.String(), "${1}_$2"))
			if want := fmt.Sprintf(form, name, uint8(code)); !regexp.MustCompile(want + `\b`).Match(text) {
				t.Errorf("%s has no %q", path, want)
			}
		}
	}
}
