"""Lets a package import its modules only when one of their names is first used, so that importing it costs little."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazily(
    package: str, modules: Mapping[str, str], submodules: tuple[str, ...] = (), others: str = ""
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        Its name.
    modules : mapping
        The module of the package in which each public name is.
    submodules : tuple of str, optional
        Modules that are names of the package themselves.
    others : str, optional
        A module of the package whose ``__all__`` are names of the package, too.
    """

    def module(name: str) -> Any:
        return importlib.import_module(f".{name}", package)

    def public() -> list[str]:
        return [*modules, *(module(others).__all__ if others else ())]

    def get(name: str) -> Any:
        value: Any
        if name == "__all__":
            value = public()
        elif name in submodules:
            value = module(name)
        elif name in modules:
            value = getattr(module(modules[name]), name)
        elif others and not name.startswith("_") and name in public():
            value = getattr(module(others), name)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted({*vars(sys.modules[package]), *public()})
