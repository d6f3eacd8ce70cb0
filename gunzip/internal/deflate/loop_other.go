//go:build !amd64 || purego

package deflate

const haveAssembly = false

func decodeAssembly(*Decoder, int, []byte, int, int, int) (int, stop) { panic("deflate: no assembly") }

func narrowAssembly([]byte, []uint16) int { panic("deflate: no assembly") }
