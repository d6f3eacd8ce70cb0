"""A model that is set up once and fitted to any number of arrays."""

from __future__ import annotations

import ctypes
import json
import threading
import warnings
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from . import _native
from ._gradients import GradientsLike, as_gradients
from ._run import Progress, run
from ._signal import as_mask, lay_out
from .result import Result


class Model:
    """One model for one acquisition.

    Parameters
    ----------
    name : {"csdm", "fwdtim", "msmt", "dti", "sfm"}
        The model, by its name on kbench's command line.
    gtab : GradientTable or (bvals, bvecs)
        DIPY's gradient table, or b-values (N,) in s/mm2 and b-vectors (N, 3). B-vectors are taken as they are:
        nothing is flipped.
    **options
        The options that capi/README.md lists for the model. An option that it does not have is an error,
        None leaves an option to its default.

    Notes
    -----
    A model can be used by several threads at a time, and pickled: the set-up is then made again where it is
    used next. In a process that was forked after the first use every use raises `ForkedError`.
    """

    def __init__(self, name: str, gtab: GradientsLike, **options: Any) -> None:
        gradients = as_gradients(gtab)
        if gradients.b0_threshold is not None:
            options.setdefault("b0_threshold", gradients.b0_threshold)
        self.name = name
        self.options = {key: value for key, value in options.items() if value is not None}
        self._bvals, self._bvecs = gradients.bvals, gradients.bvecs
        self._lock = threading.Lock()
        self._handle = 0
        self._set_up()
        for warning in filter(None, _native.text(self._handle, _native.WARNINGS).split("\n")):
            warnings.warn(warning, stacklevel=3)

    def _set_up(self) -> int:
        """Return the handle, which is made on first use."""
        with self._lock:
            if not self._handle:
                self._handle = _native.new_model(self.name, self._bvals, self._bvecs, _as_json(self.options))
                weakref.finalize(self, _native.free_model, self._handle)
            return self._handle

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_lock"]
        state["_handle"] = 0
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Model({self.name!r}, {self.measurements} measurements, {self.parameters} parameters, {self.isa})"

    @property
    def measurements(self) -> int:
        """Values of a voxel's signal."""
        return len(self._bvals)

    @property
    def parameters(self) -> int:
        """Values that a fit writes for a voxel."""
        return _native.sizes(self._set_up())[1]

    @property
    def parameter_fields(self) -> tuple[_native.Field, ...]:
        """What the parameters are, in their order: name, components, unit, description."""
        return _native.fields(self._set_up(), _native.PARAMETERS)

    @property
    def map_fields(self) -> tuple[_native.Field, ...]:
        """What maps there are: name, components, unit, description."""
        return _native.fields(self._set_up(), _native.MAPS)

    @property
    def isa(self) -> str:
        """The instruction set of the kernels."""
        return _native.text(self._set_up(), _native.ISA)

    def fit(
        self,
        data: ArrayLike,
        *,
        mask: ArrayLike | None = None,
        n_threads: int | None = None,
        progress: Progress | None = None,
        pin: bool = False,
    ) -> Result:
        """Fit the model.

        Parameters
        ----------
        data : array_like, (..., N)
            Measured values of any real type and with any strides. float32, float64, int16 and uint16 are read
            in place; float64 is fitted in double precision throughout.
        mask : array_like, (...), optional
            The voxels to fit; all by default.
        n_threads : int, optional
            Number of workers; by default one for each CPU that the process may use.
        progress : callable or progress bar, optional
            Called as ``progress(done, voxels)``, or, if it has a method ``update`` as tqdm's bars do, told
            what was added.
        pin : bool, optional
            Tie each worker to a CPU: for a process that has the machine to itself.

        Returns
        -------
        Result
            Parameters, status and iterations of the voxels of the mask. They do not depend on ``n_threads``,
            on the mask, or on other voxels.

        Raises
        ------
        ValueError
            If shapes do not fit each other.
        KeyboardInterrupt
            Within 100 ms of Ctrl-C.
        """
        data = np.asarray(data)
        if data.ndim == 0 or data.shape[-1] != self.measurements:
            raise ValueError(f"data have shape {data.shape}, expected (..., {self.measurements})")
        handle, shape = self._set_up(), data.shape[:-1]
        mask = as_mask(mask, shape)
        layout = lay_out(data, mask)
        n = layout.voxels
        params = np.empty((n, self.parameters))
        status, iterations = np.empty(n, np.uint8), np.empty(n, np.uint16)
        batch = _native.Batch(
            size=ctypes.sizeof(_native.Batch),
            voxels=n,
            signal=layout.address,
            signal_type=layout.type,
            params_type=_native.FLOAT64,
            voxel_stride=layout.voxel_stride,
            value_stride=layout.value_stride,
            offsets=None if layout.offsets is None else layout.offsets.ctypes.data,
            params=params.ctypes.data,
            status=status.ctypes.data,
            iterations=iterations.ctypes.data,
            threads=_threads(n_threads),
            flags=_native.PIN if pin else 0,
        )
        batch.keep = (layout, params, status, iterations)
        if n:
            run("voxfit_fit", handle, batch, n, progress)
        return Result(self, params, status, iterations, shape, mask)

    def derive(
        self,
        names: str | Iterable[str],
        params: np.ndarray,
        status: np.ndarray | None = None,
        iterations: np.ndarray | None = None,
        *,
        n_threads: int | None = None,
        progress: Progress | None = None,
    ) -> dict[str, np.ndarray]:
        """Make maps of parameters.

        Parameters
        ----------
        names : str or iterable of str
            The maps that are wanted, of `map_fields`. Others are not computed.
        params : ndarray, (n, parameters)
            As `fit` made them.
        status, iterations : ndarray, (n,), optional
            As `fit` made them, for the maps of these names; zeros by default.
        n_threads, progress
            As for `fit`.

        Returns
        -------
        dict
            For each name float32 values, (n, components), or (n,) where there is one component.
        """
        handle, fields = self._set_up(), self.map_fields
        names = [names] if isinstance(names, str) else list(names)
        unknown = set(names) - {f.name for f in fields}
        if unknown:
            raise KeyError(f"{self.name} has no map {sorted(unknown)}; it has {[f.name for f in fields]}")
        params = np.ascontiguousarray(params, np.float64)
        n = len(params)
        if params.shape != (n, self.parameters):
            raise ValueError(f"params have shape {params.shape}, expected (n, {self.parameters})")
        status, iterations = _vector(status, np.uint8, n), _vector(iterations, np.uint16, n)
        maps = {f.name: np.zeros((n, f.components), np.float32) for f in fields if f.name in names}
        pointers = (ctypes.c_void_p * len(fields))(*(maps[f.name].ctypes.data if f.name in maps else None for f in fields))
        request = _native.Derivation(
            size=ctypes.sizeof(_native.Derivation),
            voxels=n,
            params=params.ctypes.data,
            status=status.ctypes.data,
            iterations=iterations.ctypes.data,
            maps=pointers,
            map_count=len(fields),
            threads=_threads(n_threads),
        )
        request.keep = (params, status, iterations, maps, pointers)
        if n:
            run("voxfit_derive", handle, request, n, progress)
        return {name: values[:, 0] if values.shape[1] == 1 else values for name, values in maps.items()}


