package numa

// Pin locks the calling goroutine to its operating-system thread and that thread to one CPU: Confine
// with a list of one. The goroutine must call unpin itself, which undoes both.
func Pin(cpu int) (unpin func() error, err error) {
	return Confine([]int{cpu})
}
