//go:build !purego

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

var tensor512, tensor256 *ops.Tensor
