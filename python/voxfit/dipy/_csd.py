"""Constrained spherical deconvolution, as DIPY's ``csdeconv``."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from dipy.reconst import csdeconv
from dipy.reconst.shm import SphHarmFit

from voxfit.dipy import _fitting
from voxfit.dipy._drop_in import DropIn
from voxfit.dipy._native import MAX_ITERATIONS, NON_FINITE, Native, Unsupported

Y00 = 0.5 / np.sqrt(np.pi)


class SphHarmRows(SphHarmFit):
    """A SphHarmFit whose coefficients have one row for each voxel."""

    voxel_class = SphHarmFit

    def __init__(self, model: Any, shm_coeff: np.ndarray) -> None:
        super().__init__(model, shm_coeff, None)

    def take(self, rows: Any) -> Any:
        """DIPY's fit of one row, or rows again."""
        coefficients = self._shm_coef[rows]
        if coefficients.ndim == 1:
            return self.voxel_class(self.model, coefficients, None)
        return type(self)(self.model, coefficients)


class ConstrainedSphericalDeconvModel(csdeconv.ConstrainedSphericalDeconvModel, metaclass=DropIn):
    """DIPY's ConstrainedSphericalDeconvModel with a native fit.

    Set-up, attributes and warnings are DIPY's. Degrees above 12 are left to DIPY's own fit. Where DIPY
    raises LinAlgError for the normal matrix of one voxel, the native fit goes on, see
    ``VolumeFit.status``.
    """

    has_native_odf = True
    native_inputs = ("gtab", "R", "B_reg", "sphere", "sh_order_max", "tau", "convergence")

    def fit(self, data: np.ndarray, *, mask: np.ndarray | None = None, **kwargs: Any) -> Any:
        """Fit all voxels of a mask.

        Parameters
        ----------
        data : ndarray, shape (..., measurements)
            The signal of a volume, or of one voxel, in the units of the response's S0. Also a NIfTI file or an image.
        mask : ndarray, shape data.shape[:-1], optional
            Voxels that are fitted: those that are not zero. With an empty one all results are zero (DIPY's are None).
        **kwargs
            ``engine``, ``n_jobs``, ``n_threads``, ``vox_per_chunk``, ``verbose``, ``backend``: see
            :func:`voxfit.dipy.fit_rows`.

        Returns
        -------
        fit : SphHarmFit or VolumeFit
            Of one voxel, or of a volume: ``shm_coeff`` (..., coefficients), ``odf(sphere)``, ``gfa`` and so on.

        Raises
        ------
        ValueError
            For a mask of another shape than the data's, and for an engine that does not exist.

        Notes ----- Other keywords are accepted and do nothing, as in DIPY.

        Examples
        --------
        >>> import numpy as np
        >>> from dipy.data import get_3shell_gtab
        >>> import voxfit.dipy
        >>> gtab = get_3shell_gtab()
        >>> data = 100 * np.exp(-gtab.bvals * (0.3e-3 + 1.4e-3 * gtab.bvecs[:, 0] ** 2)) * np.ones((2, 3, 1))
        >>> response = np.array([1.7e-3, 0.3e-3, 0.3e-3]), 100.0      # mm2/s, and the signal without weighting
        >>> fit = voxfit.dipy.ConstrainedSphericalDeconvModel(gtab, response).fit(data)
        >>> fit.shm_coeff.shape, int(fit.status.max())
        ((2, 3, 45), 0)
        """
        return _fitting.fit_volume(self, super().fit, data, mask, kwargs)

    def native(self) -> Native:
        """The native model for the attributes that this model has now."""
        if self.convergence < 1:
            raise Unsupported("convergence below 1")
        degrees = np.arange(0, self.sh_order_max + 1, 2)
        factors = self.R.diagonal()[degrees * (degrees + 1) // 2]
        weighted = ~self.gtab.b0s_mask
        bvecs = np.zeros((len(weighted), 3))
        bvecs[weighted] = _fitting.unit(self.gtab.gradients[weighted])
        # DIPY keeps lambda only as the scale of B_reg.
        directions, coefficients = self.B_reg.shape
        unit_scale = coefficients * factors[0] / np.sqrt(directions * 362.0)
        # b-values only say which volumes are weighted: the response is part of the factors.
        return Native(
            "csdm", np.where(weighted, 1000.0, 0.0), bvecs,
            lmax=int(self.sh_order_max),
            response={"zonal": [(factors * np.sqrt((2 * degrees + 1) / (4 * np.pi))).tolist()]},
            directions=_fitting.unit(self.sphere.vertices),
            tau=float(self.tau),
            max_iterations=int(self.convergence),
            precision="mixed",  # the same iterations and sets as in double precision; coefficients agree to 1e-9
            neg_lambda=float(self.B_reg[0, 0] / Y00 / unit_scale),
        )  # fmt: skip

    def rows(self, parameters: np.ndarray, status: np.ndarray) -> SphHarmRows:
        """A fit of the rows that the native model wrote."""
        parameters[status == NON_FINITE] = np.nan  # as DIPY
        if np.any(status == MAX_ITERATIONS):
            message = "maximum number of iterations exceeded - failed to converge"
            warnings.warn(message, stacklevel=4)
        return SphHarmRows(self, parameters)
