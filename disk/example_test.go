package disk_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/voxfit/voxfit/disk"
)

func ExampleReplace() {
	dir, err := os.MkdirTemp("", "study")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "study.json")
	names := map[disk.Kind]string{disk.Wrote: "written", disk.Synced: "on the disk", disk.Renamed: "named", disk.SyncedFolder: "its name on the disk"}
	stop := disk.Observe(func(o disk.Operation) {
		if name, ok := names[o.Kind]; ok {
			fmt.Println(name)
		}
	})
	defer stop()
	if err := disk.Replace(path, []byte("{}")); err != nil {
		fmt.Println(err)
	}
	// Output:
	// written
	// on the disk
	// named
	// its name on the disk
}
