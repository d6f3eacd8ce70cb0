package arm64

// The directives are here because go generate passes over the files of other architectures.

//go:generate go run -C _asm . -kernels csd -pkg arm64 -out ../csd_arm64.s -stubs ../csd_arm64.go
//go:generate go run -C _asm . -kernels peak -pkg arm64 -out ../peak_arm64.s -stubs ../peak_arm64.go
//go:generate go run -C _asm . -kernels tensor -pkg arm64 -out ../tensor_arm64.s -stubs ../tensor_arm64.go
