"""DIPY's models with native fits.

The classes are subclasses of DIPY's own and take their places::

    from voxfit.dipy import ConstrainedSphericalDeconvModel
    fit = ConstrainedSphericalDeconvModel(gtab, response).fit(data, mask=mask)
    fit.shm_coeff

or, for a program that imports them from DIPY, once at its start::

    import voxfit.dipy
    voxfit.dipy.patch()

A model set up in a way that has no native fit uses DIPY's own; the logger "voxfit.dipy" says so at level
INFO, with the reason.
"""

from voxfit.dipy._csd import ConstrainedSphericalDeconvModel
from voxfit.dipy._engines import fit_rows
from voxfit.dipy._freewater import FreeWaterTensorModel
from voxfit.dipy._multishell import MultiShellDeconvModel
from voxfit.dipy._patch import patch, patched, unpatch
from voxfit.dipy._peaks import peaks_from_model
from voxfit.dipy._ray import connect, shutdown, spilled_bytes
from voxfit.dipy._sfm import SparseFascicleModel
from voxfit.dipy._tensor import TensorModel
from voxfit.dipy._volume import VolumeFit

__all__ = [
    "ConstrainedSphericalDeconvModel",
    "FreeWaterTensorModel",
    "MultiShellDeconvModel",
    "SparseFascicleModel",
    "TensorModel",
    "VolumeFit",
    "connect",
    "fit_rows",
    "patch",
    "patched",
    "peaks_from_model",
    "shutdown",
    "spilled_bytes",
    "unpatch",
]
