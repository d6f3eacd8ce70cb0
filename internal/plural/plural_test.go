package plural

import "testing"

func TestOneTakesTheSingular(t *testing.T) {
	for want, got := range map[string]string{
		"1 node":           Count(1, "node"),
		"2 nodes":          Count(2, "node"),
		"0 arguments":      Count(int64(0), "argument"),
		"1 signal value":   Count(1, "signal value"),
		"34 signal values": Count(34, "signal value"),
		"1 vertex":         Count(1, "vertex"),
		"362 vertices":     Count(362, "vertex"),
		"b-value":          Noun(1, "b-value"),
		"b-values":         Noun(3, "b-value"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
