"""The sparse fascicle model, as DIPY's ``sfm``."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

from typing import Any

import numpy as np
from dipy.core.optimize import NonNegativeLeastSquares
from dipy.reconst import sfm
from dipy.testing.decorators import warning_for_keywords

from voxfit.dipy import _engines, _fitting
from voxfit.dipy._drop_in import DropIn
from voxfit.dipy._native import Native, Unsupported


class SparseFascicleModel(sfm.SparseFascicleModel, metaclass=DropIn):
    """DIPY's SparseFascicleModel with a native fit.

    Solvers "ElasticNet" and "NNLS" with the default isotropic model are native; other solvers and
    isotropic models, and responses that are not axially symmetric, are left to DIPY's own fit. The native
    solvers find the minimum exactly. Columns of opposite directions are equal, so how a weight is
    divided between them is open: with ElasticNet in halves, as its penalty demands; with NNLS the first
    has all of it.
    """

    has_native_odf = True
    native_inputs = ("gtab", "sphere", "response", "solver", "isotropic")

    @warning_for_keywords()
    def fit(
        self,
        data: np.ndarray,
        *,
        mask: np.ndarray | None = None,
        num_processes: int | None = 1,
        parallel_backend: str = "multiprocessing",
        **kwargs: Any,
    ) -> Any:
        """Fit all voxels of a mask.

        Parameters
        ----------
        data : ndarray, shape (..., measurements)
            The signal of a volume, or of one voxel.
        mask : ndarray, shape data.shape[:-1], optional
            Voxels that are fitted: those that are not zero.
        num_processes : int
            Above 1: the number of native threads. As in DIPY otherwise.
        parallel_backend : str
            Of DIPY's own fit.
        **kwargs
            DIPY has none here; ours are those of :func:`voxfit.dipy.fit_rows`.

        Returns
        -------
        fit : SparseFascicleFit
            ``beta`` (..., vertices), ``odf(sphere)``, ``S0`` and so on.

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
        >>> voxfit.dipy.SparseFascicleModel(gtab, solver="NNLS").fit(data).beta.shape
        (2, 3, 362)
        """
        _fitting.check_options(self, kwargs)
        data, mask = _fitting.arrays(data, mask)
        native = _fitting.native_or_none(self, data)
        if native is None:
            return super().fit(data, mask=mask, num_processes=num_processes, parallel_backend=parallel_backend)
        mask = _fitting.mask_of(mask, data.shape[:-1])
        if num_processes is not None and num_processes > 1:
            kwargs.setdefault("n_threads", num_processes)
        parameters, _ = _engines.fit_rows(native, data, mask, **kwargs)
        first, second = self._pairs()
        weights = parameters[:, : len(first)]
        beta = np.zeros((len(parameters), len(self.sphere.vertices)))
        paired = second >= 0
        if not isinstance(self.solver, NonNegativeLeastSquares):
            weights = np.where(paired, weights / 2, weights)
            beta[:, second[paired]] = weights[:, paired]
        beta[:, first] = weights
        S0 = np.mean(data[..., self.gtab.b0s_mask], -1)
        return sfm.SparseFascicleFit(
            self,
            _fitting.spread(beta, data.shape[:-1], mask),
            S0 if mask is None else np.where(mask, S0, 0.0),
            self.isotropic(self.gtab).fit(data, mask=mask),
        )

    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the first vertex of each pair of opposite ones, and the second or -1."""
        vertices = self.sphere.vertices
        opposite = np.full(len(vertices), -1)
        for i, v in enumerate(vertices):
            other = np.argmin(vertices @ v)
            if np.allclose(vertices[other], -v, atol=1e-8):
                opposite[i] = other
        first = np.array([i for i, j in enumerate(opposite) if j < 0 or i < j])
        return first, opposite[first]

    def native(self) -> Native:
        """The native model for the attributes that this model has now."""
        options: dict[str, Any] = {"evals": [float(e) for e in self.response]}
        first, second = self._pairs()
        if type(self.solver) is NonNegativeLeastSquares:
            options["solver"] = "nnls"
        elif type(self.solver) is getattr(sfm.lm, "ElasticNet", None):
            s = self.solver
            if not (s.positive and s.fit_intercept) or s.alpha <= 0 or s.l1_ratio <= 0:
                raise Unsupported("ElasticNet that is not positive, or without an intercept or a penalty")
            if np.any(second < 0):
                raise Unsupported("ElasticNet on a sphere without opposite directions")
            options.update(solver="elasticnet", alpha=float(s.alpha), l1_ratio=float(s.l1_ratio))
        else:
            raise Unsupported("a solver of one's own")
        if self.isotropic is not sfm.IsotropicModel:
            raise Unsupported("another isotropic model")
        if self.gtab.btens is not None:
            raise Unsupported("b-tensors")
        return Native(
            "sfm", self.gtab.bvals, self.gtab.bvecs,
            sphere={"vertices": _fitting.unit(self.sphere.vertices[first]).tolist()},
            b0_threshold=float(self.gtab.b0_threshold), **options,
        )  # fmt: skip
