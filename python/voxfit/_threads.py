"""The number of threads that a call asks for."""

from __future__ import annotations

import numpy as np


def thread_count(n_threads: int | None) -> int:
    """Return a number of threads as the library takes it: 0 stands for one on each CPU."""
    if n_threads is None:
        return 0
    if not isinstance(n_threads, (int, np.integer)):
        raise TypeError(f"n_threads is {n_threads!r}, expected a whole number or None")
    if n_threads == -1:
        return 0
    if not 1 <= n_threads <= 8192:
        raise ValueError(f"n_threads is {n_threads}, expected 1 to 8192, or -1 for all CPUs")
    return int(n_threads)
