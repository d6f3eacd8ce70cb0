"""The number of threads that a call asks for."""

from __future__ import annotations

import numpy as np

from ._native import is_forked


def thread_count(n_threads: int | None) -> int:
    """Return a number of threads as the library reads it: 0 means one for each CPU.

    This is the default. In a forked process the default is one thread, because the program that forked it has divided
    the CPUs among its processes already.
    """
    if n_threads is None:
        return 1 if is_forked() else 0
    if not isinstance(n_threads, (int, np.integer)):
        raise TypeError(f"n_threads is {n_threads!r}, expected a whole number or None")
    if n_threads == -1:
        return 0
    if not 1 <= n_threads <= 8192:
        raise ValueError(f"n_threads is {n_threads}, expected 1 to 8192, or -1 for all CPUs")
    return int(n_threads)
