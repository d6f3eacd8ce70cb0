package main

import (
	"fmt"
	"strconv"
	"strings"
)

// A byteSize is the value of a flag, such as "8G", "500M" or "1073741824". K, M, G and T are powers of 1024.
type byteSize int64

func (b *byteSize) String() string {
	if *b == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*b), 10)
}

func (b *byteSize) Type() string { return "size" }

func (b *byteSize) Set(text string) error {
	number := strings.TrimSuffix(strings.ToUpper(text), "B")
	scale := int64(1)
	if n := len(number); n > 0 {
		if power := strings.IndexByte("KMGT", number[n-1]); power >= 0 {
			scale = 1 << (10 * (power + 1))
			number = number[:n-1]
		}
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || !(value*float64(scale) >= 1 && value*float64(scale) <= 1<<62) {
		return fmt.Errorf("expected a size such as 8G or 500M")
	}
	*b = byteSize(value * float64(scale))
	return nil
}
