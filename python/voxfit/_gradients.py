"""Gradient tables, DIPY's or plain arrays."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ._signal import refuse_masked


class GradientTable(Protocol):
    """The attributes of DIPY's class of this name that are read."""

    bvals: np.ndarray
    bvecs: np.ndarray


GradientsLike = GradientTable | tuple[ArrayLike, ArrayLike]


class Gradients(NamedTuple):
    """b-values (N,) in s/mm2 and b-vectors (N, 3), and the b-value up to which a volume is a b0."""

    bvals: np.ndarray
    bvecs: np.ndarray
    b0_threshold: float | None


def as_gradients(gtab: GradientsLike) -> Gradients:
    """Read a gradient table: DIPY's ``GradientTable``, or a pair of b-values and b-vectors.

    Nothing is flipped. B-tensors that are not linear are a ValueError, because no model here can use them.
    """
    threshold: float | None = None
    table: Any = gtab
    if hasattr(gtab, "bvals") and hasattr(gtab, "bvecs"):
        bvals, bvecs = table.bvals, table.bvecs
        if getattr(gtab, "b0_threshold", None) is not None:
            threshold = float(table.b0_threshold)
    else:
        try:
            bvals, bvecs = table
        except (TypeError, ValueError):
            raise TypeError("gtab is neither a gradient table nor a pair (bvals, bvecs)") from None
    refuse_masked("bvals", bvals)
    refuse_masked("bvecs", bvecs)
    try:
        bvals = np.array(bvals, np.float64, order="C")
        bvecs = np.array(bvecs, np.float64, order="C")
    except (TypeError, ValueError) as err:
        raise ValueError(f"bvals and bvecs are not arrays of numbers: {err}") from None
    if bvals.ndim != 1 or bvecs.ndim != 2:
        raise ValueError(f"bvals have shape {bvals.shape} and bvecs {bvecs.shape}, expected (N,) and (N, 3)")
    if bvecs.shape[1] != 3 and bvecs.shape[0] == 3:
        bvecs = np.ascontiguousarray(bvecs.T)
    if bvecs.shape != (len(bvals), 3):
        raise ValueError(f"there are {len(bvals)} bvals, and bvecs of shape {bvecs.shape}, expected ({len(bvals)}, 3)")
    if getattr(gtab, "btens", None) is not None:
        _check_linear(table.btens, bvals, bvecs, threshold or 0)
    return Gradients(bvals, bvecs, threshold)


def _check_linear(btens: ArrayLike, bvals: np.ndarray, bvecs: np.ndarray, b0_threshold: float) -> None:
    """Refuse b-tensors (N, 3, 3) that differ from ``b g g^T`` by more than a hundredth of b, except in b0s."""
    btens = np.asarray(btens, np.float64)
    if btens.shape != (len(bvals), 3, 3):
        raise ValueError(f"gtab.btens has shape {btens.shape}, expected ({len(bvals)}, 3, 3)")
    linear = bvals[:, None, None] * bvecs[:, :, None] * bvecs[:, None, :]
    apart = np.linalg.norm(btens - linear, axis=(1, 2))
    other = np.flatnonzero((bvals > b0_threshold) & ~(apart <= 0.01 * bvals))
    if len(other):
        raise ValueError(
            f"gtab.btens is not linear along bvecs in {len(other)} of {len(bvals)} volumes, the first being {other[0]} "
            "(counted from 0), expected linear b-tensors (LTE) alone: leave these volumes out"
        )
