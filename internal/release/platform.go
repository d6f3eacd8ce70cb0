package release

// A Platform is what Go calls GOOS and GOARCH.
type Platform struct{ OS, Arch string }

// String is how Go writes a platform, as linux/arm64.
func (p Platform) String() string { return p.OS + "/" + p.Arch }

// Programs are the platforms that kbench is released for.
var Programs = []Platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// Libraries are the platforms that the C library, and a wheel with it, are released for. There is none for musl, where Go's
// c-shared libraries cannot be loaded (golang.org/issue/54805).
var Libraries = []Platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"},
}
