"""The native model that does the fits of a model of DIPY."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np

import voxfit
from voxfit import Status

# As plain numbers, with which NumPy compares an array ten times as fast as with members of an enumeration.
NON_FINITE, ZERO_SIGNAL, MAX_ITERATIONS, NOT_POSITIVE_DEFINITE = map(
    int, (Status.NON_FINITE, Status.ZERO_SIGNAL, Status.MAX_ITERATIONS, Status.NOT_POSITIVE_DEFINITE)
)

fits: Counter[str] = Counter()  # how many native fits this process made, by model


class Unsupported(Exception):
    """A set-up of a model has no native fit; the message says which part of the set-up is the reason."""


class Native:
    """A native model that each process sets up on first use. It is pickled as numbers and text, without the set-up.

    Parameters
    ----------
    name : str
        As :class:`voxfit.Model` takes it.
    bvals, bvecs : ndarray, shape (measurements,) and (measurements, 3)
    **options
        Of :class:`voxfit.Model`.
    """

    def __init__(self, name: str, bvals: np.ndarray, bvecs: np.ndarray, **options: Any) -> None:
        self.name = name
        self.gradients = np.array(bvals, dtype=float), np.array(bvecs, dtype=float)
        self.options = options
        self._model: voxfit.Model | None = None
        self.ahead: Any = None  # what `_ahead` keeps

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__, _model=None, ahead=None)

    def count(self) -> None:
        """Count a native fit of this process."""
        fits[self.name] += 1

    def prepare(self) -> voxfit.Model:
        """Make the model; Unsupported says why it cannot be made."""
        if self._model is None:
            try:
                self._model = self._make()
            except ValueError as error:
                raise Unsupported(str(error)) from None
        return self._model

    def _make(self, **more: Any) -> voxfit.Model:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # DIPY's own set-up has warned
            return voxfit.Model(self.name, self.gradients, bvalue_scaling="dipy", **self.options, **more)

    def fit(
        self, signal: np.ndarray, n_threads: int | None = None, mask: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Parameters and status of each voxel of a signal; without n_threads, all CPUs fit. A mask may be empty."""
        if mask is not None and not mask.any():
            signal, mask = signal[mask], None
        self.count()
        fitted = self.prepare().fit(signal, mask=mask, n_threads=n_threads)
        return fitted.params, fitted.status
