package kernel_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/kernel/csd"
	"github.com/voxfit/voxfit/kernel/internal/kerneltest"
)

func TestInstructionSetIsChosenByOptionThenEnvironmentThenRule(t *testing.T) {
	best := kernel.ISAs()[0]
	for _, c := range []struct {
		environment string
		options     []kernel.Option
		want        string
	}{
		{"", nil, best},
		{"auto", nil, best},
		{"generic", nil, "generic"},
		{"nonsense", []kernel.Option{kernel.WithISA("generic")}, "generic"},
		{"generic", []kernel.Option{kernel.WithISA("auto")}, best},
		{"generic", []kernel.Option{kernel.WithISA("")}, "generic"},
	} {
		t.Setenv(kernel.EnvISA, c.environment)
		got, err := kernel.ChosenISA(c.options...)
		if err != nil || got != c.want {
			t.Errorf("%s=%q with %d options: %q, %v; want %q", kernel.EnvISA, c.environment, len(c.options), got, err, c.want)
		}
	}
}

func TestInstructionSetThatIsNotThereIsAnErrorThatListsWhatIs(t *testing.T) {
	design := kerneltest.CSDDesign(t, kerneltest.ShellTable(t, 60), 8)
	t.Setenv(kernel.EnvISA, "z80")
	_, err := csd.New(design)
	for _, want := range append(kernel.ISAs(), "z80", kernel.EnvISA) {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
	if _, err := csd.New(design, kernel.WithISA("avx1024")); err == nil || !strings.Contains(err.Error(), "avx1024") {
		t.Errorf("error is %v, want one with the name that was asked for", err)
	}
	if !slices.Contains(kernel.ISAs(), "generic") {
		t.Errorf("ISAs are %v, want generic among them everywhere", kernel.ISAs())
	}
}
