package release

// A Platform is an operating system and an architecture, as Go's GOOS and GOARCH.
type Platform struct{ OS, Arch string }

// String writes a platform as Go does, such as linux/arm64.
func (p Platform) String() string { return p.OS + "/" + p.Arch }

// Programs lists the platforms that kbench is released for.
var Programs = []Platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// Libraries lists the platforms that the C library, and a wheel with it, are released for. There is no library for
// musl, because Go's c-shared libraries cannot be loaded there (golang.org/issue/54805).
var Libraries = []Platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"},
}
