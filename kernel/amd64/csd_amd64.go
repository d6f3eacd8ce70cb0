//go:build !purego

package amd64

import "github.com/voxfit/voxfit/kernel/internal/ops"

var csd512, csd256 *ops.CSD
