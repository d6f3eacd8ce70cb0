"""Peaks of fibre orientation distributions, as DIPY's ``peaks_from_model``."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from dipy.direction import peaks
from dipy.reconst.odf import gfa
from dipy.reconst.shm import sh_to_sf_matrix
from dipy.testing.decorators import warning_for_keywords

from voxfit.dipy import _csd, _engines, _fitting

_dipys = peaks.peaks_from_model
VOXELS_AT_A_TIME = 4096


@warning_for_keywords()
@wraps(_dipys)
def peaks_from_model(
    model: Any, data: np.ndarray, sphere: Any, relative_peak_threshold: float, min_separation_angle: float, *,
    mask: np.ndarray | None = None, return_odf: bool = False, return_sh: bool = True, gfa_thr: float = 0,
    normalize_peaks: bool = False, sh_order_max: int = 8, sh_basis_type: str | None = None, legacy: bool = True,
    npeaks: int = 5, B: np.ndarray | None = None, invB: np.ndarray | None = None, parallel: bool = False,
    num_processes: int | None = None,
) -> Any:  # fmt: skip
    """DIPY's, native where the model is :class:`ConstrainedSphericalDeconvModel` of this package."""
    native = None
    if isinstance(model, _csd.ConstrainedSphericalDeconvModel):
        native = _fitting.native_or_none(model, data)
    if native is None or data.ndim < 2 or npeaks < 1 or len(getattr(sphere, "edges", ())) == 0:
        return _dipys(
            model, data, sphere, relative_peak_threshold, min_separation_angle, mask=mask,
            return_odf=return_odf, return_sh=return_sh, gfa_thr=gfa_thr, normalize_peaks=normalize_peaks,
            sh_order_max=sh_order_max, sh_basis_type=sh_basis_type, legacy=legacy, npeaks=npeaks, B=B,
            invB=invB, parallel=parallel, num_processes=num_processes,
        )  # fmt: skip
    if return_sh and (B is None or invB is None):
        B, invB = sh_to_sf_matrix(
            sphere, sh_order_max=sh_order_max, basis_type=sh_basis_type, return_inv=True, legacy=legacy
        )
    shape = data.shape[:-1]
    given = _fitting.mask_of(mask, shape)
    inside = np.ones(shape, dtype=bool) if given is None else given
    coefficients, _ = _engines.fit_rows(native, data, inside)
    sampling = model.sampling_matrix(sphere)
    found = native.peaks(coefficients, sampling, sphere, relative_peak_threshold, min_separation_angle, npeaks)
    found.update(_sampled(coefficients, sampling, invB if return_sh else None, return_odf))
    _as_dipy_reports(found, gfa_thr, normalize_peaks)
    volume = {name: _fitting.spread(values, shape, inside) for name, values in found.items()}
    volume["indices"][~inside] = -1
    return peaks._pam_from_attrs(
        peaks.PeaksAndMetrics, sphere, volume["indices"], volume["values"], volume["directions"],
        volume["gfa"], volume["qa"], volume.get("sh"), B if return_sh else None, volume.get("odf"),
    )  # fmt: skip


def _sampled(
    coefficients: np.ndarray, sampling: np.ndarray, invB: np.ndarray | None, return_odf: bool
) -> dict[str, np.ndarray]:
    """What DIPY takes from the samples of each distribution on the sphere."""
    n = len(coefficients)
    found = {name: np.zeros(n) for name in ("gfa", "lowest", "highest")}
    if invB is not None:
        found["sh"] = np.zeros((n, invB.shape[1]))
    if return_odf:
        found["odf"] = np.zeros((n, len(sampling)))
    for start in range(0, n, VOXELS_AT_A_TIME):
        part = slice(start, start + VOXELS_AT_A_TIME)
        odf = coefficients[part] @ sampling.T
        with np.errstate(invalid="ignore", divide="ignore"):
            found["gfa"][part] = gfa(odf)
        found["lowest"][part], found["highest"][part] = odf.min(-1), odf.max(-1)
        if invB is not None:
            found["sh"][part] = odf @ invB
        if return_odf:
            found["odf"][part] = odf
    return found


def _as_dipy_reports(found: dict[str, np.ndarray], gfa_thr: float, normalize_peaks: bool) -> None:
    """Leaves out peaks below the threshold of GFA, and adds qa."""
    lowest, highest = found.pop("lowest"), found.pop("highest")
    left_out = found["gfa"] < gfa_thr
    found["directions"][left_out] = 0
    found["values"][left_out] = 0
    found["indices"][left_out] = -1
    there = found["indices"] >= 0
    qa = np.where(there, found["values"] - lowest[:, None], 0)
    largest = np.concatenate(([-np.inf], highest[left_out], found["values"][there[:, 0], 0])).max()
    found["qa"] = qa / largest
    if normalize_peaks:
        with np.errstate(invalid="ignore", divide="ignore"):
            relative = found["values"] / found["values"][:, :1]
        found["values"] = np.where(there, np.nan_to_num(relative), 0)
        found["directions"] *= found["values"][..., None]
