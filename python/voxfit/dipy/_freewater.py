"""The tensor with free water, as DIPY's ``fwdti``."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

from typing import Any

import numpy as np
from dipy.reconst import fwdti
from dipy.reconst.dti import decompose_tensor, from_lower_triangular

from voxfit.dipy import _fitting
from voxfit.dipy._drop_in import DropIn
from voxfit.dipy._native import Native, Unsupported

# The options of the native fit. Those that it has in one way only are here with DIPY's default. jac only says
# how DIPY computes the derivatives of the same sum of squares.
_ANY = object()
NATIVE_OPTIONS = {
    fwdti.nls_iter: {
        "Diso": _ANY, "mdreg": _ANY, "min_signal": _ANY, "jac": _ANY,
        "cholesky": False, "f_transform": True, "weighting": None, "sigma": _ANY,
    },
    fwdti.wls_iter: {"Diso": _ANY, "mdreg": _ANY, "min_signal": _ANY, "piterations": 3},
}  # fmt: skip
METHODS = {fwdti.nls_iter: "nls", fwdti.wls_iter: "wls"}


class FreeWaterRows(fwdti.FreeWaterTensorFit):
    """A FreeWaterTensorFit with one row for each voxel, whose eigenvectors are made when asked for."""

    def __init__(self, model: Any, parameters: np.ndarray) -> None:
        super().__init__(model, None)
        self._model_params: np.ndarray | None = None
        self._parameters = parameters

    @property
    def model_params(self) -> np.ndarray:
        """DIPY's parameters: eigenvalues, eigenvectors by rows, fraction of free water."""
        if self._model_params is None:
            tensors = from_lower_triangular(self._parameters[:, :6])
            evals, evecs = decompose_tensor(tensors)
            # Where DIPY fits no tensor, all parameters are zero.
            evecs = np.where(tensors.any(axis=(1, 2), keepdims=True), evecs, 0.0)
            self._model_params = np.column_stack((evals, evecs.reshape(-1, 9), self.f))
        return self._model_params

    @model_params.setter
    def model_params(self, values: np.ndarray) -> None:
        self._model_params = values

    @property
    def f(self) -> np.ndarray:
        """Fraction of free water."""
        return self._parameters[:, 7]

    def take(self, rows: Any) -> Any:
        """DIPY's fit of one row, or rows again."""
        if np.ndim(rows) == 0:
            params = FreeWaterRows(self.model, self._parameters[rows][None]).model_params[0]
            return fwdti.FreeWaterTensorFit(self.model, params)
        return FreeWaterRows(self.model, self._parameters[rows])


class FreeWaterTensorModel(fwdti.FreeWaterTensorModel, metaclass=DropIn):
    """DIPY's FreeWaterTensorModel with a native fit.

    NLS and WLS are native with their options ``Diso``, ``mdreg`` and ``min_signal`` (and ``jac``, which
    then means nothing). ``cholesky``, ``weighting``, ``f_transform=False``, other ``piterations``, a fit
    method of one's own and b-tensors are left to DIPY's own fit. A voxel with NaN, with which DIPY
    raises, is zero.
    """

    native_inputs = ("gtab", "fit_method", "design_matrix", "args", "kwargs")

    def fit(self, data: np.ndarray, *, mask: np.ndarray | None = None, **kwargs: Any) -> Any:
        """Fit all voxels of a mask; arguments as :meth:`ConstrainedSphericalDeconvModel.fit`.

        Returns
        -------
        fit : FreeWaterTensorFit or VolumeFit
            Of one voxel, or of a volume: ``f`` (...), the fraction of free water; ``fa``; ``md`` in mm2/s; and so on.

        Examples
        --------
        >>> import numpy as np
        >>> from dipy.data import get_3shell_gtab
        >>> import voxfit.dipy
        >>> gtab = get_3shell_gtab()
        >>> data = 100 * np.exp(-gtab.bvals * (0.3e-3 + 1.4e-3 * gtab.bvecs[:, 0] ** 2)) * np.ones((2, 3, 1))
        >>> fit = voxfit.dipy.FreeWaterTensorModel(gtab).fit(data)
        >>> fit.f.shape, fit.model_params.shape
        ((2, 3), (2, 3, 13))
        """
        return _fitting.fit_volume(self, super().fit, data, mask, kwargs)

    def native(self) -> Native:
        """The native model for the attributes that this model has now."""
        options = NATIVE_OPTIONS.get(self.fit_method)
        if options is None or self.args:
            raise Unsupported("a fit method of one's own, or its positional arguments")
        given = {}
        for name, value in self.kwargs.items():
            if name not in options or options[name] is not _ANY and options[name] != value:
                raise Unsupported(f"{name}={value!r}")
            if name in ("Diso", "mdreg", "min_signal"):
                given[name.lower()] = float(value)
        _fitting.check_design(self.design_matrix, self.gtab)
        return Native(
            "fwdtim", self.gtab.bvals, self.gtab.bvecs,
            method=METHODS[self.fit_method], b0_threshold=float(self.gtab.b0_threshold), **given,
        )  # fmt: skip

    def rows(self, parameters: np.ndarray, status: np.ndarray) -> FreeWaterRows:
        """A fit of the rows that the native model wrote."""
        return FreeWaterRows(self, parameters)
