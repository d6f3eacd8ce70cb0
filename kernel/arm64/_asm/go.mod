module github.com/voxfit/voxfit/kernel/arm64/_asm

go 1.26
