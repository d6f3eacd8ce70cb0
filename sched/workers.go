package sched

// WorkerCount is the number of workers that Run will use for the plan, for callers that keep a state
// for each. A Plan whose Workers is set to it runs with that many.
func (p Plan) WorkerCount() (int, error) {
	s, err := p.resolve()
	return s.Workers, err
}
