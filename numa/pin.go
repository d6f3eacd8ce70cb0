package numa

// Pin locks the calling goroutine to its operating-system thread, and the thread to one CPU. It is Confine with a list
// of one CPU. The goroutine must call unpin itself, which undoes both.
func Pin(cpu int) (unpin func() error, err error) {
	return Confine([]int{cpu})
}
