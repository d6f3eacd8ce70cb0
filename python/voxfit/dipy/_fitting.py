"""The parts that the native fits of all models share."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from voxfit._signal import is_inside
from voxfit.dipy import _ahead, _engines
from voxfit.dipy._native import Native, Unsupported
from voxfit.dipy._volume import VolumeFit
from voxfit.images import check_grids, image_of, in_memory

log = logging.getLogger("voxfit.dipy")

_ENGINE_OPTIONS = ("engine", "n_jobs", "n_threads", "vox_per_chunk", "verbose", "backend")


def fit_volume(
    model: Any,
    dipys_fit: Callable[..., Any],
    data: np.ndarray,
    mask: np.ndarray | None,
    kwargs: dict[str, Any],
    make_rows: Callable[..., Any] | None = None,
) -> Any:
    """Fit a volume, or one voxel, natively where the model's options allow it.

    Parameters
    ----------
    model : ReconstModel
        Has ``native()``, ``rows(parameters, status)`` and ``native_inputs``, the names of the attributes
        that ``native`` looks at.
    dipys_fit : callable
        The fit of DIPY's class.
    data : ndarray, shape (..., measurements)
    mask : ndarray, optional
    kwargs : dict
        Keyword arguments of the fit.
    make_rows : callable, optional
        Instead of ``model.rows``.
    """
    make_rows = make_rows or model.rows
    data, mask = arrays(data, mask)
    native = native_or_none(model, data, kwargs)
    if native is None:
        if np.ndim(data) > 1:
            kwargs = dict(kwargs, mask=mask)
        return dipys_fit(data, **kwargs)
    if data.ndim == 1:
        return make_rows(*_ahead.fit_voxel(native, data)).take(0)
    if mask is None:
        mask = np.ones(data.shape[:-1], dtype=bool)
    elif mask.shape != data.shape[:-1]:
        raise ValueError("mask and data shape do not match")
    inside: np.ndarray | None = np.asarray(mask, dtype=bool)
    if np.all(inside):
        inside = None
    # DIPY's fit accepts any keyword argument, and ignores those that it does not know.
    options = {name: kwargs[name] for name in _ENGINE_OPTIONS if name in kwargs}
    parameters, status = _engines.fit_rows(native, data, inside, **options)
    return VolumeFit(model, make_rows(parameters, status), mask, status)


def arrays(data: Any, mask: Any) -> tuple[Any, Any]:
    """Return data and mask as arrays; a NIfTI file or an image of nibabel is read as by `voxfit.load`."""
    image, mask_image = image_of(data), image_of(mask)
    check_grids(data, image, mask, mask_image)
    data = in_memory(data) if image is None else image.read(None, None, None)
    if mask_image is None:
        return data, in_memory(mask)
    return data, is_inside(mask_image.volume())


def check_options(model: Any, kwargs: Collection[str]) -> None:
    """Refuse keyword arguments of a fit that it does not know, where DIPY's fit does so, in the same words."""
    for name in kwargs:
        if name not in _ENGINE_OPTIONS:
            raise TypeError(f"{type(model).__name__}.fit() got an unexpected keyword argument {name!r}")


def native_or_none(model: Any, data: np.ndarray, kwargs: Collection[str] = ()) -> Native | None:
    """Return the native model, or None where DIPY's own fit is needed; the reason is logged (level INFO)."""
    try:
        if not isinstance(data, np.ndarray) or data.dtype.kind not in "fiu" or data.ndim < 1:
            raise Unsupported("data that is not an array of real numbers")
        if np.ma.is_masked(data):
            raise Unsupported("a masked array")
        if data.shape[-1] != len(model.gtab.bvals):
            raise Unsupported("data that does not fit the gradient table")
        if "weights" in kwargs:
            raise Unsupported("weights")
        return _prepared(model)
    except Unsupported as reason:
        log.info("%s: DIPY's own fit, for %s", type(model).__name__, reason)
        return None


def _prepared(model: Any) -> Native:
    """Return the native model, which is kept from fit to fit until an attribute of the model is replaced."""
    inputs = [getattr(model, name) for name in model.native_inputs]
    last, native = model.__dict__.get("_prepared_native", (None, None))
    if last is None or any(a is not b for a, b in zip(last, inputs)):
        try:
            native = model.native()
            native.prepare()
        except Unsupported as reason:
            native = reason
        model._prepared_native = inputs, native
    if isinstance(native, Unsupported):
        raise native
    return native


def mask_of(mask: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return a mask as booleans, checked as in DIPY's fits of whole arrays; None where there is no mask."""
    if mask is None:
        return None
    if mask.shape != shape:
        raise ValueError("Mask is not the same shape as data.")
    return np.asarray(mask, dtype=bool)


def spread(rows: np.ndarray, shape: tuple[int, ...], mask: np.ndarray | None) -> np.ndarray:
    """Place rows in the voxels of a volume, with zeros outside the mask."""
    if mask is None:
        return rows.reshape(shape + rows.shape[1:])
    volume = np.zeros(shape + rows.shape[1:], dtype=rows.dtype)
    volume[mask] = rows
    return volume


def unit(vectors: ArrayLike) -> np.ndarray:
    """Vectors scaled to length 1."""
    vectors = np.asarray(vectors, dtype=float)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def check_design(design: np.ndarray, gtab: Any) -> None:
    """Raise Unsupported where DIPY's design matrix is not that of b-values and b-vectors."""
    x, y, z = gtab.bvecs.T
    expected = -gtab.bvals * np.array([x * x, 2 * x * y, y * y, 2 * x * z, 2 * y * z, z * z])
    if not np.allclose(design[:, :6], expected.T, rtol=1e-9, atol=1e-9):
        raise Unsupported("b-tensors that are not linear")
