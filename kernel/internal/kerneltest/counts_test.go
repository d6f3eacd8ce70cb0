package kerneltest_test

import (
	"encoding/csv"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
	"github.com/voxfit/voxfit/kernel/internal/ops"
	"github.com/voxfit/voxfit/kernel/internal/sets"
)

// Each function of each table of an instruction set has a line in bench/counts/SET.csv. `make counts` therefore sees
// when it becomes slower.
func TestEveryStepIsCounted(t *testing.T) {
	kerneltest.ForEachISA(t, func(t *testing.T, name string) {
		counted := countedSteps(t, name)
		functions := 0
		walk(reflect.ValueOf(sets.Find(name)).Elem(), name, func(field, function string) {
			functions++
			m := regexp.MustCompile(`\.([a-z]+)([A-Z]\w*?)` + strings.ToUpper(name) + `$`).FindStringSubmatch(function)
			if m == nil || !counted[m[1]+"/"+m[2]] {
				t.Errorf("%s (%s) has no count in bench/counts/%s.csv: it needs a benchmark whose name ends in Steps, and make counts-keep",
					field, function, name)
			}
		})
		if functions < 50 {
			t.Errorf("only %d functions were found in the tables", functions)
		}
	})
}

// walk goes over the functions of a table and of those within.
func walk(v reflect.Value, path string, each func(field, function string)) {
	for i := range v.NumField() {
		field, name := v.Field(i), path+"."+v.Type().Field(i).Name
		switch {
		case field.Type() == reflect.TypeFor[ops.PeakLoops](): // no steps of a model
		case field.Kind() == reflect.Func && !field.IsNil():
			each(name, runtime.FuncForPC(field.Pointer()).Name())
		case field.Kind() == reflect.Pointer && !field.IsNil():
			walk(field.Elem(), name, each)
		case field.Kind() == reflect.Struct:
			walk(field, name, each)
		}
	}
}

func countedSteps(t *testing.T, set string) map[string]bool {
	t.Helper()
	file, err := os.Open("../../../bench/counts/" + set + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows := csv.NewReader(file)
	rows.Comment = '#'
	records, err := rows.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	counted := map[string]bool{}
	for _, r := range records {
		counted[r[0]] = true
	}
	return counted
}
