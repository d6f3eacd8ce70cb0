"""The C library through ctypes: its structures, its errors, and loading it on first use.

capi/voxfit.h documents the functions and structures; names here are the same.
"""

from __future__ import annotations

import ctypes
import enum
import functools
import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

ABI_VERSION = 1
FLOAT32, FLOAT64, INT16, UINT16, INT8, UINT8, SWAPPED = 1, 2, 3, 4, 5, 6, 16
PIN = 1
PARAMETERS, MAPS = 0, 1
WARNINGS, ISA = 0, 1
_OK, _ARGUMENT, _HANDLE, _ABORTED, _FORKED, _INTERNAL = range(6)


class Error(RuntimeError):
    """The native library failed."""


class ForkedError(Error):
    """This process was forked after the library was loaded, and the program that fits for it cannot be started."""


class ForkedWarning(RuntimeWarning):
    """This process was forked after the library was loaded: a program of its own fits for it, on one thread."""


class Aborted(Error):
    """The abort flag was raised."""


class Status(enum.IntEnum):
    """What happened to a voxel. Parameters are what the fit found unless something else is said here."""

    OK = 0
    OUTSIDE_MASK = 1  # not fitted
    NON_FINITE = 2  # a measured value is NaN or infinite: parameters are zero
    ZERO_SIGNAL = 3  # nothing was measured: parameters are zero
    ALL_FREE_WATER = 4  # diffuses like water: fraction 1, a tensor of zeros, S0 the mean b0
    NOT_POSITIVE_DEFINITE = 5  # no unique solution: see Bad signals in docs/architecture.md
    MAX_ITERATIONS = 6  # no convergence: parameters of the last, or the best, iteration
    REFIT = 7  # a result was found in a slower, safer way
    NEGATIVE_SIGNAL = 8  # a result was found, but a measured value is negative
    NEGATIVE_EIGENVALUE = 9  # the fitted tensor has an eigenvalue below zero
    OVERFLOW = 10  # a value is finite, but too large for the sums: parameters are zero
    BELOW_MIN_SIGNAL = 11  # a value above zero was below the minimum signal, and was raised to it
    NOT_IN_SHARD = 12  # only in maps of kbench fit --shard: the voxel belongs to another part


class Request(ctypes.Structure):
    """The base class of the requests' structures. It has the arrays to which the fields point, by the fields' names.

    Attributes
    ----------
    read : dict
        Arrays that the library reads whole.
    rows : dict
        Arrays that it reads row by row, a row for each voxel, or objects with ``parts(step)`` and
        ``row_bytes``.
    written : dict
        Arrays that it fills, with a row for each voxel; a list of them, some None, for a field that is a table.
    divisible : bool
        Whether the voxels may be divided into several requests.
    """

    read: dict[str, Any]
    rows: dict[str, Any]
    written: dict[str, Any]
    divisible = True
    voxels: int
    threads: int

    def keep(self, read: dict[str, Any], rows: dict[str, Any], written: dict[str, Any]) -> None:
        """Keep the arrays alive as long as the request."""
        self.read, self.rows, self.written = read, rows, written


class Batch(Request):
    """``voxfit_batch``."""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("voxels", ctypes.c_int64),
        ("signal", ctypes.c_void_p),
        ("signal_type", ctypes.c_int32),
        ("params_type", ctypes.c_int32),
        ("voxel_stride", ctypes.c_int64),
        ("value_stride", ctypes.c_int64),
        ("offsets", ctypes.c_void_p),
        ("params", ctypes.c_void_p),
        ("status", ctypes.c_void_p),
        ("iterations", ctypes.c_void_p),
        ("threads", ctypes.c_int32),
        ("flags", ctypes.c_int32),
        ("abort_flag", ctypes.POINTER(ctypes.c_int32)),
        ("progress", ctypes.POINTER(ctypes.c_int64)),
    ]


class Derivation(Request):
    """``voxfit_derivation``."""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("voxels", ctypes.c_int64),
        ("params", ctypes.c_void_p),
        ("status", ctypes.c_void_p),
        ("iterations", ctypes.c_void_p),
        ("maps", ctypes.POINTER(ctypes.c_void_p)),
        ("map_count", ctypes.c_int32),
        ("threads", ctypes.c_int32),
        ("flags", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("abort_flag", ctypes.POINTER(ctypes.c_int32)),
        ("progress", ctypes.POINTER(ctypes.c_int64)),
    ]


class PeakSearch(Request):
    """``voxfit_peak_search``."""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("voxels", ctypes.c_int64),
        ("vertices", ctypes.c_int64),
        ("edges", ctypes.c_int64),
        ("peaks", ctypes.c_int64),
        ("values", ctypes.c_void_p),
        ("directions", ctypes.c_void_p),
        ("pairs", ctypes.c_void_p),
        ("threshold", ctypes.c_double),
        ("separation", ctypes.c_double),
        ("indices", ctypes.c_void_p),
        ("threads", ctypes.c_int32),
        ("flags", ctypes.c_int32),
        ("abort_flag", ctypes.POINTER(ctypes.c_int32)),
        ("progress", ctypes.POINTER(ctypes.c_int64)),
    ]


