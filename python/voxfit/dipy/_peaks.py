"""Peaks of fibre orientation distributions, as DIPY's ``peaks_from_model``."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np
from dipy.direction import peaks
from dipy.direction.peaks import peak_directions  # type: ignore[attr-defined]
from dipy.reconst.odf import gfa
from dipy.reconst.shm import sh_to_sf_matrix
from dipy.testing.decorators import warning_for_keywords

from voxfit.dipy import _fitting
from voxfit.peaks import find_peaks

dipys = peaks.peaks_from_model
VOXELS_AT_A_TIME = 4096


@warning_for_keywords()
@wraps(dipys)
def peaks_from_model(
    model: Any, data: np.ndarray, sphere: Any, relative_peak_threshold: float, min_separation_angle: float, *,
    mask: np.ndarray | None = None, return_odf: bool = False, return_sh: bool = True, gfa_thr: float = 0,
    normalize_peaks: bool = False, sh_order_max: int = 8, sh_basis_type: str | None = None, legacy: bool = True,
    npeaks: int = 5, B: np.ndarray | None = None, invB: np.ndarray | None = None, parallel: bool = False,
    num_processes: int | None = None,
) -> Any:  # fmt: skip
    """DIPY's function; native if the model is one of this package and has an ODF."""
    native = None
    if getattr(type(model), "has_native_odf", False):
        data, mask = _fitting.arrays(data, mask)
        native = _fitting.native_or_none(model, data)
    if native is None or data.ndim < 2 or npeaks < 1 or len(getattr(sphere, "edges", ())) == 0:
        return dipys(
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
    signal = data[inside]
    found = _found(len(signal), npeaks, invB if return_sh else None, len(sphere.vertices) if return_odf else 0)
    for start in range(0, len(signal), VOXELS_AT_A_TIME):
        part = slice(start, start + VOXELS_AT_A_TIME)
        odf = model.fit(signal[part]).odf(sphere)
        here = {name: values[part] for name, values in found.items()}
        _sample(here, odf, invB if return_sh else None)
        _find(here, odf, sphere, relative_peak_threshold, min_separation_angle)
    _as_dipy_reports(found, gfa_thr, normalize_peaks)
    volume = {name: _fitting.spread(values, shape, inside) for name, values in found.items()}
    volume["indices"][~inside] = -1
    return peaks._pam_from_attrs(
        peaks.PeaksAndMetrics, sphere, volume["indices"], volume["values"], volume["directions"],
        volume["gfa"], volume["qa"], volume.get("sh"), B if return_sh else None, volume.get("odf"),
    )  # fmt: skip


def _found(voxels: int, npeaks: int, invB: np.ndarray | None, vertices: int) -> dict[str, np.ndarray]:
    """Make arrays for the results of all voxels; also for the values on the sphere, if vertices is not 0."""
    found = {name: np.zeros(voxels) for name in ("gfa", "lowest", "highest")}
    found["directions"] = np.zeros((voxels, npeaks, 3))
    found["values"] = np.zeros((voxels, npeaks))
    found["indices"] = np.full((voxels, npeaks), -1, dtype=np.int32)
    if invB is not None:
        found["sh"] = np.zeros((voxels, invB.shape[1]))
    if vertices:
        found["odf"] = np.zeros((voxels, vertices))
    return found


def _sample(found: dict[str, np.ndarray], odf: np.ndarray, invB: np.ndarray | None) -> None:
    """Compute what DIPY computes from the values of each ODF on the sphere."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found["gfa"][:] = gfa(odf)
    found["lowest"][:], found["highest"][:] = odf.min(-1), odf.max(-1)
    if invB is not None:
        found["sh"][:] = odf @ invB
    if "odf" in found:
        found["odf"][:] = odf


def _find(
    found: dict[str, np.ndarray], odf: np.ndarray, sphere: Any, relative_threshold: float, min_separation: float
) -> None:
    """Peaks of each ODF, by DIPY's rules.

    The native code does thresholds from 0 to 1 and separations up to 90 degrees, both above zero. On a whole sphere the
    values at two opposite vertices differ by rounding alone. The higher one is taken, as in DIPY, which rounds in
    another way.
    """
    indices = found["indices"]
    if 0 < relative_threshold <= 1 and 0 < min_separation <= 90:
        indices[:] = find_peaks(
            odf, sphere.vertices, sphere.edges,
            threshold=relative_threshold, separation=min_separation, npeaks=indices.shape[1],
        )  # fmt: skip
    else:
        for voxel, values in enumerate(odf):
            _, _, at = peak_directions(
                values, sphere, relative_peak_threshold=relative_threshold, min_separation_angle=min_separation
            )
            k = min(indices.shape[1], len(at))
            indices[voxel, :k] = at[:k]
    row, peak = np.nonzero(indices >= 0)
    vertex = indices[row, peak]
    found["directions"][row, peak] = sphere.vertices[vertex]
    found["values"][row, peak] = odf[row, vertex]


def _as_dipy_reports(found: dict[str, np.ndarray], gfa_thr: float, normalize_peaks: bool) -> None:
    """Leave out the peaks of voxels below the threshold of GFA, and add qa."""
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
