package numa

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCPUListsAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cpus := rapid.SliceOfDistinct(rapid.IntRange(0, 600), rapid.ID[int]).Draw(t, "cpus")
		slices.Sort(cpus)
		got, err := parseCPUList(formatCPUList(cpus))
		if err != nil || !slices.Equal(got, cpus) {
			t.Fatalf("%q read as %v (%v), want %v", formatCPUList(cpus), got, err, cpus)
		}
	})
}

func TestCPUListsAreWrittenAsTheKernelDoes(t *testing.T) {
	if got := formatCPUList([]int{0, 1, 2, 3, 8, 10, 11}); got != "0-3,8,10-11" {
		t.Errorf("written %q, want 0-3,8,10-11", got)
	}
}

func TestDamagedCPUListNamesThePartThatIsWrong(t *testing.T) {
	for text, part := range map[string]string{
		"0-3,x": `"x"`, "3-1": `"3-1"`, "1,,2": `""`, "-1": `"-1"`, "0-4000000000": `"0-4000000000"`, "1-2-3": `"1-2-3"`,
	} {
		_, err := parseCPUList(text)
		if err == nil || !strings.Contains(err.Error(), "found "+part) {
			t.Errorf("%q: error %v, want one that names %s", text, err, part)
		}
	}
}

// Any text is read as a list, or is an error.
func FuzzParseCPUList(f *testing.F) {
	for _, seed := range []string{"", "0", "0-3,8", "0-", "9-1", " 1 , 2 \n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cpus, err := parseCPUList(text)
		if err == nil && !slices.IsSorted(cpus) {
			t.Errorf("%q read as %v, which does not ascend", text, cpus)
		}
	})
}