class Reading(Request):
    """``voxfit_reading``."""

    divisible = False  # each part would read the file again
    image: Any = None  # it must live as long as the request

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("voxels", ctypes.c_int64),
        ("volumes", ctypes.c_int64),
        ("index", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("threads", ctypes.c_int32),
        ("flags", ctypes.c_int32),
        ("abort_flag", ctypes.POINTER(ctypes.c_int32)),
        ("progress", ctypes.POINTER(ctypes.c_int64)),
    ]


class _Field(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char * 64),
        ("unit", ctypes.c_char * 16),
        ("description", ctypes.c_char * 432),
        ("components", ctypes.c_int64),
    ]


class Field(NamedTuple):
    """A group of parameters or a map: its name, values a voxel, unit and description."""

    name: str
    components: int
    unit: str
    description: str


_MODEL = _IMAGE = ctypes.c_uint64
_SIGNATURES = {
    "voxfit_model_new": [
        ctypes.c_char_p,
        ctypes.c_int64,
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.POINTER(_MODEL),
    ],
    "voxfit_model_free": [_MODEL],
    "voxfit_model_sizes": [_MODEL, ctypes.POINTER(ctypes.c_int64), ctypes.POINTER(ctypes.c_int64)],
    "voxfit_model_fields": [
        _MODEL,
        ctypes.c_int32,
        ctypes.POINTER(_Field),
        ctypes.c_int64,
        ctypes.POINTER(ctypes.c_int64),
    ],
    "voxfit_model_text": [
        _MODEL,
        ctypes.c_int32,
        ctypes.c_char_p,
        ctypes.c_int64,
        ctypes.POINTER(ctypes.c_int64),
    ],
    "voxfit_fit": [_MODEL, ctypes.POINTER(Batch)],
    "voxfit_derive": [_MODEL, ctypes.POINTER(Derivation)],
    "voxfit_find_peaks": [ctypes.POINTER(PeakSearch)],
    "voxfit_image_new": [ctypes.c_char_p, ctypes.POINTER(_IMAGE)],
    "voxfit_image_in_memory": [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(_IMAGE)],
    "voxfit_image_free": [_IMAGE],
    "voxfit_image_shape": [_IMAGE, ctypes.c_void_p, ctypes.c_int64, ctypes.POINTER(ctypes.c_int64)],
    "voxfit_image_check_grid": [_IMAGE, _IMAGE],
    "voxfit_image_read": [_IMAGE, ctypes.POINTER(Reading)],
}


# The library's file, by platform: capi/build names it so.
_FILE = {"darwin": "libvoxfit.dylib", "win32": "voxfit.dll"}.get(sys.platform, "libvoxfit.so")


def _remedy(path: str) -> str:
    """Say what to do where the library cannot be loaded."""
    if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        return (
            "this Python uses musl, as on Alpine Linux, and Go's c-shared libraries cannot be loaded there, "
            "golang.org/issue/54805: use a Python on glibc, or the static program kbench"
        )
    if Path(path).exists():
        return "it must be one for this system and processor: install the wheel for them"
    return "there is none: install a wheel for this system, or `pip install ./python` in a checkout, which builds it"


_process: int | None = None  # that loaded the library
_was_forked = False


def _after_fork() -> None:
    global _was_forked
    _was_forked = _process is not None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def is_forked() -> bool:
    """Tell whether this process was forked after the library was loaded, and so cannot call it."""
    return _process is not None and (_was_forked or os.getpid() != _process)


def runtime() -> Any:
    """Return where handles are made now: this process, or the program that fits for it."""
    if is_forked():
        from . import _forked

        return _forked.program()
    return os.getpid()


class Elsewhere(NamedTuple):
    """A handle of the program that fits for a forked process."""

    program: Any
    number: int


Handle = int | Elsewhere
_environment: dict[str, str] = {}  # as it was when the library was loaded and copied it


def loaded_environment() -> dict[str, str]:
    """Return the variables that a program needs to load the same library, with the same settings."""
    return {**_environment, "VOXFIT_LIBRARY": library()._name}


@functools.cache
def library() -> ctypes.CDLL:
    """Load the library: $VOXFIT_LIBRARY, or the one that came with the package."""
    global _process, _environment
    path = os.environ.get("VOXFIT_LIBRARY") or str(Path(__file__).with_name(_FILE))
    if os.sep in path:  # a program that is started later may have to find it from another folder
        path = os.path.abspath(path)
    try:
        loaded = ctypes.CDLL(path)
        _process = os.getpid()
        _environment = {name: value for name, value in os.environ.items() if name.startswith("VOXFIT_")}
        found = loaded.voxfit_abi_version()
    except (OSError, AttributeError) as err:
        raise Error(f"voxfit: cannot load its library: {err} ({_remedy(path)})") from None
    if found != ABI_VERSION:
        raise Error(f"voxfit: {path} has interface version {found}, expected {ABI_VERSION}")
    loaded.voxfit_message.restype = ctypes.c_char_p
    for name, arguments in _SIGNATURES.items():
        getattr(loaded, name).argtypes = arguments
    return loaded


