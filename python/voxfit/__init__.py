"""voxfit: diffusion-MRI models fitted by SIMD kernels, on arrays.

>>> import voxfit
>>> result = voxfit.fit_csd(data, gtab, response, mask=mask)    # doctest: +SKIP
>>> result["fod"].shape, result["gfa"].dtype                    # doctest: +SKIP

``fit_csd``, ``fit_msmt``, ``fit_free_water``, ``fit_dti`` and ``fit_sfm`` take data of shape (..., N) and a
gradient table, and return a `Result`. `Model` makes the set-up once for many fits. The native library is
loaded by the first of them that is used.
"""

from ._native import Error, ForkedError, Status
from .fits import fit_csd, fit_dti, fit_free_water, fit_msmt, fit_sfm
from .model import Model
from .result import Result

__version__ = "0.1.0"

__all__ = [
    "Error",
    "ForkedError",
    "Model",
    "Result",
    "Status",
    "fit_csd",
    "fit_dti",
    "fit_free_water",
    "fit_msmt",
    "fit_sfm",
]
