package numa

// Counts are the events that a processor counted for one thread, in user mode.
type Counts struct {
	Instructions, Cycles int64
	// CacheMisses is the loads and stores that the last-level cache could not serve.
	CacheMisses int64
}

// Add adds up counts of several threads.
func (c *Counts) Add(other Counts) {
	c.Instructions += other.Instructions
	c.Cycles += other.Cycles
	c.CacheMisses += other.CacheMisses
}
