//go:build !arm64 || purego

package arm64

import "github.com/voxfit/voxfit/kernel/internal/ops"

// Sets is empty here: this is another architecture, or assembly was left out.
func Sets() []*ops.Set { return nil }
