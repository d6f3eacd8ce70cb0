//go:build !linux

package numa

import (
	"errors"
	"testing"
)

func TestPinSaysThatItIsUnsupported(t *testing.T) {
	if _, err := Pin(0); !errors.Is(err, errors.ErrUnsupported) || CanPin {
		t.Errorf("error %v (CanPin %v), want one that wraps errors.ErrUnsupported", err, CanPin)
	}
}
