"""voxfit: diffusion-MRI models fitted by SIMD kernels, on arrays.

>>> import voxfit
>>> result = voxfit.fit_csd(data, gtab, response, mask=mask)    # doctest: +SKIP
>>> result.fod.shape, result.gfa.dtype                          # doctest: +SKIP

``fit_csd``, ``fit_msmt``, ``fit_free_water``, ``fit_dti`` and ``fit_sfm`` take data of shape (..., N), or the path of a
NIfTI file, and a gradient table, and return a `Result`. ``load`` reads such files. These functions keep the last few
models that they set up. A `Model` is set up once by the caller, who keeps it and may pass it on. The native library is
loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._lazy import lazily

if TYPE_CHECKING:
    from . import fits as fits
    from ._kept import clear_cache as clear_cache
    from ._native import Error as Error
    from ._native import ForkedError as ForkedError
    from ._native import ForkedWarning as ForkedWarning
    from ._native import Status as Status
    from .fits import *  # noqa: F403 (a function for each model of the library)
    from .images import load as load
    from .model import Model as Model
    from .result import Result as Result

__version__ = "0.1.0"

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Error": "_native",
        "ForkedError": "_native",
        "ForkedWarning": "_native",
        "Model": "model",
        "Result": "result",
        "Status": "_native",
        "clear_cache": "_kept",
        "load": "images",
    },
    submodules=("fits", "images", "model", "result"),
    others="fits",
)
