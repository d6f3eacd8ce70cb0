"""Calls a function when the outermost import of a module of DIPY has ended.

A class of DIPY can be replaced only after its module has been imported completely, and so have all modules of DIPY that
import it. During an import some modules of DIPY exist only in part.
"""

from __future__ import annotations

import functools
import importlib.abc
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class AfterImports(importlib.abc.MetaPathFinder):
    """A finder that finds nothing by itself, and calls a function after each outermost import from DIPY.

    Parameters
    ----------
    do : callable
        Called with the module that was asked for, which has been imported completely.
    """

    def __init__(self, do: Callable[[ModuleType], None]) -> None:
        self._do = do
        self._thread = threading.local()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what the other finders find, with a loader that tells when it is done."""
        if fullname.partition(".")[0] != "dipy":
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    # The loader itself stays the same object, because others ask it for sources and files.
                    told: Any = functools.partial(self._exec, spec.loader.exec_module)
                    spec.loader.exec_module = told  # type: ignore[method-assign]
                return spec
        return None

    def _exec(self, exec_module: Callable[[ModuleType], None], module: ModuleType) -> None:
        with self.held():
            exec_module(module)
        if getattr(self._thread, "depth", 0) == 0 and self in sys.meta_path:
            with self.held():
                self._do(module)

    @contextmanager
    def held(self) -> Iterator[None]:
        """No import that ends in this thread within the ``with`` block calls the function."""
        outer = getattr(self._thread, "depth", 0)
        self._thread.depth = outer + 1
        try:
            yield
        finally:
            self._thread.depth = outer
