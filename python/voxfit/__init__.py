"""voxfit: diffusion-MRI models fitted by SIMD kernels, on arrays.

>>> import voxfit
>>> result = voxfit.fit_csd(data, gtab, response, mask=mask)    # doctest: +SKIP
>>> result.fod.shape, result.gfa.dtype                          # doctest: +SKIP

``fit_csd``, ``fit_msmt``, ``fit_free_water``, ``fit_dti`` and ``fit_sfm`` take data of shape (..., N), or the path of a
NIfTI file, and a gradient table, and return a `Result`. ``load`` reads such files. They keep the last few models that
they set up; `Model` is one to keep and to hand on. The native library is loaded by the first of them that is used.
"""

from . import fits
from ._kept import clear_cache
from ._native import Error, ForkedError, Status
from .fits import *  # noqa: F403 (a function for each model of the library)
from .images import load
from .model import Model
from .result import Result

__version__ = "0.1.0"

__all__ = [
    "Error",
    "ForkedError",
    "Model",
    "Result",
    "Status",
    "clear_cache",
    "load",
]
__all__ += fits.__all__
