package main

import (
	"context"
	"errors"
	"io"
)

func record(ctx context.Context, o options, stdout, stderr io.Writer) error {
	return errors.New("not yet")
}
