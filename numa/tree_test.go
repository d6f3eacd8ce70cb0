package numa

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// tree makes a file system from lines "path:line of the file". grep writes such lines for the files below a directory:
//
//	cd / && grep -rs '' sys/devices/system/cpu/online proc/cpuinfo ...
//
// The recorded trees in testdata were made in this way.
func tree(text string) fs.FS {
	files := fstest.MapFS{}
	for line := range strings.Lines(text) {
		name, content, ok := strings.Cut(strings.TrimLeft(line, "\t"), ":")
		if !ok {
			continue
		}
		if files[name] == nil {
			files[name] = &fstest.MapFile{}
		}
		files[name].Data = append(files[name].Data, content...)
	}
	return files
}

func recorded(t *testing.T, name string) fs.FS {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return tree(string(text))
}

// twoSockets is the tree of a machine with two packages of four cores with two threads each, and a
// node per package: sysfs as the kernel's Documentation/ABI/stable/sysfs-devices-system-cpu and
// -node describe it, numbered as Intel servers do (the second threads come after all first ones).
func twoSockets() fs.FS {
	var b strings.Builder
	file := func(name string, format string, args ...any) {
		fmt.Fprintf(&b, "sys/devices/system/"+name+":"+format+"\n", args...)
	}
	file("cpu/online", "0-15")
	for cpu := range 16 {
		core, pkg := cpu%8, cpu%8/4
		dir := fmt.Sprintf("cpu/cpu%d/", cpu)
		file(dir+"topology/physical_package_id", "%d", pkg)
		file(dir+"topology/core_id", "%d", core%4)
		file(dir+"topology/thread_siblings_list", "%d,%d", core, core+8)
		for index, c := range []struct {
			level  int
			kind   string
			size   string
			shared string
		}{
			{1, "Data", "32K", fmt.Sprintf("%d,%d", core, core+8)},
			{2, "Unified", "1024K", fmt.Sprintf("%d,%d", core, core+8)},
			{3, "Unified", "25344K", fmt.Sprintf("%d-%d,%d-%d", pkg*4, pkg*4+3, pkg*4+8, pkg*4+11)},
		} {
			cache := fmt.Sprintf("%scache/index%d/", dir, index)
			file(cache+"level", "%d", c.level)
			file(cache+"type", "%s", c.kind)
			file(cache+"size", "%s", c.size)
			file(cache+"coherency_line_size", "64")
			file(cache+"shared_cpu_list", "%s", c.shared)
		}
	}
	file("node/online", "0-1")
	file("node/node0/cpulist", "0-3,8-11")
	file("node/node1/cpulist", "4-7,12-15")
	file("node/node0/meminfo", "Node 0 MemTotal: 1048576 kB")
	file("node/node1/meminfo", "Node 1 MemTotal: 2097152 kB")
	return tree(b.String())
}
