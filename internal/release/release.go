// Package release has the version and the platforms of voxfit: of kbench, of the C library and of the Python package.
package release

// Version is the version of the next or current release, which CHANGELOG.md describes.
const Version = "0.1.0"
