"""The metaclass of the classes that replace DIPY's."""

from __future__ import annotations

import sys
import warnings
from typing import Any

# Modules that put a fit of their own in the place of DIPY's which solves the same problem: pyAFQ 3 does so with OSQP.
_SAME_PROBLEM = frozenset({"AFQ.models.msmt"})

# For each class whose native fit someone has overwritten: that native fit.
_overwritten: dict[type, Any] = {}
_kept_native: set[type] = set()  # classes that have kept their native fit, which is said once for each
# DIPY's class for each class that has replaced it.
taken: dict[type, type] = {}


class DropIn(type):
    """The metaclass of DIPY's models with native fits.

    It notices when someone overwrites a native fit, and warns of it once. A fit that is known to solve the same problem
    is ignored; any other replaces the native one. While DIPY is patched, ``isinstance`` takes models of DIPY's own
    class, such as those made before, for instances of the class that has replaced it, because programs ask for that.
    """

    def __setattr__(cls, name: str, value: Any) -> None:
        if name != "fit" or not cls.__module__.startswith("voxfit.dipy."):
            super().__setattr__(name, value)
            return
        by = getattr(value, "__module__", None) or sys._getframe(1).f_globals.get("__name__")
        if by in _SAME_PROBLEM:
            if cls not in _kept_native:
                _kept_native.add(cls)
                _warn(
                    f"{by} has a fit of its own for {cls.__name__}; it solves the same problem, so the native one stays"
                )
            return
        if value is _overwritten.get(cls):
            del _overwritten[cls]
        elif cls not in _overwritten:
            _overwritten[cls] = vars(cls)["fit"]
            _warn(
                f"{by} puts a fit of its own in the place of the native one of {cls.__name__}, so that its fits are "
                "not native from here on; voxfit.dipy.patch() puts the native one back"
            )
        super().__setattr__(name, value)

    def __instancecheck__(cls, instance: Any) -> bool:
        return super().__instancecheck__(instance) or cls in taken and isinstance(instance, taken[cls])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return super().__subclasscheck__(subclass) or cls in taken and issubclass(subclass, taken[cls])


def _warn(message: str) -> None:
    """Warn, as from the line that sets an attribute of a class."""
    warnings.warn(message, RuntimeWarning, stacklevel=3)


def put_back() -> None:
    """Put native fits back in the place of those that have overwritten them."""
    for cls, fit in list(_overwritten.items()):
        type.__setattr__(cls, "fit", fit)
        del _overwritten[cls]