def call(name: str, *arguments: Any) -> None:
    """Call a function of the library without the interpreter's lock; its error becomes an exception."""
    lib = library()
    code = getattr(lib, name)(*arguments)
    if code == _OK:
        return
    message = lib.voxfit_message().decode(errors="replace")
    raise {_ARGUMENT: ValueError, _ABORTED: Aborted, _FORKED: ForkedError}.get(code, Error)(message)


_F = TypeVar("_F", bound=Callable[..., Any])


def _or_elsewhere(function: _F) -> _F:
    """Let the program that fits for this process run a function, where this process was forked."""

    @functools.wraps(function)
    def done(*arguments: Any) -> Any:
        if not is_forked():
            return function(*arguments)
        from . import _forked

        return _forked.ask(function.__name__, *arguments)

    return cast(_F, done)


@_or_elsewhere
def new_model(name: str, bvals: bytes, bvecs: bytes, options: str) -> Handle:
    """Make a model of the bytes of float64 b-values and b-vectors, and return its handle."""
    handle = _MODEL()
    if not isinstance(name, str):
        raise TypeError(f"voxfit: a model's name is {name!r}, expected a string")
    # A zero inside would end the string early.
    if "\0" in name or "\0" in options:
        raise ValueError("voxfit: a name or an option has a zero character")
    call("voxfit_model_new", name.encode(), len(bvals) // 8, bvals, bvecs, options.encode(), ctypes.byref(handle))
    return handle.value


def free_model(handle: Handle) -> None:
    """Free a model; do nothing if it belongs to the process from which this one was forked."""
    _free("voxfit_model_free", handle)


def _free(name: str, handle: Handle) -> None:
    if isinstance(handle, Elsewhere):
        handle.program.free(name, handle.number)
    else:
        getattr(library(), name)(handle)


@_or_elsewhere
def sizes(handle: Handle) -> tuple[int, int]:
    """Return measurements and parameters of a model."""
    measurements, parameters = ctypes.c_int64(), ctypes.c_int64()
    call("voxfit_model_sizes", handle, ctypes.byref(measurements), ctypes.byref(parameters))
    return measurements.value, parameters.value


@_or_elsewhere
def fields(handle: Handle, which: int) -> tuple[Field, ...]:
    """Return a description of each of a model's parameters, or of its maps."""
    count = ctypes.c_int64()
    call("voxfit_model_fields", handle, which, None, 0, ctypes.byref(count))
    found = (_Field * count.value)()
    call("voxfit_model_fields", handle, which, found, count.value, ctypes.byref(count))
    return tuple(Field(f.name.decode(), f.components, f.unit.decode(), f.description.decode()) for f in found)


@_or_elsewhere
def text(handle: Handle, which: int) -> str:
    """Return the warnings, or the instruction set, of a model."""
    needed = ctypes.c_int64()
    call("voxfit_model_text", handle, which, None, 0, ctypes.byref(needed))
    found = ctypes.create_string_buffer(needed.value)
    call("voxfit_model_text", handle, which, found, needed.value, ctypes.byref(needed))
    return found.value.decode()


@_or_elsewhere
def open_image(path: bytes) -> Handle:
    """Read and check the header of an image, and return its handle."""
    handle = _IMAGE()
    call("voxfit_image_new", path, ctypes.byref(handle))
    return handle.value


@_or_elsewhere
def image_in_memory(name: bytes, shape: bytes, affine: bytes) -> Handle:
    """Return the handle of an image's grid: three int64, and three rows of four float64."""
    handle = _IMAGE()
    call("voxfit_image_in_memory", name, shape, affine, ctypes.byref(handle))
    return handle.value


def free_image(handle: Handle) -> None:
    """Free an image; do nothing if it belongs to the process from which this one was forked."""
    _free("voxfit_image_free", handle)


@_or_elsewhere
def image_shape(handle: Handle) -> tuple[int, ...]:
    """Return the dimensions of an image: x, y, z, and what follows."""
    found, dimensions = (ctypes.c_int64 * 7)(), ctypes.c_int64()
    call("voxfit_image_shape", handle, found, len(found), ctypes.byref(dimensions))
    return tuple(found[: dimensions.value])


@_or_elsewhere
def check_grid(handle: Handle, mask: Handle) -> None:
    """Raise ValueError if a mask and an image lie on different grids."""
    call("voxfit_image_check_grid", handle, mask)
