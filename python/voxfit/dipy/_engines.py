"""Where the voxels are fitted: in this process, or by DIPY's paramap with Ray, joblib or dask."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

import functools
import os
import pickle
from typing import Any

import numpy as np
from dipy.utils import parallel

from voxfit.dipy import _ray

# Bytes of signal and results that are under way at a time. With the copies that Ray makes on the way, a
# wave stays well inside an object store of 1 GB, so nothing is spilled.
WAVE_BYTES = 256 * 2**20
# A task of Ray costs a few milliseconds. A batch should take at least ten times as long.
SMALLEST_BATCH = 2048
BATCHES_PER_WORKER = 4

ENGINES = ("serial", "ray", "joblib", "dask")


def fit_rows(
    native: Any, signal: np.ndarray, mask: np.ndarray | None = None, *, engine: str = "serial", n_jobs: int | None = -1,
    n_threads: int | None = None, vox_per_chunk: int | None = None, verbose: bool = False, backend: str | None = None,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    """Fit the voxels of a signal with a native model.

    Parameters
    ----------
    native : object
        Has ``fit(signal, n_threads, mask)``, which returns a tuple of arrays with one row for each voxel
        of the mask in C order, and can be pickled.
    signal : ndarray, shape (..., measurements)
    mask : ndarray of bool, shape (...), optional
    engine : str
        "serial": one native call. "ray", "joblib", "dask": DIPY's ``paramap`` on large batches. Each
        batch is put into Ray's object store once; results are copied out of it wave by wave.
    n_jobs : int
        Workers: -1 stands for one on each CPU, of the whole cluster with Ray.
    n_threads : int, optional
        Native threads of each worker. Default: the CPUs divided by the workers; for "serial", all.
    vox_per_chunk : int, optional
        Voxels of a batch. Default: a few batches for each worker.
    verbose : bool
        Show DIPY's progress bars.
    backend : str, optional
        Of joblib or dask, as paramap takes it.

    Returns
    -------
    arrays : tuple of ndarray
        What ``native.fit`` returns for the whole signal.
    """
    if engine not in ENGINES:
        raise ValueError(f"{engine} is not a valid engine")
    if vox_per_chunk is not None and vox_per_chunk < 1:
        raise ValueError(f"vox_per_chunk is {vox_per_chunk}, expected at least 1")
    if engine == "serial":
        return native.fit(signal, n_threads, mask)
    signal = signal.reshape(-1, signal.shape[-1]) if mask is None else signal[mask]
    if len(signal) == 0:
        return native.fit(signal)
    if engine == "ray":
        cpus = _ray.connect()
    else:
        cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = cpus if n_jobs is None or n_jobs < 1 else n_jobs
    if n_threads is None:
        n_threads = max(1, cpus // workers)
    options = {"engine": engine, "n_jobs": workers, "verbose": verbose, "clean_spill": False}
    if engine == "ray" and workers < cpus:
        options["inflight_cap"] = workers
    if backend is not None:
        options["backend"] = backend
    batch = vox_per_chunk or _batch(signal, workers)
    return _in_waves(native, signal, batch, n_threads, options)


def _batch(signal: np.ndarray, workers: int) -> int:
    """Return the voxels of a batch: small enough to balance the workers, large enough to be cheap."""
    fair = -(-len(signal) // (BATCHES_PER_WORKER * workers))
    most = max(1, WAVE_BYTES // (workers * _bytes_of_voxel(signal)))
    return min(max(fair, SMALLEST_BATCH), most)


def _bytes_of_voxel(signal: np.ndarray) -> int:
    # Results are not known before the first batch. Those of the sparse fascicle model, 362 weights, are
    # the largest.
    results = 8 * 370
    return signal.shape[1] * signal.itemsize + results


def _in_waves(
    native: Any, signal: np.ndarray, batch: int, n_threads: int, options: dict[str, Any]
) -> tuple[np.ndarray, ...]:
    starts = range(0, len(signal), batch)
    per_wave = max(1, WAVE_BYTES // (batch * _bytes_of_voxel(signal)))
    arrays: list[np.ndarray] = []
    pickled = pickle.dumps(native)
    for first in range(0, len(starts), per_wave):
        wave = starts[first : first + per_wave]
        fitted = parallel.paramap(
            fit_batch,
            [signal[start : start + batch] for start in wave],
            func_args=[pickled, n_threads],
            **options,
        )
        for start, results in zip(wave, fitted):
            if not arrays:
                arrays = [np.empty((len(signal),) + r.shape[1:], r.dtype) for r in results]
            for array, r in zip(arrays, results):
                array[start : start + len(r)] = r
    return tuple(arrays)


def fit_batch(signal: np.ndarray, pickled: bytes, n_threads: int) -> tuple[np.ndarray, ...]:
    """One batch, in a worker."""
    return _unpickled(pickled).fit(signal, n_threads)


@functools.lru_cache(maxsize=4)
def _unpickled(pickled: bytes) -> Any:
    """Unpickle a model, once in each process."""
    return pickle.loads(pickled)
