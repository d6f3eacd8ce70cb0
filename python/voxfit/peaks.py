"""Peaks of functions on a sphere, as DIPY's ``peak_directions``, for many voxels at once."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import ArrayLike

from . import _native
from ._run import Progress, run
from ._threads import thread_count


def find_peaks(
    values: ArrayLike,
    vertices: ArrayLike,
    edges: ArrayLike,
    *,
    threshold: float = 0.5,
    separation: float = 25.0,
    npeaks: int = 5,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Find the peaks of functions that are the same in opposite directions.

    The rules are those of DIPY's ``peak_directions``. A vertex is a local maximum when it is higher than a neighbour
    and lower than none. The floor is the smallest value, but at least zero. A function that is nowhere positive, or
    that has a NaN, has no peak.

    Parameters
    ----------
    values : array_like, (n, vertices)
        The functions at the vertices.
    vertices : array_like, (vertices, 3)
        Unit vectors: a hemisphere, or a whole sphere. On a whole one a peak may stand at either of two opposite
        vertices, whichever value is higher.
    edges : array_like, (edges, 2)
        Pairs of vertices that are neighbours.
    threshold : float
        Height above the floor that a peak must have, as a share of the highest peak's; 0 to 1.
    separation : float
        Degrees; of two peaks that are closer, the higher one is kept; 0 to 90.
    npeaks : int
        Peaks of a function, at most.
    n_threads, progress
        As for `Model.fit`.

    Returns
    -------
    indices : ndarray of int32, (n, npeaks)
        The vertices that are peaks, the highest first; -1 where there are fewer.

    Raises
    ------
    ValueError
        For shapes that do not fit one another, vertices that are not unit vectors, and limits out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from voxfit.peaks import find_peaks
    >>> find_peaks([[1.0, 3.0, 2.0]], np.eye(3), [[0, 1], [1, 2], [0, 2]], npeaks=2)
    array([[ 1, -1]], dtype=int32)
    """
    values = np.ascontiguousarray(values, np.float64)
    vertices = np.ascontiguousarray(vertices, np.float64)
    pairs = np.ascontiguousarray(np.reshape(edges, (-1, 2)), np.int32)
    if vertices.ndim != 2 or vertices.shape[1] != 3:
        raise ValueError(f"vertices have shape {vertices.shape}, expected (vertices, 3)")
    if values.ndim != 2 or values.shape[1] != len(vertices):
        raise ValueError(f"values have shape {values.shape}, expected (n, {len(vertices)}), a value for each vertex")
    if npeaks < 1:
        raise ValueError(f"npeaks is {npeaks}, expected at least 1")
    indices = np.full((len(values), npeaks), -1, np.int32)
    most = min(npeaks, len(vertices))
    found = indices if most == npeaks else np.full((len(values), most), -1, np.int32)
    request = _native.PeakSearch(
        size=ctypes.sizeof(_native.PeakSearch),
        voxels=len(values),
        vertices=len(vertices),
        edges=len(pairs),
        peaks=most,
        values=values.ctypes.data,
        directions=vertices.ctypes.data,
        pairs=pairs.ctypes.data,
        threshold=threshold,
        separation=separation,
        indices=found.ctypes.data,
        threads=thread_count(n_threads),
    )
    request.keep({"directions": vertices, "pairs": pairs}, {"values": values}, {"indices": found})
    run("voxfit_find_peaks", None, request, len(values), progress)
    indices[:, :most] = found
    return indices
