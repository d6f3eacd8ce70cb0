package arm64

// The directives are here because go generate passes over the files of other architectures.

//go:generate go run -C _asm . -kernels csd -pkg arm64 -out ../csd_arm64.s -stubs ../csd_arm64.go
//go:generate go run -C _asm . -kernels csdsingle -pkg arm64 -out ../csdsingle_arm64.s -stubs ../csdsingle_arm64.go
//go:generate go run -C _asm . -kernels peak -pkg arm64 -out ../peak_arm64.s -stubs ../peak_arm64.go
//go:generate go run -C _asm . -kernels tensor -pkg arm64 -out ../tensor_arm64.s -stubs ../tensor_arm64.go
//go:generate go run -C _asm . -kernels tensorsingle -pkg arm64 -out ../tensorsingle_arm64.s -stubs ../tensorsingle_arm64.go
//go:generate go run -C _asm . -kernels grid -pkg arm64 -out ../grid_arm64.s -stubs ../grid_arm64.go
//go:generate go run -C _asm . -kernels qp -pkg arm64 -out ../qp_arm64.s -stubs ../qp_arm64.go
//go:generate go run -C _asm . -kernels nnls -pkg arm64 -out ../nnls_arm64.s -stubs ../nnls_arm64.go
//go:generate go run -C _asm . -kernels peaks -pkg arm64 -out ../peaks_arm64.s -stubs ../peaks_arm64.go
//go:generate go run -C _asm . -kernels words -pkg words -out ../words/words_arm64.s -stubs ../words/words_arm64.go
