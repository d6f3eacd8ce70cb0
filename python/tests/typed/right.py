"""Calls that are right: `mypy --strict` must find nothing here."""

from __future__ import annotations

import numpy as np

import voxfit

data = np.zeros((2, 3, 4, 96), np.float32)
mask = np.ones((2, 3, 4), bool)
bvals, bvecs = np.zeros(96), np.zeros((96, 3))
gtab = (bvals, bvecs)
evals = np.array([1.7e-3, 0.3e-3, 0.3e-3])


def fits() -> list[voxfit.Result]:
    """Every function, with options by their own names and by DIPY's."""
    return [
        voxfit.fit_csd(data, gtab, (evals, 1000.0)),
        voxfit.fit_csd(data, gtab, ([1.7e-3, 0.3e-3, 0.3e-3], 1000.0), lmax=6, tau=0.1, precision="mixed", mask=mask),
        voxfit.fit_csd(data, gtab, np.zeros((1, 5)), sh_order_max=6, convergence=50, reg_sphere=np.eye(3)),
        voxfit.fit_msmt(
            data, gtab, {"WM": np.zeros((3, 5)), "CSF": np.zeros(3)}, response_bvals=[0, 1000, 2000], n_threads=-1
        ),
        voxfit.fit_free_water(data.astype(np.int16), gtab, method="nls", Diso=3e-3),
        voxfit.fit_dti(data, (bvals.tolist(), bvecs.tolist()), fit_method="WLS", b0_threshold=50),
        voxfit.fit_sfm(data, gtab, solver="nnls", evals=(1.5e-3, 0.5e-3, 0.5e-3), isa="avx2"),
    ]


def maps(result: voxfit.Result) -> list[np.ndarray]:
    """Maps by index and by attribute."""
    return [result["fa"], result.fa, result.fod_wm, result.masked("fa"), result.params, result.status]


def model() -> voxfit.Model:
    """A model to keep."""
    voxfit.clear_cache()
    return voxfit.Model("dti", gtab, method="wls")
