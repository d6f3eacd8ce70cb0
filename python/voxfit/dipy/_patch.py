"""Switches DIPY over to the native models, and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dipy.direction import peaks
from dipy.reconst import csdeconv, dti, fwdti, mcsd, sfm

from voxfit.dipy import _csd, _freewater, _multishell, _peaks, _sfm, _tensor

_CHANGES: list[tuple[Any, Any]] = [
    (csdeconv.ConstrainedSphericalDeconvModel, _csd.ConstrainedSphericalDeconvModel),
    (dti.TensorModel, _tensor.TensorModel),
    (fwdti.FreeWaterTensorModel, _freewater.FreeWaterTensorModel),
    (mcsd.MultiShellDeconvModel, _multishell.MultiShellDeconvModel),
    (sfm.SparseFascicleModel, _sfm.SparseFascicleModel),
    (peaks.peaks_from_model, _peaks.peaks_from_model),
]


def patch() -> None:
    """Put the native models in the place of DIPY's, in all modules of DIPY that have them.

    Modules of DIPY that are imported later get them, too. A module that is not DIPY's and has already
    taken a class out of DIPY (``from dipy.reconst.dti import TensorModel``) keeps what it has.
    """
    _change({id(dipys): ours for dipys, ours in _CHANGES})


def unpatch() -> None:
    """Put DIPY's own models back."""
    _change({id(ours): dipys for dipys, ours in _CHANGES})


@contextmanager
def patched() -> Iterator[None]:
    """DIPY with native models for the time of a ``with`` block."""
    patch()
    try:
        yield
    finally:
        unpatch()


def _change(instead: dict[int, Any]) -> None:
    for name, module in list(sys.modules.items()):
        if name != "dipy" and not name.startswith("dipy."):
            continue
        for attribute, value in list(vars(module).items()):
            if id(value) in instead:
                setattr(module, attribute, instead[id(value)])
