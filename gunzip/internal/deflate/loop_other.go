//go:build (!amd64 && !arm64) || purego

package deflate

const haveAssembly = false

func decodeAssembly(*Decoder, int, []byte, int, int, int) (int, stop) { panic("deflate: no assembly") }

func replaceAssembly([]byte, []uint16, *Meaning) { panic("deflate: no assembly") }
