"""NIfTI images read by voxfit's own reader: several threads, and no second copy of the data."""

from __future__ import annotations

import ctypes
import math
import os
import weakref
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from . import _native
from ._run import Progress, run
from ._signal import as_mask
from ._threads import thread_count


class NibabelImage(Protocol):
    """The attributes and methods of nibabel's images that are used."""

    dataobj: Any


ImageLike = str | os.PathLike[str] | NibabelImage
DataLike = ArrayLike | ImageLike


class Grid:
    """Where the voxels of an image lie.

    Parameters
    ----------
    handle
        The library's image, which is freed with this object.
    """

    def __init__(self, handle: _native.Handle) -> None:
        self.handle = handle
        weakref.finalize(self, _native.free_image, handle)

    def check(self, mask: Grid) -> None:
        """Raise ValueError where a mask lies on another grid: other shape, or corners in other places."""
        _native.check_grid(self.handle, mask.handle)


class Image(Grid):
    """A NIfTI file whose header was read and checked. It keeps no file open.

    Parameters
    ----------
    path : str or path
        A .nii or .nii.gz file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        encoded = os.fsencode(self.path)
        if b"\0" in encoded:
            raise ValueError(f"the path {self.path!r} has a zero character")
        super().__init__(_native.open_image(encoded))
        self.shape = _native.image_shape(self.handle)

    def read(self, inside: np.ndarray | None, n_threads: int | None, progress: Progress | None) -> np.ndarray:
        """Return all voxels, (x, y, z, ...), or those of a mask of booleans, (n, ...), in C order as ``data[mask]``."""
        after = self.shape[3:]
        volumes = math.prod(after)
        if inside is None:
            voxels, index = math.prod(self.shape[:3]), None
        else:
            x, y, z = np.nonzero(inside)
            index = np.ascontiguousarray(x + self.shape[0] * (y + self.shape[1] * z), np.int64)
            voxels = len(index)
        values = np.empty((voxels, volumes), np.float32)
        request = _native.Reading(
            size=ctypes.sizeof(_native.Reading),
            voxels=voxels,
            volumes=volumes,
            index=None if index is None else index.ctypes.data,
            values=values.ctypes.data,
            threads=thread_count(n_threads),
        )
        request.image = self
        request.keep({}, {} if index is None else {"index": index}, {"values": values})
        run("voxfit_image_read", self.handle, request, voxels, progress, small=0)
        axes = len(after)  # the first of them varies fastest, as x does
        if inside is not None:
            return values.reshape(voxels, *after[::-1]).transpose(0, *range(axes, 0, -1))
        turned = values.reshape(*self.shape[2::-1], *after[::-1])
        return turned.transpose(2, 1, 0, *range(axes + 2, 2, -1))

    def volume(self) -> np.ndarray:
        """Return all voxels, (x, y, z) where there is one volume."""
        values = self.read(None, None, None)
        return values.reshape(values.shape[:3]) if math.prod(self.shape[3:]) == 1 else values


def load(
    path: ImageLike,
    mask: DataLike | None = None,
    dtype: DTypeLike = np.float32,
    *,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Read an image with kbench's reader, without Python's lock.

    Parameters
    ----------
    path : path or nibabel image
        A .nii or .nii.gz file, or an image of nibabel that was loaded from one and not read yet.
    mask : array_like, path or nibabel image, optional
        The voxels to read, where it is neither zero nor NaN; all by default. A file or an
        image on another grid is an error.
    dtype : float32 or float64
        Type of the result. Values are scaled as the header says, and have single precision in both types.
    n_threads, progress
        As for `Model.fit`.

    Returns
    -------
    ndarray
        (x, y, z, ...) in image axes, the values of a voxel side by side, so that a fit reads them in place; with a mask
        (n, ...), its voxels in C order, as ``load(path)[mask]``.

    Raises
    ------
    ValueError
        If a file is not an image, is damaged, or does not fit the mask. The message names the file.

    Examples
    --------
    >>> import voxfit
    >>> signal = voxfit.load("dwi.nii.gz", "mask.nii.gz")   # doctest: +SKIP
    >>> signal.shape                                        # doctest: +SKIP
    (231007, 288)
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"dtype is {dtype}, expected float32 or float64")
    image = image_of(path)
    if image is None:
        raise TypeError(
            f"path is {type(path).__name__}, expected the path of a NIfTI file, or an image that nibabel has loaded "
            "from one and not read yet (uncache() of the image forgets what was read)"
        )
    inside, _ = read_mask(mask, path, image, image.shape[:3])
    return image.read(inside, n_threads, progress).astype(dtype, copy=False)


def image_of(data: Any) -> Image | None:
    """Return the file that a path names, or that an image of nibabel was loaded from and not read into memory."""
    if data is None or type(data) is np.ndarray:
        return None
    if isinstance(data, (str, os.PathLike)):
        return Image(data)
    if getattr(data, "in_memory", False):  # nibabel keeps its array, which may have been written to
        return None
    proxy = getattr(data, "dataobj", data)
    path = getattr(proxy, "file_like", None)
    if not getattr(proxy, "is_proxy", False) or not isinstance(path, (str, os.PathLike)):
        return None
    if not os.fspath(path).lower().endswith((".nii", ".nii.gz")):
        return None
    image = Image(path)
    return image if image.shape == tuple(proxy.shape) else None


def check_grids(data: Any, image: Image | None, mask: Any, mask_image: Image | None) -> None:
    """Raise ValueError where data and mask are both on a grid, and not on the same.

    The images are those of `image_of`.
    """
    grid, mask_grid = _grid_of(data, image), _grid_of(mask, mask_image)
    if grid is not None and mask_grid is not None:
        grid.check(mask_grid)


def _grid_of(data: Any, image: Image | None) -> Grid | None:
    """Return the grid of a file or of an image of nibabel, which may have been made in memory; an array has none."""
    affine, shape = np.asarray(getattr(data, "affine", None)), getattr(data, "shape", ())
    if affine.shape != (4, 4) or len(shape) < 3 or min(shape) < 1:
        return image
    name = data.get_filename() if hasattr(data, "get_filename") else None
    encoded = os.fsencode(name or "").replace(b"\0", b"")
    sizes, rows = np.array(shape[:3], np.int64), affine[:3].astype(np.float64)
    return Grid(_native.image_in_memory(encoded, sizes.tobytes(), rows.tobytes()))


def in_memory(data: Any) -> Any:
    """Return the array of an image of nibabel, the one that get_fdata keeps if any; return anything else unchanged."""
    if not hasattr(data, "dataobj"):
        return data
    kept = getattr(data, "_fdata_cache", None)  # get_fdata reads the file again when it is asked for another type
    return np.asanyarray(data.dataobj if kept is None else kept)


def read_mask(mask: Any, data: Any, image: Image | None, shape: tuple[int, ...]) -> tuple[np.ndarray | None, str]:
    """Return a mask as `as_mask` does, which may be a file or an image; it must lie on the grid of the data.

    The data's image is that of `image_of`, and shape is that of their voxels.
    """
    file = image_of(mask)
    check_grids(data, image, mask, file)
    if file is not None:
        return as_mask(file.volume(), shape)
    values = in_memory(mask)
    if values is not mask and values.shape[3:] and math.prod(values.shape[3:]) == 1:  # of an image, as of a file
        values = values.reshape(values.shape[:3])
    return as_mask(values, shape)
