//go:build !purego

package deflate

import "github.com/klauspost/cpuid/v2"

//go:generate go run -C _asm . -pkg deflate -out ../loop_amd64.s

var haveAssembly = cpuid.CPU.Supports(cpuid.AVX2, cpuid.BMI1, cpuid.BMI2)
