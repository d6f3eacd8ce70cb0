module github.com/voxfit/voxfit/packaging

go 1.26.0

require (
	github.com/google/go-containerregistry v0.22.1
	github.com/voxfit/voxfit v0.0.0
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/opencontainers/go-digest v1.0.0 // indirect
	github.com/opencontainers/image-spec v1.1.1 // indirect
)

replace github.com/voxfit/voxfit => ../