def _threads(n_threads: int | None) -> int:
    if n_threads is None:
        return 0
    if not isinstance(n_threads, (int, np.integer)):
        raise TypeError(f"n_threads is {n_threads!r}, expected a whole number or None")
    if not 1 <= n_threads <= 8192:
        raise ValueError(f"n_threads is {n_threads}, expected 1 to 8192")
    return int(n_threads)


def _vector(values: ArrayLike | None, dtype: DTypeLike, n: int) -> np.ndarray:
    if values is None:
        return np.zeros(n, dtype)
    vector: np.ndarray = np.ascontiguousarray(values, dtype)
    if vector.shape != (n,):
        raise ValueError(f"status or iterations have shape {vector.shape}, expected ({n},)")
    return vector


def _as_json(options: dict[str, Any]) -> str:
    """Write options as the library reads them."""
    for name, value in options.items():
        try:
            json.dumps(value, default=_as_list, allow_nan=False)
        except ValueError:
            raise ValueError(f"the option {name} has a number that is NaN or infinite") from None
    return json.dumps(options, default=_as_list)


def _as_list(value: Any) -> Any:
    """Turn NumPy's arrays and numbers into what JSON can hold, with every bit."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"an option is {value!r}, expected numbers, strings, lists, arrays or dicts of them")
