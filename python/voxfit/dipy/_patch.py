"""Switches DIPY over to the native models, and back."""

from __future__ import annotations

import functools
import importlib
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from voxfit.dipy._drop_in import put_back, taken
from voxfit.dipy._hook import AfterImports

# The names that are replaced in each module of DIPY, and the module here that has the replacements.
_PLACES = {
    "dipy.reconst.csdeconv": ("ConstrainedSphericalDeconvModel", "_csd"),
    "dipy.reconst.dti": ("TensorModel", "_tensor"),
    "dipy.reconst.fwdti": ("FreeWaterTensorModel", "_freewater"),
    "dipy.reconst.mcsd": ("MultiShellDeconvModel", "_multishell"),
    "dipy.reconst.sfm": ("SparseFascicleModel", "_sfm"),
    "dipy.direction.peaks": ("peaks_from_model", "_peaks"),
}
_OLDEST = (1, 10)

_lock = threading.RLock()
_done: dict[str, tuple[Any, Any]] = {}  # modules of DIPY that are patched: DIPY's own, and ours
_own: dict[type, dict[str, Any]] = {}  # the attributes of DIPY's classes that are changed, as they were


def patch() -> None:
    """Put the native models in the place of DIPY's, in all modules of DIPY that have them.

    Modules of DIPY that are imported later get them, too; none is imported for this. A module that is not DIPY's and
    has already taken a class out of DIPY (``from dipy.reconst.dti import TensorModel``) keeps what it has. A native
    fit that someone has overwritten is put back.

    Raises
    ------
    ImportError
        For a DIPY that is older than 1.10.

    Examples
    --------
    >>> import voxfit.dipy
    >>> voxfit.dipy.patch()
    >>> from dipy.reconst.dti import TensorModel
    >>> TensorModel is voxfit.dipy.TensorModel
    True
    >>> voxfit.dipy.unpatch()
    """
    if _hook not in sys.meta_path:
        sys.meta_path.insert(0, _hook)
    put_back()
    with _hook.held():  # this imports more of DIPY, and sees itself what has come
        _patch_what_is_there()


def patch_as_asked() -> None:
    """Patch DIPY if VOXFIT_DIPY asks for it; voxfit-dipy.pth calls this when Python starts."""
    asked = os.environ.get("VOXFIT_DIPY", "")
    if asked == "1":
        patch()
    elif asked not in ("", "0") and sys.stderr is not None:
        print(f"voxfit: VOXFIT_DIPY is {asked!r}, expected 1 or 0: DIPY is not patched", file=sys.stderr)


def unpatch() -> None:
    """Put DIPY's own models back."""
    with _lock:
        if _hook in sys.meta_path:
            sys.meta_path.remove(_hook)
        _replace({id(ours): dipys for dipys, ours in _done.values()})
        for cls, had in _own.items():
            for name, value in had.items():
                setattr(cls, name, value) if value is not None else delattr(cls, name)
        _done.clear()
        _own.clear()
        taken.clear()


@contextmanager
def patched() -> Iterator[None]:
    """DIPY with native models for the time of a ``with`` block."""
    patch()
    try:
        yield
    finally:
        unpatch()


def _after_import(module: ModuleType) -> None:
    """Patch what a program has just imported. If that fails, the program's import must not fail."""
    try:
        _patch_what_is_there(module)
    except Exception as err:
        unpatch()
        warnings.warn(f"voxfit cannot patch DIPY, whose own fits are used: {err}", RuntimeWarning, stacklevel=2)


_hook = AfterImports(_after_import)


def _patch_what_is_there(just_read: ModuleType | None = None) -> None:
    with _lock:
        while new := [name for name in _PLACES if name not in _done and _is_there(name, just_read)]:
            _check_version()
            for name in new:  # this may import more of DIPY
                attribute, module = _PLACES[name]
                found = importlib.import_module(f"voxfit.dipy.{module}")
                ours = getattr(found, attribute)
                dipys = ours.__mro__[1] if isinstance(ours, type) else found.dipys
                _done[name] = dipys, ours
                if isinstance(dipys, type):
                    taken[ours] = dipys
                    _keep_working(sys.modules[name], dipys)
            _replace({id(dipys): ours for dipys, ours in _done.values()})


def _is_there(name: str, just_read: ModuleType | None) -> bool:
    """Tell whether a module has been imported completely. A thread that is still importing it comes here afterwards."""
    module = sys.modules.get(name)
    if module is None or getattr(module.__spec__, "_initializing", False) and module is not just_read:
        return False
    return hasattr(module, _PLACES[name][0])


def _check_version() -> None:
    found: str = sys.modules["dipy"].__version__
    if tuple(int(n) for n in found.split(".")[:2]) < _OLDEST:
        raise ImportError(f"voxfit.dipy needs DIPY 1.10 or newer, found {found}")


def _replace(instead: dict[int, Any]) -> None:
    for name, module in list(sys.modules.items()):
        if name != "dipy" and not name.startswith("dipy."):
            continue
        for attribute, value in list(vars(module).items()):
            if id(value) in instead:
                setattr(module, attribute, instead[id(value)])


def _keep_working(module: ModuleType, cls: type) -> None:
    """Keep DIPY's own class working, and its models able to pickle, although its name stands for another class.

    Programs that took the class before, and models that were made before, still use it.
    """
    by = vars(cls)["fit"].__module__
    if not by.startswith("dipy."):
        warnings.warn(
            f"{by} has put a fit of its own in the place of DIPY's {cls.__name__}.fit; where that class was taken out "
            "of DIPY before voxfit.dipy.patch(), fits are not native",
            RuntimeWarning,
            stacklevel=4,
        )
    _own[cls] = {name: vars(cls).get(name) for name in ("__init__", "__reduce_ex__")}
    cls.__init__ = _under_its_name(module, cls)  # type: ignore[misc]
    cls.__reduce_ex__ = _reducer(cls)  # type: ignore[assignment, method-assign]


def _under_its_name(module: ModuleType, cls: type) -> Callable[..., None]:
    """Return an ``__init__`` that runs the class's own, which may look up the class by name (``super(Name, self)``)."""
    init: Any = cls.__init__  # type: ignore[misc]

    @functools.wraps(init)
    def set_up(self: Any, *args: Any, **kwargs: Any) -> None:
        with _lock:
            there = getattr(module, cls.__name__)
            setattr(module, cls.__name__, cls)
            try:
                init(self, *args, **kwargs)
            finally:
                setattr(module, cls.__name__, there)

    return set_up


def _reducer(cls: Any) -> Callable[[Any, Any], Any]:
    """Return a ``__reduce_ex__`` for a class that pickle does not find under its name."""

    def reduce(self: Any, protocol: Any) -> Any:
        if type(self) is cls:
            return _new, (cls.__module__, cls.__name__), self.__dict__.copy()
        return super(cls, self).__reduce_ex__(protocol)

    return reduce


def _new(module: str, name: str) -> Any:
    """Return an object of DIPY's own class, which has no attributes yet."""
    cls = getattr(importlib.import_module(module), name)
    return object.__new__(taken.get(cls, cls))
