package main

import "testing"

func TestAPageInAnArchiveLinksToTheRepository(t *testing.T) {
	for _, c := range []struct{ at, page, want string }{
		{"README.md", "see [a](docs/a.md) and [b](LICENSE)", "see [a](" + repository + "docs/a.md) and [b](" + repository + "LICENSE)"},
		{"capi/README.md", "[h](voxfit.h), [o](../docs/options.md#csdm)", "[h](" + repository + "capi/voxfit.h), [o](" + repository + "docs/options.md#csdm)"},
		{"README.md", "[below](#install) [there](https://example.org/x) f(x)", "[below](#install) [there](https://example.org/x) f(x)"},
	} {
		if got := string(wholeLinks([]byte(c.page), c.at)); got != c.want {
			t.Errorf("%s: %s, want %s", c.page, got, c.want)
		}
	}
}
