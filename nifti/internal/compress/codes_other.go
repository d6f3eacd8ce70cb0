//go:build !amd64 || purego

package compress

// putMost writes the codes of most of the bytes, and returns the rest of the bytes. The caller has made room.
func (w *writer) putMost(bytes []byte, codes *[literalCodes + 2]code) []byte {
	return w.putTriples(bytes, codes)
}
