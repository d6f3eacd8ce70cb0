"""The fits of a whole volume, kept as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from dipy.reconst.multi_voxel import MultiVoxelFit

from voxfit import Status


class VolumeFit(MultiVoxelFit):
    """Fits of the voxels of a mask, as in DIPY's MultiVoxelFit, but without an object for each voxel.

    DIPY collects results (``shm_coeff``, ``odf(sphere)``, ``f``, ``fa`` ...) voxel by voxel. Here one fit object holds
    all voxels as rows, and its results are placed in the volume. Voxels outside the mask are zero, as in DIPY.
    ``fit[i, j, k]`` makes DIPY's object of one voxel, or None outside the mask; a slice is again a VolumeFit.

    Parameters
    ----------
    model : ReconstModel
        The model that was fitted.
    rows : object
        A fit of DIPY's class whose arrays have one row for each voxel inside the mask, in C order,
        with a method ``take(rows)``: a fit of DIPY's class for one number, rows again for an array.
    mask : ndarray of bool or ndarray of numbers
        Volume; what is not zero was fitted.
    status : ndarray of uint8, shape (rows,)
        What happened to each row, see :class:`voxfit.Status`.
    """

    def __init__(self, model: Any, rows: Any, mask: np.ndarray, status: np.ndarray) -> None:
        self.model = model
        self.mask = mask
        self._rows = rows
        self._status = status
        self._inside = np.asarray(mask, dtype=bool)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the volume."""
        return self._inside.shape

    @property
    def status(self) -> np.ndarray:
        """What happened to each voxel (uint8, see :class:`voxfit.Status`); 1 is outside the mask."""
        status = np.full(self.shape, Status.OUTSIDE_MASK, dtype=np.uint8)
        status[self._inside] = self._status
        return status

    @property
    def fit_array(self) -> np.ndarray:
        """DIPY's array of one object per voxel, made when it is asked for."""
        if "_objects" not in self.__dict__:
            objects = np.empty(self.shape, dtype=object)
            for row, place in enumerate(zip(*np.nonzero(self._inside))):
                objects[place] = self._rows.take(row)
            self._objects = objects
        return self._objects

    @property
    def _index(self) -> np.ndarray:
        """The row of each voxel; -1 outside the mask."""
        if "_places" not in self.__dict__:
            self._places = np.full(self.shape, -1)
            self._places[self._inside] = np.arange(len(self._status))
        return self._places

    def __getitem__(self, index: Any) -> Any:
        rows = self._index[index]
        if np.ndim(rows) == 0:
            return self._rows.take(int(rows)) if rows >= 0 else None
        chosen = rows[rows >= 0]
        return VolumeFit(self.model, self._rows.take(chosen), rows >= 0, self._status[chosen])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self._rows, name)
        if callable(value):
            return lambda *args, **kwargs: self._spread(value(*args, **kwargs))
        return self._spread(value)

    def _spread(self, values: Any) -> Any:
        if not isinstance(values, np.ndarray):
            return values
        if len(values) == self._inside.size:
            return values.reshape(self.shape + values.shape[1:])
        volume = np.zeros(self.shape + values.shape[1:], dtype=values.dtype)
        volume[self._inside] = values
        return volume

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Predict the signal of all voxels; ``S0`` may be a volume.

        The arguments are those of the fit of one voxel. Voxels outside the mask are zero.
        """
        S0 = kwargs.get("S0", 1.0)
        if isinstance(S0, np.ndarray) and S0.ndim > 0:
            S0 = S0[self._inside]
        return self._spread(self._rows.predict(*args, **dict(kwargs, S0=S0)))
