//go:build !purego

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

//go:generate go run -C _asm . -kernels nnls_avx512 -pkg amd64 -out ../nnls_avx512_amd64.s -stubs ../nnls_avx512_amd64.go
//go:generate go run -C _asm . -kernels nnls_avx2 -pkg amd64 -out ../nnls_avx2_amd64.s -stubs ../nnls_avx2_amd64.go

// The size of tiles is that of the generator, _asm/nnls.go.
var (
	nnls512 = &ops.NNLS{Tile: 12, Price: nnlsPriceAVX512, Sums: nnlsSumsAVX512}
	nnls256 = &ops.NNLS{Tile: 12, Price: nnlsPriceAVX2, Sums: nnlsSumsAVX2}
)
