"""Describes where the values of a signal lie in memory, for any strides, without a copy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import _native

_TYPES: dict[np.dtype, int] = {
    np.dtype(np.float32): _native.FLOAT32,
    np.dtype(np.float64): _native.FLOAT64,
    np.dtype(np.int16): _native.INT16,
    np.dtype(np.uint16): _native.UINT16,
    np.dtype(np.int8): _native.INT8,
    np.dtype(np.uint8): _native.UINT8,
}
_TYPES.update({t.newbyteorder(): n | _native.SWAPPED for t, n in _TYPES.items() if t.itemsize > 1})


_SCALARS = frozenset((float, int, str, bool))


class Layout(NamedTuple):
    """A signal in memory: `Batch`'s fields, and the arrays that must live as long."""

    voxels: int
    type: int
    address: int
    voxel_stride: int
    value_stride: int
    offsets: np.ndarray | None
    data: np.ndarray
    mask: np.ndarray | None

    @property
    def row_bytes(self) -> int:
        """Bytes of a voxel's values."""
        return int(self.data.itemsize) * int(self.data.shape[-1])

    def parts(self, step: int) -> Iterator[np.ndarray]:
        """Return rows of values, those of some voxels at a time."""
        shape, n = self.data.shape[:-1], self.data.shape[-1]
        if self.offsets is None:
            rows = self.data.reshape(-1, n)
            yield from (rows[i : i + step] for i in range(0, len(rows), step))
            return
        voxels = np.arange(math.prod(shape)) if self.mask is None else np.flatnonzero(self.mask)
        for i in range(0, len(voxels), step):
            yield self.data[np.unravel_index(voxels[i : i + step], shape)]


def refuse_masked(name: str, array: Any) -> None:
    """Raise a TypeError for a masked array of NumPy's that has masked values, because nothing here looks at its mask.

    Lists, tuples and dicts are searched, too, because NumPy and JSON would make plain numbers of what they hold.
    """
    if isinstance(array, (list, tuple, Mapping)):
        for part in array.values() if isinstance(array, Mapping) else array:
            if type(part) not in _SCALARS:  # most are scalars, and a call for each would take longer than all else
                refuse_masked(name, part)
    elif isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise TypeError(
            f"{name} is a masked array (numpy.ma) in which {np.sum(np.ma.getmask(array))} of {array.size} values are "
            "masked, expected a plain array, as its filled() makes one; the argument mask leaves voxels out"
        )


def is_inside(values: np.ndarray) -> np.ndarray:
    """Return which voxels a mask of numbers has: those that are neither zero nor NaN."""
    inside: np.ndarray = (values != 0) & (values == values)
    return inside


def as_mask(mask: ArrayLike | None, shape: tuple[int, ...]) -> tuple[np.ndarray | None, str]:
    """Return a mask as booleans, and a sentence if it may not be a mask at all.

    Its shape must be that of the voxels. As in kbench, an empty mask is an error, and there is a sentence about labels.
    """
    if mask is None:
        return None, ""
    refuse_masked("mask", mask)
    mask = np.asarray(mask)
    if mask.dtype.kind not in "biuf":
        raise TypeError(f"mask is of type {mask.dtype}, expected booleans or numbers")
    if mask.shape != shape:
        raise ValueError(f"mask has shape {mask.shape}, expected {shape}, that of the data without its last axis")
    inside = np.asarray(mask if mask.dtype == bool else is_inside(mask))
    if inside.size and not inside.any():
        raise ValueError(f"the mask is empty: all {inside.size} voxels are zero or NaN")
    return inside, "" if mask.dtype == bool else _doubt(mask)


def _doubt(mask: np.ndarray) -> str:
    """Return a sentence if a mask has more than two values, the largest above 1, as a segmentation or an image has."""
    values = mask[mask == mask]
    most = values.max(initial=0)
    others = values[values != values[0]] if most > 1 else values[:0]
    if not (others != others[:1]).any():
        return ""
    return (
        f"the mask has more than two values, up to {most}, as a segmentation or an image has; all voxels but zeros and "
        "NaN are inside"
    )


def lay_out(data: np.ndarray, mask: np.ndarray | None) -> Layout:
    """Describe data of shape (..., N), or its voxels inside a mask."""
    if data.dtype not in _TYPES:
        if mask is not None:  # only voxels that are fitted are converted
            data, mask = data[mask], None
        data = data.astype(_wider(data.dtype))
    shape, strides = data.shape[:-1], data.strides[:-1]
    value_stride, type_ = data.strides[-1], _TYPES[data.dtype]
    even = data.flags.c_contiguous or data.ndim == 2 and any(data.strides)
    if mask is None and even:
        stride = data.itemsize * data.shape[-1] if data.flags.c_contiguous else strides[0]
        value_stride = data.itemsize if data.flags.c_contiguous else value_stride
        return Layout(math.prod(shape), type_, data.ctypes.data, stride, value_stride, None, data, None)
    offsets = np.zeros(shape, np.int64)
    for axis, stride in enumerate(strides):
        steps = np.arange(shape[axis], dtype=np.int64) * stride
        offsets += steps.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    fitted = offsets.ravel() if mask is None else offsets[mask]
    return Layout(fitted.size, type_, data.ctypes.data, 0, value_stride, fitted, data, mask)


def _wider(dtype: np.dtype) -> np.dtype:
    """Return a type that the library reads and that holds all values of the given type."""
    if dtype.kind not in "iuf":
        raise TypeError(f"data are of type {dtype}, expected real numbers")
    for candidate in (np.int16, np.float32):
        if np.can_cast(dtype, candidate, "safe"):
            return np.dtype(candidate)
    return np.dtype(np.float64)
