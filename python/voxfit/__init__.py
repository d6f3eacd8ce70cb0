"""voxfit: diffusion-MRI models fitted by SIMD kernels, on arrays.

>>> import voxfit
>>> result = voxfit.fit_csd(data, gtab, response, mask=mask)    # doctest: +SKIP
>>> result.fod.shape, result.gfa.dtype                          # doctest: +SKIP

``fit_csd``, ``fit_msmt``, ``fit_free_water``, ``fit_dti`` and ``fit_sfm`` take data of shape (..., N), or the path of a
NIfTI file, and a gradient table, and return a `Result`. ``load`` reads such files. They keep the last few models that
they set up; `Model` is one to keep and to hand on. The native library is loaded by the first of them that is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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

# Where each name is: its module is imported when it is first used. All others are functions of fits.
_MODULES = {
    "Error": "_native",
    "ForkedError": "_native",
    "ForkedWarning": "_native",
    "Model": "model",
    "Result": "result",
    "Status": "_native",
    "clear_cache": "_kept",
    "load": "images",
}
_SUBMODULES = ("fits", "images", "model", "result")


def _module(name: str) -> Any:
    return importlib.import_module("." + name, __name__)


def __getattr__(name: str) -> Any:
    value: Any
    if name == "__all__":
        value = [*_MODULES, *_module("fits").__all__]
    elif name in _SUBMODULES:
        value = _module(name)
    elif name in _MODULES:
        value = getattr(_module(_MODULES[name]), name)
    elif not name.startswith("_") and name in _module("fits").__all__:
        value = getattr(_module("fits"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__")})
