"""The diffusion tensor, as DIPY's ``dti``."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

from typing import Any

import numpy as np
from dipy.reconst import dti
from dipy.testing.decorators import warning_for_keywords

from voxfit.dipy import _engines, _fitting
from voxfit.dipy._drop_in import DropIn
from voxfit.dipy._native import NOT_POSITIVE_DEFINITE, ZERO_SIGNAL, Native, Unsupported

METHODS = {dti.wls_fit_tensor: "wls", dti.ols_fit_tensor: "ols", dti.nlls_fit_tensor: "nls"}
# Options that change nothing if they have these values. jac says how DIPY computes the derivatives.
NEUTRAL = {"weights": None, "return_leverages": False, "return_lower_triangular": False, "fail_is_nan": False}


class TensorModel(dti.TensorModel, metaclass=DropIn):
    """DIPY's TensorModel with a native fit for WLS, OLS (LS) and NLLS (NLS).

    ``weights``, ``return_leverages``, ``fail_is_nan``, the robust methods, a fit method of one's own and
    b-tensors are left to DIPY's own fit. A voxel with NaN, with which DIPY raises, is zero.
    """

    native_inputs = ("gtab", "fit_method", "design_matrix", "args", "kwargs", "min_signal")

    @warning_for_keywords()
    def fit(self, data: np.ndarray, *, mask: np.ndarray | None = None, **kwargs: Any) -> Any:
        """Fit all voxels of a mask.

        Parameters
        ----------
        data : ndarray, shape (..., measurements)
            The signal of a volume, or of one voxel.
        mask : ndarray, shape data.shape[:-1], optional
            Voxels that are fitted: those that are not zero.
        **kwargs
            DIPY has none here; ours are those of :func:`voxfit.dipy.fit_rows`.

        Returns
        -------
        fit : TensorFit
            ``fa`` (...), ``md`` (...) in mm2/s, ``evals`` (..., 3), ``evecs`` (..., 3, 3) and so on.

        Raises
        ------
        TypeError
            For another keyword, as in DIPY.
        ValueError
            For a mask of another shape than the data's. An empty one gives zeros, as in DIPY.

        Examples
        --------
        >>> import numpy as np
        >>> from dipy.data import get_3shell_gtab
        >>> import voxfit.dipy
        >>> gtab = get_3shell_gtab()
        >>> data = 100 * np.exp(-gtab.bvals * (0.3e-3 + 1.4e-3 * gtab.bvecs[:, 0] ** 2)) * np.ones((2, 3, 1))
        >>> fit = voxfit.dipy.TensorModel(gtab).fit(data)
        >>> fit.evecs.shape, round(float(fit.md[0, 0]), 7)
        ((2, 3, 3, 3), 0.0007667)
        """
        _fitting.check_options(self, kwargs)
        data, mask = _fitting.arrays(data, mask)
        native = _fitting.native_or_none(self, data)
        if native is None:
            return super().fit(data, mask=mask)
        mask = _fitting.mask_of(mask, data.shape[:-1])
        parameters, status = _engines.fit_rows(native, data, mask, **kwargs)
        if self.return_S0_hat:
            # DIPY raises zeros to its minimum signal and fits that.
            parameters[status == ZERO_SIGNAL, 6] = self._least_signal
        least = 1e-6 / -self.design_matrix.min()
        fitted = dti.eig_from_lo_tri(_without_residue(parameters[:, :6]), min_diffusivity=least)
        undetermined = status == NOT_POSITIVE_DEFINITE
        if undetermined.any():  # the native fit has zeros here, and DIPY fits the raised signal
            rows = data.reshape(-1, data.shape[-1]) if mask is None else data[mask]
            theirs = super().fit(rows[undetermined])
            fitted[undetermined] = theirs.model_params.reshape(-1, fitted.shape[1])
            if self.return_S0_hat:
                parameters[undetermined, 6] = np.ravel(theirs.model_S0)
        params = _fitting.spread(fitted, data.shape[:-1], mask)
        S0 = _fitting.spread(parameters[:, 6], data.shape[:-1], mask) if self.return_S0_hat else None
        return dti.TensorFit(self, params, model_S0=S0)

    @property
    def _least_signal(self) -> float:
        return dti.MIN_POSITIVE_SIGNAL if self.min_signal is None else self.min_signal

    def native(self) -> Native:
        """The native model for the attributes that this model has now."""
        if self.fit_method not in METHODS or self.args:
            raise Unsupported("a fit method of one's own, or its positional arguments")
        for name, value in self.kwargs.items():
            if name not in ("step", "jac") and not (name in NEUTRAL and value is NEUTRAL[name]):
                raise Unsupported(name)
        _fitting.check_design(self.design_matrix, self.gtab)
        return Native(
            "dti", self.gtab.bvals, self.gtab.bvecs, method=METHODS[self.fit_method],
            min_signal=float(self._least_signal), b0_threshold=float(self.gtab.b0_threshold),
        )  # fmt: skip


def _without_residue(lower: np.ndarray) -> np.ndarray:
    """Return tensors with zeros off the diagonal where these elements are no more than rounding.

    Otherwise that rounding would decide the signs of eigenvectors along the axes.
    """
    lower = lower.copy()
    for element in (1, 3, 4):
        lower[np.abs(lower[:, element]) < 1e-14 * np.abs(lower).max(axis=1), element] = 0
    return lower
