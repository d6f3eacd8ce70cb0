package study_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voxfit/voxfit/study"
)

func TestALogThatIsALinkIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	outside, link := filepath.Join(t.TempDir(), "outside.csv"), filepath.Join(dir, "runs.csv")
	if err := os.Symlink(outside, link); err != nil {
		t.Skipf("skipped: no links here: %v", err)
	}
	if _, err := study.OpenLog(link); err == nil || !strings.Contains(err.Error(), link) || !strings.Contains(err.Error(), "link") {
		t.Errorf("found %v, want a refusal that names the link", err)
	}
	if _, err := os.Lstat(outside); err == nil {
		t.Error("the file that the link leads to was made")
	}
}
