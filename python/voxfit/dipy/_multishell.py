"""Multi-shell multi-tissue deconvolution, as DIPY's ``mcsd``."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
from dipy.reconst import mcsd
from dipy.testing.decorators import warning_for_keywords

from voxfit.dipy import _fitting
from voxfit.dipy._csd import SphHarmRows
from voxfit.dipy._drop_in import DropIn
from voxfit.dipy._native import MAX_ITERATIONS, NON_FINITE, Native, Unsupported


class MSDeconvRows(mcsd.MSDeconvFit, SphHarmRows):
    """An MSDeconvFit whose coefficients have one row for each voxel."""

    voxel_class = mcsd.MSDeconvFit

    def __init__(self, model: Any, shm_coeff: np.ndarray) -> None:
        mcsd.MSDeconvFit.__init__(self, model, shm_coeff, None)

    @warning_for_keywords()
    def predict(self, *, gtab: Any = None, S0: Any = 1.0) -> Any:
        """The signal; S0 other than 1 is not implemented, as in DIPY."""
        if np.any(np.asarray(S0) != 1):
            raise NotImplementedError
        return self.model.predict(self._shm_coef, gtab=gtab)


class MultiShellDeconvModel(mcsd.MultiShellDeconvModel, metaclass=DropIn):
    """DIPY's MultiShellDeconvModel with a native fit.

    The native solver finds the minimum exactly, where DIPY's stops a little before it. It adds MRtrix3's
    1e-10 to the diagonal. A voxel that it gives up is NaN with a warning, as in DIPY. Degrees above 12,
    and acquisitions with b0s for which the response has no shell, are left to DIPY's own fit.
    """

    has_native_odf = True
    native_inputs = ("gtab", "response", "sphere", "sh_order_max")

    def fit(self, data: np.ndarray, verbose: Any = True, *, mask: np.ndarray | None = None, **kwargs: Any) -> Any:
        """Fit all voxels of a mask; arguments as :meth:`ConstrainedSphericalDeconvModel.fit`.

        Parameters
        ----------
        verbose : bool or ndarray
            Warn of voxels without a solution. An array is a mask, because pyAFQ passes one here to a fit
            of its own.

        Returns
        -------
        fit : MSDeconvFit or VolumeFit
            Of one voxel, or of a volume: ``all_shm_coeff`` (..., tissues + coefficients), ``volume_fractions`` (...,
            tissues), ``shm_coeff`` of white matter, and so on.

        Examples
        --------
        >>> import numpy as np
        >>> from dipy.data import get_3shell_gtab
        >>> import voxfit.dipy
        >>> gtab = get_3shell_gtab()
        >>> data = 100 * np.exp(-gtab.bvals * (0.3e-3 + 1.4e-3 * gtab.bvecs[:, 0] ** 2)) * np.ones((2, 3, 1))
        >>> from dipy.reconst.mcsd import multi_shell_fiber_response
        >>> tissues = [[[1.7e-3, 0.4e-3, 0.4e-3, 25]] * 3, [[0.4e-3] * 3 + [40]] * 3, [[3e-3] * 3 + [100]] * 3]
        >>> response = multi_shell_fiber_response(8, [0, 1000, 2000, 3500], *map(np.array, tissues))
        >>> voxfit.dipy.MultiShellDeconvModel(gtab, response).fit(data).volume_fractions.shape
        (2, 3, 3)
        """
        if isinstance(verbose, np.ndarray) and mask is None:
            verbose, mask = True, verbose

        def dipys_fit(data: np.ndarray, **kwargs: Any) -> Any:
            return super(MultiShellDeconvModel, self).fit(data, verbose=verbose, **kwargs)

        return _fitting.fit_volume(self, dipys_fit, data, mask, kwargs, partial(self.rows, warn=verbose))

    def native(self) -> Native:
        """The native model for the attributes that this model has now."""
        shell_of = np.argmin(np.abs(self.response.shells[:, None] - self.gtab.bvals), axis=0)
        b0s = self.gtab.b0s_mask
        if np.any(b0s) and not np.array_equal(b0s, shell_of == 0):
            raise Unsupported("b0s for which the response has no shell of their own")
        used = np.unique(shell_of)
        weighted = np.where(b0s, 0, np.searchsorted(used, shell_of) + (0 if np.any(b0s) else 1))
        bvecs = np.zeros((len(b0s), 3))
        bvecs[~b0s] = _fitting.unit(self.gtab.gradients[~b0s])
        iso, response = self.response.iso, self.response.response[used]
        if np.any(b0s):
            response = response.copy()
            response[0, iso + 1 :] = 0  # as DIPY's basis at b0s
        shells = (1000.0 * np.unique(weighted)).tolist()
        tissues = [response[:, [i]] for i in range(iso)] + [response[:, iso:]]
        # b-values that only number the shells, so that these are the same as DIPY's.
        return Native(
            "msmt", 1000.0 * weighted, bvecs,
            lmax=int(self.sh_order_max),
            response=[
                {"name": f"tissue{i}", "zonal": zonal.tolist(), "bvals": shells}
                for i, zonal in enumerate(tissues)
            ],
            directions=_fitting.unit(self.sphere.vertices),
        )  # fmt: skip

    def rows(self, parameters: np.ndarray, status: np.ndarray, warn: bool = True) -> MSDeconvRows:
        """A fit of the rows that the native model wrote."""
        iso = self.response.iso
        # The native basis is MRtrix3's. In DIPY's legacy basis m and -m are exchanged.
        place = iso + self.l_values * (self.l_values + 1) // 2 - self.m_values
        coefficients = parameters[:, np.concatenate((np.arange(iso), place))]
        lost = (status == MAX_ITERATIONS) | (status == NON_FINITE)
        coefficients[lost] = np.nan
        if np.any(lost) and warn:
            message = """Voxel could not be solved properly and ended up with a
                SolverError. Proceeding to fill it with NaN values.
                """
            warnings.warn(message, UserWarning, stacklevel=4)
        return MSDeconvRows(self, coefficients)
