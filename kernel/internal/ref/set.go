package ref

import "math/bits"

// A set of directions is a slice of words, with one bit for each direction. Bits beyond the last direction are clear.

func empty(set []uint64) bool {
	for _, w := range set {
		if w != 0 {
			return false
		}
	}
	return true
}

func equal(a, b []uint64) bool {
	for i, w := range a {
		if w != b[i] {
			return false
		}
	}
	return true
}

func count(set []uint64) int {
	n := 0
	for _, w := range set {
		n += bits.OnesCount64(w)
	}
	return n
}

// appendOnly appends the directions that are in a and not in b.
func appendOnly(list []int32, a, b []uint64) []int32 {
	for i, w := range a {
		list = appendWord(list, w&^b[i], i)
	}
	return list
}

// appendMembers appends the directions of a set.
func appendMembers(list []int32, set []uint64) []int32 {
	for i, w := range set {
		list = appendWord(list, w, i)
	}
	return list
}

// appendMissing appends those of the first n directions that are not in the set.
func appendMissing(list []int32, set []uint64, n int) []int32 {
	for i, w := range set {
		w = ^w
		if last := n - 64*i; last < 64 {
			w &= 1<<last - 1
		}
		list = appendWord(list, w, i)
	}
	return list
}

func appendWord(list []int32, w uint64, word int) []int32 {
	for ; w != 0; w &= w - 1 {
		list = append(list, int32(64*word+bits.TrailingZeros64(w)))
	}
	return list
}
