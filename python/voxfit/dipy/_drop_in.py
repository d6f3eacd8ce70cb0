"""The metaclass of the classes that replace DIPY's."""

from __future__ import annotations

import sys
import warnings
from typing import Any

# For each class whose native fit someone has overwritten: that native fit.
_overwritten: dict[type, Any] = {}
# DIPY's class for each class that has replaced it.
taken: dict[type, type] = {}


class DropIn(type):
    """The metaclass of DIPY's models with native fits.

    It notices when someone overwrites a native fit. While DIPY is patched, ``isinstance`` takes models of DIPY's own
    class, such as those made before, for instances of the class that has replaced it, because programs ask for that.
    """

    def __setattr__(cls, name: str, value: Any) -> None:
        if name == "fit" and value is _overwritten.get(cls):
            del _overwritten[cls]
        elif name == "fit" and cls.__module__.startswith("voxfit.dipy.") and cls not in _overwritten:
            _overwritten[cls] = vars(cls)["fit"]
            by = getattr(value, "__module__", None) or sys._getframe(1).f_globals.get("__name__")
            warnings.warn(
                f"{by} puts a fit of its own in the place of the native one of {cls.__name__}, so that its fits are "
                "not native from here on; voxfit.dipy.patch() puts the native one back",
                RuntimeWarning,
                stacklevel=2,
            )
        super().__setattr__(name, value)

    def __instancecheck__(cls, instance: Any) -> bool:
        return super().__instancecheck__(instance) or cls in taken and isinstance(instance, taken[cls])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return super().__subclasscheck__(subclass) or cls in taken and issubclass(subclass, taken[cls])


def put_back() -> None:
    """Put native fits back in the place of those that have overwritten them."""
    for cls, fit in list(_overwritten.items()):
        type.__setattr__(cls, "fit", fit)
        del _overwritten[cls]
