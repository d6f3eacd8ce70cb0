"""One function for each model: data and a gradient table in, a `Result` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ._gradients import GradientsLike
from ._run import Progress
from .model import Model
from .result import Result

_Fit = TypeVar("_Fit", bound=Callable[..., Result])

_COMMON = """
    mask : array_like, (...), optional
        The voxels to fit; all by default.
    n_threads : int, optional
        Number of workers; by default one for each CPU that the process may use.
    progress : callable or progress bar, optional
        Called as ``progress(done, voxels)``, or told by ``update(added)`` if it has that, as tqdm's bars do.
    **options
        Any other option of the model (capi/README.md lists them), ``isa`` and ``b0_threshold``.
"""


def _documented(function: _Fit) -> _Fit:
    """Fill in the parameters that all fits have."""
    function.__doc__ = (function.__doc__ or "").replace("    {common}\n", _COMMON.lstrip("\n"))
    return function


@_documented
def fit_csd(
    data: ArrayLike,
    gtab: GradientsLike,
    response: Any,
    *,
    lmax: int = 8,
    basis: str = "descoteaux07",
    sphere: Any = None,
    mask: ArrayLike | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Result:
    """Fit constrained spherical deconvolution (Tournier 2007), as DIPY's ConstrainedSphericalDeconvModel does.

    Parameters
    ----------
    data : array_like, (..., N)
        Measured values of any real type and with any strides.
    gtab : GradientTable or (bvals, bvecs)
        DIPY's gradient table, or b-values (N,) and b-vectors (N, 3), taken as they are.
    response : (evals, S0), AxSymShResponse or array_like
        The signal of a single fibre: DIPY's forms, or zonal coefficients of l = 0, 2, 4, ..., a row for
        each shell, as MRtrix3's files hold them.
    lmax : int, optional
        Highest degree, even.
    basis : {"descoteaux07", "tournier07"}, optional
        Basis of the coefficients in ``result["fod"]``: DIPY's legacy basis or MRtrix3's. ``result.params`` are
        always in the first.
    sphere : Sphere or array_like, (n, 3), optional
        Directions in which no amplitude may be negative; DIPY's 181 by default.
    {common}
    Returns
    -------
    Result
        With fod, gfa, peaks, peakvalues, status and iterations.

    Examples
    --------
    >>> result = fit_csd(data, gtab, (evals, S0), mask=mask)    # doctest: +SKIP
    >>> result["fod"].shape    # doctest: +SKIP
    (81, 106, 76, 45)
    """
    if sphere is not None:
        options["sphere"] = {"vertices": np.asarray(getattr(sphere, "vertices", sphere), float)}
    model = Model("csdm", gtab, response=as_response(response), lmax=lmax, basis=basis, **options)
    return model.fit(data, mask=mask, n_threads=n_threads, progress=progress)


@_documented
def fit_msmt(
    data: ArrayLike,
    gtab: GradientsLike,
    responses: Any,
    *,
    shells: ArrayLike | None = None,
    lmax: int = 8,
    basis: str = "tournier07",
    mask: ArrayLike | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Result:
    """Fit multi-shell multi-tissue deconvolution (Jeurissen 2014), the problem of MRtrix3's dwi2fod msmt_csd.

    Parameters
    ----------
    data : array_like, (..., N)
        Measured values of any real type and with any strides.
    gtab : GradientTable or (bvals, bvecs)
        DIPY's gradient table, or b-values (N,) and b-vectors (N, 3), taken as they are.
    responses : dict of str to array_like, or MultiShellResponse
        For each tissue ("WM", "GM", "CSF") zonal coefficients of l = 0, 2, 4, ..., a row for each shell, b = 0
        included, as MRtrix3's files hold them; or DIPY's object.
    shells : array_like, optional
        b-values of the rows; by default the rows are those of the data's shells, ascending.
    lmax : int, optional
        Highest degree, even, of tissues whose response has as many.
    basis : {"tournier07", "descoteaux07"}, optional
        Basis of ``result["fod_label-WM"]`` and so on: MRtrix3's or DIPY's legacy basis. ``result.params`` are
        always in the first.
    {common}
    Returns
    -------
    Result
        With fod_label-WM, ..., fraction, residual, rmse, kkt, status and iterations.
    """
    model = Model("msmt", gtab, tissues=as_tissues(responses, shells), lmax=lmax, basis=basis, **options)
    return model.fit(data, mask=mask, n_threads=n_threads, progress=progress)


@_documented
def fit_free_water(
    data: ArrayLike,
    gtab: GradientsLike,
    *,
    method: str = "nls",
    mask: ArrayLike | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Result:
    """Fit the diffusion tensor with free water (Hoy 2014, Henriques 2017), as DIPY's FreeWaterTensorModel.

    Parameters
    ----------
    data : array_like, (..., N)
        Measured values of any real type and with any strides.
    gtab : GradientTable or (bvals, bvecs)
        DIPY's gradient table, or b-values (N,) and b-vectors (N, 3), taken as they are; of two shells at least.
    method : {"nls", "wls"}, optional
        Non-linear or weighted linear least squares.
    {common}
    Returns
    -------
    Result
        With fwf (the fraction of free water), tensor, s0, fa, md, ad, rd, status and iterations.
    """
    model = Model("fwdtim", gtab, method=method, **options)
    return model.fit(data, mask=mask, n_threads=n_threads, progress=progress)


@_documented
def fit_dti(
    data: ArrayLike,
    gtab: GradientsLike,
    *,
    method: str = "wls",
    mask: ArrayLike | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Result:
    """Fit the diffusion tensor, as DIPY's TensorModel or (iwls) MRtrix3's dwi2tensor does.

    Parameters
    ----------
    data : array_like, (..., N)
        Measured values of any real type and with any strides.
    gtab : GradientTable or (bvals, bvecs)
        DIPY's gradient table, or b-values (N,) and b-vectors (N, 3), taken as they are.
    method : {"wls", "nls", "ols", "iwls"}, optional
        Weighted, non-linear, ordinary or iteratively reweighted least squares.
    {common}
    Returns
    -------
    Result
        With tensor (Dxx, Dxy, Dyy, Dxz, Dyz, Dzz), s0, fa, md, ad, rd, status and iterations.
    """
    model = Model("dti", gtab, method=method, **options)
    return model.fit(data, mask=mask, n_threads=n_threads, progress=progress)


@_documented
def fit_sfm(
    data: ArrayLike,
    gtab: GradientsLike,
    *,
    solver: str = "elasticnet",
    sphere: Any = None,
    mask: ArrayLike | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Result:
    """Fit the sparse fascicle model (Rokem 2015), as DIPY's SparseFascicleModel does.

    Parameters
    ----------
    data : array_like, (..., N)
        Measured values of any real type and with any strides.
    gtab : GradientTable or (bvals, bvecs)
        DIPY's gradient table, or b-values (N,) and b-vectors (N, 3), taken as they are.
    solver : {"elasticnet", "nnls"}, optional
        How weights are found; ``l1_ratio`` and ``alpha`` are options of the first.
    sphere : Sphere or array_like, (n, 3), optional
        Directions of fascicles, of which opposite ones count once; 181 by default.
    {common}
    Returns
    -------
    Result
        With weights, odf, gfa, peaks, peakvalues, s0, isotropic, residual, kkt, status and iterations.
    """
    if sphere is not None:
        options["sphere"] = {"vertices": np.asarray(getattr(sphere, "vertices", sphere), float)}
    model = Model("sfm", gtab, solver=solver, **options)
    return model.fit(data, mask=mask, n_threads=n_threads, progress=progress)


def as_response(response: Any) -> dict[str, Any]:
    """Return a response as the option of csdm: of DIPY's forms, or zonal coefficients."""
    if isinstance(response, dict):
        return response
    if hasattr(response, "dwi_response"):  # AxSymShResponse
        return {"zonal": np.atleast_2d(np.asarray(response.dwi_response, float))}
    try:
        if isinstance(response, (tuple, list)) and len(response) == 2 and np.ndim(response[1]) == 0 and np.size(response[0]) == 3:
            return {"evals": np.asarray(response[0], float).ravel(), "s0": float(response[1])}
        zonal = np.asarray(response, float)
    except (TypeError, ValueError):
        zonal = np.empty(())
    if zonal.ndim not in (1, 2):
        raise ValueError(f"the response is {response!r}, expected (evals, S0), (coefficients,) or (shells, coefficients)")
    return {"zonal": np.atleast_2d(zonal)}


def as_tissues(responses: Any, shells: ArrayLike | None = None) -> list[dict[str, Any]]:
    """Return responses of several tissues as the option of msmt."""
    if hasattr(responses, "response") and hasattr(responses, "iso"):  # MultiShellResponse
        table, iso = np.asarray(responses.response, float), int(responses.iso)
        shells = np.asarray(responses.shells, float)
        names = ["CSF", "GM", *(f"tissue{i + 1}" for i in range(2, iso))][:iso]
        responses = {"WM": table[:, iso:], **{name: table[:, i : i + 1] for i, name in enumerate(names)}}
    if not isinstance(responses, Mapping):
        raise TypeError(f"responses are {responses!r}, expected a dict by tissue or a MultiShellResponse")
    tissues = []
    for name, rows in responses.items():
        rows = np.asarray(rows, float)
        tissue = {"name": name, "zonal": rows[:, None] if rows.ndim == 1 else rows}
        if shells is not None:
            tissue["bvals"] = np.asarray(shells, float)
        tissues.append(tissue)
    return tissues
