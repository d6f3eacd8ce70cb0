"""A model that is set up once and fitted to any number of arrays."""

from __future__ import annotations

import ctypes
import os
import warnings
import weakref
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from . import _native
from ._gradients import Gradients, GradientsLike, as_gradients
from ._options import as_json, known, map_shapes, read
from ._plural import count
from ._run import Progress, run
from ._signal import lay_out, refuse_masked
from ._threads import thread_count
from .images import DataLike, image_of, in_memory, read_mask
from .result import Result


class _Made(NamedTuple):
    """What the library says about a model that it has set up."""

    runtime: Any  # where the handle was made
    handle: _native.Handle
    parameters: tuple[_native.Field, ...]
    maps: tuple[_native.Field, ...]
    values: int  # number of a voxel's parameters
    warnings: tuple[str, ...]
    isa: str


class Model:
    """One model for one acquisition.

    Parameters
    ----------
    name : str
        The model, by its name on kbench's command line: "csdm", for what `fit_csd` fits.
    gtab : GradientTable or (bvals, bvecs)
        DIPY's gradient table, or b-values (N,) in s/mm2 and b-vectors (N, 3). Nothing is flipped. A vector
        whose length is not 1 scales its b-value, as in MRtrix3 (``bvalue_scaling``). B-tensors other than
        linear ones are an error.
    **options
        The options of the model, as the function that fits it documents them, also by DIPY's names. An option that
        the model does not have is an error that names the nearest and lists all. None leaves an option to its default.

    Notes
    -----
    A model can be used by several threads at a time, and pickled: the set-up is then made again where it is
    used next. In a process that was forked after the first use, a program of its own makes the fits, see
    `ForkedWarning`.
    """

    def __init__(self, name: str, gtab: GradientsLike, **options: Any) -> None:
        self._make(name, as_gradients(gtab), read(name, options.items()))
        self.warn(stacklevel=3)

    @classmethod
    def _of(cls, name: str, gradients: Gradients, options: dict[str, Any]) -> Model:
        """Return a model of options as `read` returns them, without its warnings."""
        model = cls.__new__(cls)
        model._make(name, gradients, options)
        return model

    def _make(self, name: str, gradients: Gradients, options: dict[str, Any]) -> None:
        if gradients.b0_threshold is not None:
            options.setdefault("b0_threshold", gradients.b0_threshold)
        self.name = name
        self.options = options
        self._bvals, self._bvecs = gradients.bvals, gradients.bvecs
        self._made: _Made | None = None
        self._set_up()

    def warn(self, stacklevel: int = 2) -> None:
        """Warn of what the set-up found suspicious.

        Parameters
        ----------
        stacklevel : int, optional
            Whose line the warnings are said to come from, as for ``warnings.warn``.
        """
        for warning in self._set_up().warnings:
            warnings.warn(warning, stacklevel=stacklevel)

    def _set_up(self) -> _Made:
        """Return the set-up, made on first use. Two threads may both make it: a lock could stay locked after a fork."""
        made = self._made
        if made is None or made.runtime != _native.runtime():
            made = self._made = self._ask()
        return made

    def _ask(self) -> _Made:
        options, isa = self.options, os.environ.get("VOXFIT_ISA")
        if isa and "isa" not in options:  # the library sees the environment as it was when the library was loaded
            options = {**options, "isa": isa}
        try:
            runtime = _native.runtime()
            handle = _native.new_model(self.name, self._bvals.tobytes(), self._bvecs.tobytes(), as_json(options))
        except ValueError as err:
            if all(known(self.name, option) for option in self.options):
                raise
            raise TypeError(str(err)) from None  # as Python does for an argument that a function does not have
        weakref.finalize(self, _native.free_model, handle)
        return _Made(
            runtime,
            handle,
            _native.fields(handle, _native.PARAMETERS),
            _native.fields(handle, _native.MAPS),
            _native.sizes(handle)[1],
            tuple(filter(None, _native.text(handle, _native.WARNINGS).split("\n"))),
            _native.text(handle, _native.ISA),
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": None}

    def __repr__(self) -> str:
        sizes = f"{count(self.measurements, 'measurement')}, {count(self.parameters, 'parameter')}"
        return f"Model({self.name!r}, {sizes}, {self.isa})"

    @property
    def measurements(self) -> int:
        """Values of a voxel's signal."""
        return len(self._bvals)

    @property
    def parameters(self) -> int:
        """Values that a fit writes for a voxel."""
        return self._set_up().values

    @property
    def parameter_fields(self) -> tuple[_native.Field, ...]:
        """What the parameters are, in their order: name, components, unit, description."""
        return self._set_up().parameters

    @property
    def map_fields(self) -> tuple[_native.Field, ...]:
        """What maps there are: name, components, unit, description."""
        return self._set_up().maps

    @property
    def isa(self) -> str:
        """The instruction set of the kernels."""
        return self._set_up().isa

    def fit(
        self,
        data: DataLike,
        *,
        mask: DataLike | None = None,
        n_threads: int | None = None,
        progress: Progress | None = None,
        pin: bool = False,
    ) -> Result:
        """Fit the model.

        Parameters
        ----------
        data : array_like, (..., N), path or nibabel image
            Measured values of any real type and with any strides. float32, float64, and integers of 8 and
            16 bits are read in place, in either order of bytes. Of data of other types, the voxels that
            are fitted are copied. float64 is fitted in double precision throughout. Of a NIfTI file, or of
            an image that nibabel has loaded from one and not read yet, the voxels of the mask are read as
            `load` does, in single precision.
        mask : array_like, (...), path or nibabel image, optional
            Voxels are fitted where it is neither zero nor NaN; by default all are. A mask with more than
            two values, some above 1, gives a warning. A file or an image on another grid than the data's
            is an error.
        n_threads : int, optional
            Number of workers; by default, and for -1, one for each CPU that the process may use.
        progress : callable or progress bar, optional
            Called as ``progress(done, voxels)``. If it has a method ``update(added)``, as tqdm's bars do,
            that is called instead.
        pin : bool, optional
            Tie each worker to a CPU, in a process that has the machine to itself.

        Returns
        -------
        Result
            Parameters, status and iterations of the voxels of the mask. They do not depend on ``n_threads``,
            on the mask, or on other voxels.

        Raises
        ------
        ValueError
            If shapes do not fit each other, or the mask is empty.
        TypeError
            If data or mask are a masked array (``numpy.ma``) of which something is masked.
        KeyboardInterrupt
            Within 100 ms of Ctrl-C.
        """
        return self._fit(data, mask, n_threads, progress, pin, stacklevel=3)

    def _fit(
        self,
        data: DataLike,
        mask: DataLike | None,
        n_threads: int | None,
        progress: Progress | None,
        pin: bool,
        stacklevel: int,
    ) -> Result:
        """Fit the model; stacklevel says whose line the warnings name, as for ``warnings.warn``."""
        image, array = image_of(data), np.empty(0)
        if image is None:
            refuse_masked("data", data)
            array = np.asarray(in_memory(data))
        whole = array.shape if image is None else image.shape
        if len(whole) == 0 or whole[-1] != self.measurements or image is not None and len(whole) != 4:
            where = "data have" if image is None else f"{image.path}: found"
            raise ValueError(f"{where} shape {whole}, expected (..., {self.measurements})")
        handle, shape = self._set_up().handle, whole[:-1]
        inside, doubt = read_mask(mask, data, image, shape)
        if doubt:
            warnings.warn(doubt, stacklevel=stacklevel)
        layout = lay_out(array, inside) if image is None else lay_out(image.read(inside, n_threads, None), None)
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
            threads=thread_count(n_threads),
            flags=_native.PIN if pin else 0,
        )
        batch.keep({}, {"signal": layout}, {"params": params, "status": status, "iterations": iterations})
        if n:
            run("voxfit_fit", handle, batch, n, progress)
        return Result(self, params, status, iterations, shape, inside)

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
            For each name float32 values, (n, components), or (n,) where there is one component; evecs are (n, 3, 3).
        """
        handle, fields = self._set_up().handle, self.map_fields
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
        pointers = (ctypes.c_void_p * len(fields))(
            *(maps[f.name].ctypes.data if f.name in maps else None for f in fields)
        )
        request = _native.Derivation(
            size=ctypes.sizeof(_native.Derivation),
            voxels=n,
            params=params.ctypes.data,
            status=status.ctypes.data,
            iterations=iterations.ctypes.data,
            maps=pointers,
            map_count=len(fields),
            threads=thread_count(n_threads),
        )
        rows = {"params": params, "status": status, "iterations": iterations}
        request.keep({}, rows, {"maps": [maps.get(f.name) for f in fields]})
        if n:
            run("voxfit_derive", handle, request, n, progress)
        shapes = map_shapes()
        return {
            name: values.reshape(n, *shapes.get((self.name, name), values.shape[1:] if values.shape[1] > 1 else ()))
            for name, values in maps.items()
        }


def _vector(values: ArrayLike | None, dtype: DTypeLike, n: int) -> np.ndarray:
    if values is None:
        return np.zeros(n, dtype)
    vector: np.ndarray = np.ascontiguousarray(values, dtype)
    if vector.shape != (n,):
        raise ValueError(f"status or iterations have shape {vector.shape}, expected ({n},)")
    return vector

