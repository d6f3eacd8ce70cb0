package words

import "testing"

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for _, c := range []struct {
		x    float64
		n    int
		want string
	}{{0.0123456, 3, "0.0123"}, {138.6, 3, "139"}, {1234567, 3, "1234567"}, {1, 3, "1.00"}, {0, 3, "0"}, {-2.5, 2, "-2.5"}} {
		if got := Significant(c.x, c.n); got != c.want {
			t.Errorf("%v is written %s, want %s", c.x, got, c.want)
		}
	}
	for n, want := range map[int]string{5: "5", 999: "999", 1000: "1,000", 435686: "435,686", 12345678: "12,345,678"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d is written %s, want %s", n, got, want)
		}
	}
}
