package native

import "sync"

// A Handle stands for a Model or an Image where pointers of Go may not be kept. 0 is no handle, and no handle is
// given out twice.
type Handle uint64

// handles has all handles that were given out and not freed, with what they stand for.
type handles[T any] struct {
	missing error

	mu   sync.RWMutex
	of   map[Handle]T
	last Handle
}

func (h *handles[T]) add(x T) Handle {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of == nil {
		h.of = map[Handle]T{}
	}
	h.last++
	h.of[h.last] = x
	return h.last
}

func (h *handles[T]) find(handle Handle) (x T, err error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	x, found := h.of[handle]
	if !found {
		err = h.missing
	}
	return x, err
}

func (h *handles[T]) free(handle Handle) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, found := h.of[handle]; !found {
		return h.missing
	}
	delete(h.of, handle)
	return nil
}
