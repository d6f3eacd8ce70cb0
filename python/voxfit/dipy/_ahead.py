"""Fits of single voxels that a program asks for one after another, as scilpy's loop over the rows of an array.

A native call costs more than the fit of a voxel in a batch. Where a program asks for rows in their order, the next ones
are therefore fitted with it, twice as many each time. They are handed out only where the program then gives the very
same bytes. Results are those of a call each, since they do not depend on other voxels.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import weakref
from typing import Any, NamedTuple

import numpy as np

_MOST = 64  # rows of a call; so few are fitted by the calling thread itself
_MOST_LEFT_OUT = 8  # rows that a program may skip (zeros, say) and still count as going through an array


class Ahead(NamedTuple):
    """Rows of an array that were fitted in one call."""

    array: weakref.ref[np.ndarray]  # it may be freed while the model stays
    start: int
    signal: list[bytes]
    parameters: np.ndarray
    status: np.ndarray

    def follows(self, array: np.ndarray, row: int) -> bool:
        """Tell whether a row is the next one of the same array, or nearly."""
        return array is self.array() and 0 <= row - self.start - len(self.signal) <= _MOST_LEFT_OUT

    def result(self, array: np.ndarray, row: int, voxel: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Return parameters and status of a row, if it is one of these and has the bytes that were fitted."""
        i = row - self.start
        if array is not self.array() or not 0 <= i < len(self.signal) or voxel.tobytes() != self.signal[i]:
            return None
        return self.parameters[i : i + 1].copy(), self.status[i : i + 1]


def fit_voxel(native: Any, voxel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit one voxel with a native model, which keeps what was fitted ahead: parameters and status, one row each."""
    place = _place(voxel)
    if place is None:
        return native.fit(voxel[None], 1)
    array, row = place
    kept: Ahead | None = native.ahead
    if kept is not None:
        found = kept.result(array, row, voxel)
        if found is not None:
            native.count()
            return found
    step = min(2 * len(kept.signal), _MOST) if kept is not None and kept.follows(array, row) else 1
    rows = array.reshape(-1, len(voxel))[row : row + step].copy()
    rows[0] = voxel
    parameters, status = native.fit(rows, 1)
    native.ahead = kept = Ahead(weakref.ref(array), row, [r.tobytes() for r in rows], parameters, status)
    return kept.parameters[:1].copy(), kept.status[:1]


def _place(voxel: np.ndarray) -> tuple[np.ndarray, int] | None:
    """Return the array whose row a voxel is, and which row; None if it is none."""
    array = voxel.base
    if (
        type(voxel) is not np.ndarray
        or type(array) is not np.ndarray  # not a mapped file
        or array.ndim < 2
        or array.shape[-1] != len(voxel)
        or array.dtype != voxel.dtype
        or not (array.flags.c_contiguous and voxel.flags.c_contiguous)
    ):
        return None
    distance = voxel.__array_interface__["data"][0] - array.__array_interface__["data"][0]
    row, rest = divmod(distance, voxel.nbytes)
    return None if rest else (array, row)
