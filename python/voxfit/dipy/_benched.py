"""What `voxfit.bench` times: DIPY's models and these, how each is made, and which of its results are compared."""

# DIPY has no types.
# mypy: disable-error-code="no-untyped-call, no-any-return"

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from dipy.reconst import dti, sfm

from voxfit import dipy as ours
from voxfit._options import classes


def models_of(family: str) -> dict[str, Any]:
    """The classes of DIPY ("dipy") or of voxfit ("voxfit"), by kbench's names."""
    models = {name: getattr(ours, cls) for name, cls in classes().items() if hasattr(ours, cls)}
    if family == "voxfit":
        return models
    return {name: next(c for c in cls.__mro__ if c.__module__.startswith("dipy.")) for name, cls in models.items()}


def make(family: str, model: str, method: str, gtab: Any, response: Any, tissues: Any) -> Any:
    """A model, set up for an acquisition; a method is one of fwdtim, dti or sfm, in small letters."""
    cls = models_of(family)[model]
    if model == "csdm":
        return cls(gtab, response)
    if model == "msmt":
        return cls(gtab, *tissues, sh_order_max=8, iso=2)
    option = "solver" if model == "sfm" else "fit_method"
    method = {"nnls": "NNLS", "elasticnet": "ElasticNet"}.get(method, method.upper())
    made = cls(gtab, **({option: method} if method else {}))
    return Chunked(made) if family == "dipy" and model in ("dti", "sfm") else made


def results_of(model: str, fit: Any) -> dict[str, np.ndarray]:
    """The results of a fit that are compared, by name, with a row for each voxel."""
    if model == "csdm":
        return {"coefficients": fit.shm_coeff}
    if model == "msmt":
        return {"prediction": fit.predict()}
    if model == "sfm":
        return {"weights": folded(fit.model.sphere, fit.beta)}
    if model == "dti":
        return {"fa": fit.fa[:, None]}
    return {"fa": fit.fa[:, None], "f": fit.f[:, None]}


# What a program that uses DIPY takes from a fit of a whole volume.
END_RESULTS = {"csdm": "shm_coeff", "fwdtim": "f"}


def folded(sphere: Any, weights: np.ndarray) -> np.ndarray:
    """Weights of the first of each pair of opposite directions: the sums of both."""
    half = sphere.vertices[: len(sphere.vertices) // 2]
    first = np.argmax(np.abs(sphere.vertices @ half.T), axis=1)
    return weights @ (first[:, None] == np.arange(len(half)))


class Chunked:
    """A model of DIPY whose fit has no engines, fitted by DIPY's paramap."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, data: np.ndarray, engine: str = "serial", n_jobs: int = 1, vox_per_chunk: int = 1) -> Any:
        """Fit voxels, a chunk of them at a time."""
        from dipy.utils.parallel import paramap

        if engine == "serial":
            return self.model.fit(data)
        chunks = [data[i : i + vox_per_chunk] for i in range(0, len(data), vox_per_chunk)]
        parts = paramap(fit_chunk, chunks, func_args=[self.model], engine=engine, n_jobs=n_jobs, clean_spill=False)
        return self.join([np.concatenate(arrays) for arrays in zip(*parts)])

    def join(self, arrays: list[np.ndarray]) -> Any:
        """DIPY's fit object of all voxels."""
        if isinstance(self.model, dti.TensorModel):
            return dti.TensorFit(self.model, *arrays)
        beta, S0 = arrays
        return sfm.SparseFascicleFit(self.model, beta, S0, None)


def fit_chunk(data: np.ndarray, model: Any) -> tuple[np.ndarray, ...]:
    """The arrays of a fit, in a worker."""
    if hasattr(model, "solver"):  # it keeps what it found, and workers may be threads
        model = copy.copy(model)
        model.solver = copy.copy(model.solver)
    fit = model.fit(data)
    return (fit.model_params,) if hasattr(fit, "model_params") else (fit.beta, fit.S0)
