package powerloss_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/internal/powerloss"
)

// after draws many disks after k operations, and returns the contents that a file has on them. "none" means that it is
// missing.
func after(t *testing.T, r *powerloss.Recorder, k int, name string) map[string]bool {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	found := map[string]bool{}
	for range 80 {
		dir := t.TempDir()
		r.Disk(t, k, random, dir)
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			text = []byte("none")
		}
		found[fmt.Sprintf("%q", text)] = true
	}
	return found
}

func want(t *testing.T, what string, got map[string]bool, want ...string) {
	t.Helper()
	wanted := map[string]bool{}
	for _, text := range want {
		wanted[fmt.Sprintf("%q", text)] = true
	}
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		t.Errorf("%s: the disk holds one of %v, want one of %v", what, got, wanted)
	}
}

// do ends the test if an operation failed.
func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsSyncedIsThereAndTheRestMayBe(t *testing.T) {
	root := t.TempDir()
	r := powerloss.Record(t, root)
	path := func(name string) string { return filepath.Join(root, name) }
	f, err := disk.Create(path("a"))
	do(t, err)
	_, err = f.Write([]byte("xy"))
	do(t, err)
	want(t, "a file that was written", after(t, r, r.Operations(), "a"), "none", "", "x", "xy")
	do(t, f.Sync())
	want(t, "a file that was synced in a folder that was not", after(t, r, r.Operations(), "a"), "none", "xy")
	do(t, disk.SyncFolder(root))
	synced := r.Operations()
	want(t, "a file that was synced, as was its folder", after(t, r, synced, "a"), "xy")

	_, err = f.WriteAt([]byte("z"), 1)
	do(t, err)
	want(t, "a file that was changed", after(t, r, r.Operations(), "a"), "xy", "xz")
	want(t, "the same file before", after(t, r, synced, "a"), "xy")
	do(t, f.Close())
}

func TestNamesAreOldOrNewUntilTheirFoldersAreSynced(t *testing.T) {
	root := t.TempDir()
	path := func(name string) string { return filepath.Join(root, name) }
	do(t, os.WriteFile(path("a"), []byte("old"), 0o666))
	do(t, os.Mkdir(path("folder"), 0o777))
	r := powerloss.Record(t, root)
	do(t, disk.Rename(path("a"), path("folder/a")))
	for name, folders := range map[string][2]string{"in the first": {"a", "folder/a"}, "in the second": {"folder/a", "a"}} {
		want(t, name+" folder", after(t, r, 1, folders[0]), "old", "none")
	}
	do(t, disk.SyncFolder(path("folder")))
	want(t, "with one folder synced", after(t, r, r.Operations(), "folder/a"), "old", "none")
	do(t, disk.SyncFolder(root))
	want(t, "with both folders synced", after(t, r, r.Operations(), "folder/a"), "old")
	do(t, disk.RemoveAll(path("folder")))
	want(t, "of a folder that was removed", after(t, r, r.Operations(), "folder/a"), "old", "none")
	do(t, disk.SyncFolder(root))
	want(t, "of a folder that was removed for sure", after(t, r, r.Operations(), "folder/a"), "none")
}
