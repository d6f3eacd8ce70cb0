"""Runs a native call in such a way that Ctrl-C and progress work meanwhile."""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable
from typing import Any, Protocol

from . import _native


class ProgressBar(Protocol):
    """The method of tqdm's progress bars that is used."""

    def update(self, n: int) -> Any:
        """Add to what is done."""


Progress = Callable[[int, int], Any] | ProgressBar

# How long the main thread sleeps between two looks at signals and progress.
_POLL_SECONDS = 0.02


def run(
    name: str,
    handle: _native.Handle | None,
    request: _native.Request,
    voxels: int,
    progress: Progress | None,
    small: int = 64,
) -> None:
    """Make the native call ``name(handle, request)``, whose request counts ``voxels`` as done; ``name(request)``
    without a handle.

    The call runs in a thread of its own, because Python looks at signals only in the main thread and only between its
    own steps. Up to ``small`` voxels are fitted without a thread: they are done before a thread would have started.

    The request keeps references to its arrays, which must live as long as the call, whatever happens to the caller.

    If anything is raised here (KeyboardInterrupt, an error of ``progress``), the call is ended first. In a process
    that was forked, the program that fits for it makes the call.
    """
    report = _reporter(progress, voxels)
    abort, done = ctypes.c_int32(0), ctypes.c_int64(0)
    if _native.is_forked():
        from . import _forked

        call = functools.partial(_forked.run, name, handle, request, abort, done)
    else:
        request.abort_flag, request.progress = ctypes.pointer(abort), ctypes.pointer(done)
        arguments = (ctypes.byref(request),) if handle is None else (handle, ctypes.byref(request))
        call = functools.partial(_native.call, name, *arguments)
    in_main = threading.current_thread() is threading.main_thread()
    if progress is None and (voxels <= small or not in_main):
        call()
        return
    raised: list[BaseException] = []
    over = threading.Event()  # Thread.join() forgets the thread when Ctrl-C interrupts it (Python up to 3.12)

    def work() -> None:
        try:
            call()
        except BaseException as err:  # handed to the thread that waits
            raised.append(err)
        finally:
            over.set()

    threading.Thread(target=work, name="voxfit", daemon=True).start()
    try:
        while not over.wait(_POLL_SECONDS):
            report(done.value)
        report(done.value)
    except BaseException:
        abort.value = 1
        _finish(over)
        raise
    if raised:
        raise raised[0]


def _finish(over: threading.Event) -> None:
    """Wait for the end of the native call, whatever further Ctrl-C come."""
    while not over.is_set():
        try:
            over.wait()
        except KeyboardInterrupt:
            pass


def _reporter(progress: Progress | None, voxels: int) -> Callable[[int], None]:
    """Return a function that reports the progress, if the caller asked for it."""
    if progress is None:
        return lambda done: None
    if not callable(progress) and not hasattr(progress, "update"):
        raise TypeError(f"progress is {progress!r}, expected a function of two numbers or a progress bar")
    last = 0

    def report(done: int) -> None:
        nonlocal last
        if done == last:
            return
        if hasattr(progress, "update"):
            progress.update(done - last)
        else:
            progress(done, voxels)
        last = done

    return report
