package study

import (
	"strings"
	"testing"
)

func TestCPUsAreCoresWhereSomebodySaysSo(t *testing.T) {
	m := Machines{Given: map[int]Cores{16: {8, 1}}, Host: "here", Local: map[int]Cores{2: {1, 1}, 16: {16, 2}}}
	for _, c := range []struct {
		r    Record
		want Cores
	}{
		{Record{CPUCount: 72, Campaign: "feb29"}, Cores{36, 2}},              // the published machines
		{Record{CPUCount: 72}, Cores{72, 1}},                                 // unknown: a core each
		{Record{CPUCount: 72, Nodes: 2}, Cores{72, 2}},                       // a node is taken as a socket
		{Record{CPUCount: 8, Cores: 4, Nodes: 2, Host: "here"}, Cores{4, 2}}, // the record's own word
		{Record{CPUCount: 2, Host: "here"}, Cores{1, 1}},                     // this machine
		{Record{CPUCount: 2, Host: "there"}, Cores{2, 1}},                    // not this machine
		{Record{CPUCount: 16, Host: "here"}, Cores{8, 1}},                    // the caller's word comes first
		{Record{CPUCount: 16, Campaign: "feb29", Nodes: 9}, Cores{8, 1}},     // always
	} {
		if got, how := m.Of(c.r); got != c.want || how == "" {
			t.Errorf("%+v: %v (%s), want %v", c.r, got, how, c.want)
		}
	}
	got, err := ParseCores("8=4, 72=36/2")
	if err != nil || got[8] != (Cores{4, 1}) || got[72] != (Cores{36, 2}) {
		t.Errorf("ParseCores gives %v, %v", got, err)
	}
	for _, bad := range []string{"", "8", "8=", "8=x", "8=9", "8=0", "8=4/0", "8=4/5", "8=4,8=2", "-8=4"} {
		if _, err := ParseCores(bad); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("ParseCores(%q) gives %v", bad, err)
		}
	}
}
