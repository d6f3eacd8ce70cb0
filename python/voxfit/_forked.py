"""Fits in a process that was forked after the library was loaded, and so cannot call it.

A forked process lacks Go's threads, so that a call would wait for them for ever. Instead each such process starts a
fresh program once, and that makes the calls (`_fitter`). Requests go through a socket. Arrays are in memory that both
processes share. It has no name, so that nothing is left behind, however the processes end.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import json
import mmap
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from . import _native
from ._fitter import ABORT, DONE, FIRST
from ._messages import receive, send

# Bytes of arrays that are passed at a time. Larger fits are passed in parts, which gives the same bits.
_PART_BYTES = 32 * 2**20
# How long to wait between two looks at the abort flag.
_POLL_SECONDS = 0.02
# The functions of `_native` that return handles.
_MAKERS = ("new_model", "open_image", "image_in_memory")
_START = (
    "import json, sys\n"
    "sys.path[:] = json.loads(sys.argv[3])\n"
    "from voxfit._fitter import serve\n"
    "serve(int(sys.argv[1]), int(sys.argv[2]))"
)

_program: _Program | None = None
_lock = threading.Lock()
_has_warned = False


def program() -> _Program:
    """Return the program that fits for this process; start it if there is none, or if it has ended."""
    global _program
    with _lock:
        if _program is None or _program.has_ended():
            _warn_once()
            _program = _Program()
        return _program


def ask(function: str, *arguments: Any) -> Any:
    """Let the program call a function of `_native`."""
    if function == "open_image":
        arguments = (os.path.join(os.getcwdb(), arguments[0]),)
    of = next((a.program for a in arguments if isinstance(a, _native.Elsewhere)), None)
    asked: _Program = of or program()
    answer = asked.ask(function, tuple(asked.number(a) for a in arguments))
    return _native.Elsewhere(asked, answer) if function in _MAKERS else answer


def run(
    name: str,
    handle: _native.Handle | None,
    request: _native.Request,
    abort: ctypes.c_int32,
    done: ctypes.c_int64,
) -> None:
    """Make the native call of a request, as `_run.run` does, with its abort flag and its count of voxels done."""
    asked: _Program = handle.program if isinstance(handle, _native.Elsewhere) else program()
    asked.run(name, asked.number(handle), request, abort, done)


def _warn_once() -> None:
    global _has_warned
    if _has_warned:
        return
    _has_warned = True
    warnings.warn(
        f"process {os.getpid()} was forked after voxfit's library was loaded, so a program of its own fits for it, on "
        "one thread unless n_threads says otherwise; results are the same. Workers that are started afresh, as by "
        'multiprocessing\'s "spawn", joblib\'s loky or Ray, need no such program',
        _native.ForkedWarning,
        stacklevel=_callers_level(),
    )


def _callers_level() -> int:
    """Return the stacklevel with which a warning by the calling function names the first line outside voxfit."""
    folder = str(Path(__file__).parent)
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(folder):
        frame, level = frame.f_back, level + 1
    return level


class _Program:
    """A fresh Python that has the library, and the memory that it shares with this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # one request at a time
        self._freed: deque[tuple[str, int]] = deque()
        self._block: mmap.mmap | None = None
        path = [os.path.abspath(p) for p in sys.path if isinstance(p, str)]
        environment = {**os.environ, **_native.loaded_environment(), "OPENBLAS_NUM_THREADS": "1"}
        try:
            python = _python()
            self._memory, self._link, theirs = _channels()
        except OSError as err:
            raise _cannot_start(err) from None
        try:
            self._process = subprocess.Popen(
                [python, "-c", _START, str(self._memory), str(os.getpid()), json.dumps(path)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                pass_fds=[self._memory],
                cwd="/",
                env=environment,
                start_new_session=True,  # Ctrl-C is for its owner, which then raises the abort flag
            )
        except BaseException as err:
            self.close()
            if not isinstance(err, OSError):
                raise
            raise _cannot_start(err) from None
        finally:
            theirs.close()

    def has_ended(self) -> bool:
        """Tell whether the program is gone."""
        return self._link.fileno() < 0 or self._process.poll() is not None

    def number(self, handle: Any) -> Any:
        """Return the number of a handle; return anything else unchanged."""
        if not isinstance(handle, _native.Elsewhere):
            return handle
        if handle.program is not self:
            raise _native.Error("voxfit: the program that held this model or image has ended; make it again")
        return handle.number

    def free(self, name: str, handle: int) -> None:
        """Free a model or an image with the next request; may be called at any moment, as by a collection."""
        self._freed.append((name, handle))

    def ask(self, function: str, arguments: tuple[Any, ...]) -> Any:
        """Let the program call a function of `_native`."""
        with self._lock:
            return self._exchange(function, arguments, lambda: None)

    def run(
        self, name: str, handle: int | None, request: _native.Request, abort: ctypes.c_int32, done: ctypes.c_int64
    ) -> None:
        """Let the program make a native call, part by part."""
        voxels = request.voxels
        step = max(1, min(voxels, _PART_BYTES // max(1, _bytes_of_voxel(request)))) if request.divisible else voxels
        rows = {field: _parts(values, step) for field, values in request.rows.items()}
        for start in range(0, voxels, step):
            part = slice(start, min(start + step, voxels))
            while not self._lock.acquire(timeout=_POLL_SECONDS):
                if abort.value:
                    raise _native.Aborted("voxfit: aborted")
            try:
                read = {**request.read, **{field: next(values) for field, values in rows.items()}}
                self._run_part(name, handle, request, part, read, abort, done)
            finally:
                self._lock.release()

    def _run_part(
        self,
        name: str,
        handle: int | None,
        request: _native.Request,
        part: slice,
        read: dict[str, np.ndarray],
        abort: ctypes.c_int32,
        done: ctypes.c_int64,
    ) -> None:
        written = {
            field: [None if a is None else a[part] for a in arrays] if isinstance(arrays, list) else arrays[part]
            for field, arrays in request.written.items()
        }
        places, size = _places({**read, **written})
        block = self._block_of(size)
        for field, array in read.items():
            _at(block, places[field], array)[...] = array
        flag, count = (ctypes.c_int32.from_buffer(block, ABORT), ctypes.c_int64.from_buffer(block, DONE))
        flag.value, count.value, before = 0, 0, done.value

        def look() -> None:
            flag.value, done.value = abort.value, before + count.value

        numbers = _numbers(request, part.stop - part.start, places)
        self._exchange("run", (name, handle, type(request).__name__, numbers, places), look)
        look()
        for field, arrays in written.items():
            for array, place in zip(_listed(arrays), _listed(places[field])):
                if array is not None:
                    array[...] = _at(block, place, array)

    def _exchange(self, function: str, arguments: tuple[Any, ...], look: Callable[[], None]) -> Any:
        """Send a request, and return the answer; end the program if this is interrupted."""
        freed = [self._freed.popleft() for _ in range(len(self._freed))]
        try:
            send(self._link, (freed, len(self._block or ()), function, arguments))
            answers = select.poll()
            answers.register(self._link, select.POLLIN)
            while not answers.poll(1000 * _POLL_SECONDS):
                look()
            answer = receive(self._link)
        except (EOFError, OSError):
            raise self._lost() from None
        except BaseException:
            self.close()
            raise
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _lost(self) -> _native.Error:
        """Return the error for a program that has ended by itself."""
        self.close()
        code = self._process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return _native.Error(
            f"voxfit: the program that fits for this forked process {how}, so that nothing was fitted; the next call "
            "starts another"
        )

    def _block_of(self, size: int) -> mmap.mmap:
        """Return the shared memory, with room for so many bytes; let it grow or shrink where needed."""
        size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        held = len(self._block or ())
        if self._block is None or size > held or held > 2 * _PART_BYTES > size:
            self._block = None
            try:
                os.ftruncate(self._memory, size)
                # Without this, the first use of a page for which there is no room would end both processes.
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(self._memory, 0, size)
                self._block = mmap.mmap(self._memory, size)
            except OSError as err:
                raise MemoryError(
                    f"voxfit: no room for {-(-size // 2**20)} MiB of memory shared with the program that fits for this "
                    f"forked process: {err}"
                ) from None
        return self._block

    def close(self) -> None:
        """End the program, and wait for its end."""
        self._link.close()
        if self._memory >= 0:
            os.close(self._memory)
        self._memory, self._block = -1, None
        process = getattr(self, "_process", None)
        if process is not None:
            process.kill()
            process.wait()

    def leave(self) -> None:
        """Give up what belongs to the process from which this one was forked, without ending the program."""
        self._link.close()
        if self._memory >= 0:
            os.close(self._memory)
        self._memory, self._block = -1, None
        self._process.returncode = 0  # it is not a child of this process, which therefore must not wait for it


def _python() -> str:
    """Return the path of the Python to start, which is the one that multiprocessing would start."""
    from multiprocessing import spawn

    found = os.fsdecode(spawn.get_executable() or "")
    if not found:
        raise _native.ForkedError(
            "voxfit: this process was forked after the library was loaded, and sys.executable names no Python that "
            "could fit for it; start processes with spawn, or name one by multiprocessing.set_executable"
        )
    return found


def _cannot_start(err: OSError) -> _native.ForkedError:
    return _native.ForkedError(
        "voxfit: this process was forked after the library was loaded, and the program that would fit for it cannot be "
        f"started: {err}; start processes with spawn"
    )


def _channels() -> tuple[int, socket.socket, socket.socket]:
    """Return the descriptor of the memory that is shared, and both ends of a link."""
    memory = _beyond_standard(_nameless_file())
    try:
        ours, theirs = [socket.socket(fileno=_beyond_standard(end.detach())) for end in socket.socketpair()]
    except BaseException:
        os.close(memory)
        raise
    return memory, ours, theirs


def _beyond_standard(descriptor: int) -> int:
    """Return a descriptor that is none of 0, 1 and 2, which are free where a daemon has closed them.

    What this process prints would otherwise go there, and the program uses these descriptors for other things.
    """
    if descriptor > 2:
        return descriptor
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(descriptor)


def _nameless_file() -> int:
    """Return the descriptor of a file without a name, in memory where possible."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("voxfit", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _parts(rows: Any, step: int) -> Iterator[np.ndarray]:
    """Return an iterator over rows of voxels, step at a time: of an array, or of an object with a method ``parts``."""
    if isinstance(rows, np.ndarray):
        return (rows[i : i + step] for i in range(0, len(rows), step))
    parts: Iterator[np.ndarray] = rows.parts(step)
    return parts


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _arrays(request: _native.Request) -> Iterator[Any]:
    for values in (*request.rows.values(), *request.written.values()):
        yield from _listed(values)


def _bytes_of_voxel(request: _native.Request) -> int:
    return sum(a[:1].nbytes if isinstance(a, np.ndarray) else a.row_bytes for a in _arrays(request) if a is not None)


def _places(arrays: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Return a place in the block for each array, and where the last one ends."""
    end = FIRST

    def place(array: np.ndarray | None) -> int | None:
        nonlocal end
        if array is None:
            return None
        start = -(-end // FIRST) * FIRST
        end = start + array.nbytes
        return start

    places = {name: [place(x) for x in a] if isinstance(a, list) else place(a) for name, a in arrays.items()}
    return places, end


def _at(block: mmap.mmap, place: int, like: np.ndarray) -> np.ndarray:
    """Return an array in the block."""
    return np.frombuffer(block, like.dtype, like.size, place).reshape(like.shape)


def _numbers(request: _native.Request, voxels: int, places: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a request that are numbers. A signal is packed in the block, without strides or offsets."""
    pointers = {*places, "abort_flag", "progress", "size", "offsets", "voxel_stride", "value_stride"}
    numbers = {name: getattr(request, name) for name, *_ in request._fields_ if name not in pointers}
    return {**numbers, "voxels": voxels}


def _after_fork() -> None:
    """Leave the program of the process that this one was forked from."""
    global _program, _lock, _has_warned
    _lock = threading.Lock()
    _has_warned = False
    if _program is not None:
        _program.leave()
        _program = None


@atexit.register
def _at_exit() -> None:
    if _program is not None:
        _program.close()


os.register_at_fork(after_in_child=_after_fork)
