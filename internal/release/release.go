// Package release is the version of voxfit: of kbench, of the C library and of the Python package.
package release

// Version is that of the next or current release, as CHANGELOG.md lists it.
const Version = "0.1.0"
