"""The native model behind a model of DIPY."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

from typing import Any
import warnings

import numpy as np

from dipy.direction.peaks import peak_directions  # type: ignore[attr-defined]

import voxfit
from voxfit import Status

NON_FINITE, ZERO_SIGNAL, MAX_ITERATIONS = Status.NON_FINITE, Status.ZERO_SIGNAL, Status.MAX_ITERATIONS
NOT_POSITIVE_DEFINITE = Status.NOT_POSITIVE_DEFINITE


class Unsupported(Exception):
    """A set-up of a model that has no native fit; says which part of it."""


class Native:
    """A native model, given by numbers and text alone: it is made on first use in each process, and
    pickled without what was made.

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

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__, _model=None)

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
        fitted = self.prepare().fit(signal, mask=mask, n_threads=n_threads)
        return fitted.params, fitted.status

    def peaks(
        self,
        coefficients: np.ndarray,
        sampling: np.ndarray,
        sphere: Any,
        relative_threshold: float,
        min_separation: float,
        npeaks: int,
    ) -> dict[str, np.ndarray]:
        """Peaks of distributions at the vertices of a sphere, by DIPY's rules.

        Parameters
        ----------
        coefficients : ndarray, shape (voxels, coefficients)
        sampling : ndarray, shape (vertices, coefficients)
            From coefficients to values at the vertices.
        sphere : Sphere
            With edges; a hemisphere or whole. Where the opposite of a vertex is one, too, their values differ by
            rounding alone, and the higher of the two is taken, as in DIPY, whose rounding is another.
        relative_threshold, min_separation, npeaks
            Of DIPY's ``peaks_from_model``. A threshold from 0 to 1 and a separation up to 90 degrees are done natively,
            both above zero.

        Returns
        -------
        found : dict
            "directions" (voxels, npeaks, 3), "values" and "indices" (voxels, npeaks); indices are -1 where
            there is no peak.
        """
        n = len(coefficients)
        found: dict[str, np.ndarray] = {
            "directions": np.zeros((n, npeaks, 3)),
            "values": np.zeros((n, npeaks)),
            "indices": np.full((n, npeaks), -1, dtype=np.int32),
        }
        by_dipy = range(n)
        if 0 < relative_threshold <= 1 and 0 < min_separation <= 90:
            self._native_peaks(found, coefficients, sampling, sphere, relative_threshold, min_separation, npeaks)
            by_dipy = range(0)
        for row in by_dipy:
            directions, values, indices = peak_directions(
                sampling @ coefficients[row], sphere,
                relative_peak_threshold=relative_threshold, min_separation_angle=min_separation,
            )  # fmt: skip
            k = min(npeaks, len(values))
            found["directions"][row, :k] = directions[:k]
            found["values"][row, :k] = values[:k]
            found["indices"][row, :k] = indices[:k]
        return found

    def _native_peaks(
        self,
        found: dict[str, np.ndarray],
        coefficients: np.ndarray,
        sampling: np.ndarray,
        sphere: Any,
        relative_threshold: float,
        min_separation: float,
        npeaks: int,
    ) -> None:
        vertices = sphere.vertices
        finder = self._make(
            sphere={"vertices": vertices.tolist(), "edges": sphere.edges.tolist()},
            peaks=int(npeaks),
            peak_threshold=float(relative_threshold),
            peak_separation=float(min_separation),
        )
        at = finder.derive(["peaks"], coefficients)["peaks"].reshape(len(coefficients), npeaks, 3)
        row, peak = np.nonzero(at.any(-1))
        # The map has single precision; the vertex that is meant is the nearest.
        vertex = np.empty(len(row), dtype=np.int32)
        for start in range(0, len(row), 4096):
            part = slice(start, start + 4096)
            vertex[part] = np.argmax(at[row[part], peak[part]] @ vertices.T, axis=1)
        found["indices"][row, peak] = vertex
        found["directions"][row, peak] = vertices[vertex]
        found["values"][row, peak] = np.einsum("ij,ij->i", coefficients[row], sampling[vertex])
