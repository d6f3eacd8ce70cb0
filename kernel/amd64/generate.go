package amd64

// The directives are here because go generate passes over the files of other architectures.

//go:generate go run -C _asm . -kernels csd_avx512 -pkg amd64 -out ../csd_avx512_amd64.s -stubs ../csd_avx512_amd64.go
//go:generate go run -C _asm . -kernels csd_avx2 -pkg amd64 -out ../csd_avx2_amd64.s -stubs ../csd_avx2_amd64.go
//go:generate go run -C _asm . -kernels csdsingle_avx512 -pkg amd64 -out ../csdsingle_avx512_amd64.s -stubs ../csdsingle_avx512_amd64.go
//go:generate go run -C _asm . -kernels csdsingle_avx2 -pkg amd64 -out ../csdsingle_avx2_amd64.s -stubs ../csdsingle_avx2_amd64.go
//go:generate go run -C _asm . -kernels peak -pkg amd64 -out ../peak_amd64.s -stubs ../peak_amd64.go
//go:generate go run -C _asm . -kernels tensor_avx512 -pkg amd64 -out ../tensor_avx512_amd64.s -stubs ../tensor_avx512_amd64.go
//go:generate go run -C _asm . -kernels tensor_avx2 -pkg amd64 -out ../tensor_avx2_amd64.s -stubs ../tensor_avx2_amd64.go
//go:generate go run -C _asm . -kernels tensorsingle_avx512 -pkg amd64 -out ../tensorsingle_avx512_amd64.s -stubs ../tensorsingle_avx512_amd64.go
//go:generate go run -C _asm . -kernels tensorsingle_avx2 -pkg amd64 -out ../tensorsingle_avx2_amd64.s -stubs ../tensorsingle_avx2_amd64.go
//go:generate go run -C _asm . -kernels grid_avx512 -pkg amd64 -out ../grid_avx512_amd64.s -stubs ../grid_avx512_amd64.go
//go:generate go run -C _asm . -kernels grid_avx2 -pkg amd64 -out ../grid_avx2_amd64.s -stubs ../grid_avx2_amd64.go
//go:generate go run -C _asm . -kernels qp_avx512 -pkg amd64 -out ../qp_avx512_amd64.s -stubs ../qp_avx512_amd64.go
//go:generate go run -C _asm . -kernels qp_avx2 -pkg amd64 -out ../qp_avx2_amd64.s -stubs ../qp_avx2_amd64.go
//go:generate go run -C _asm . -kernels nnls_avx512 -pkg amd64 -out ../nnls_avx512_amd64.s -stubs ../nnls_avx512_amd64.go
//go:generate go run -C _asm . -kernels nnls_avx2 -pkg amd64 -out ../nnls_avx2_amd64.s -stubs ../nnls_avx2_amd64.go
//go:generate go run -C _asm . -kernels peaks_avx512 -pkg amd64 -out ../peaks_avx512_amd64.s -stubs ../peaks_avx512_amd64.go
//go:generate go run -C _asm . -kernels peaks_avx2 -pkg amd64 -out ../peaks_avx2_amd64.s -stubs ../peaks_avx2_amd64.go
