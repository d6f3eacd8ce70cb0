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

from __future__ import annotations

from typing import TYPE_CHECKING

from voxfit._lazy import lazily

if TYPE_CHECKING:
    from voxfit.dipy._csd import ConstrainedSphericalDeconvModel as ConstrainedSphericalDeconvModel
    from voxfit.dipy._engines import fit_rows as fit_rows
    from voxfit.dipy._freewater import FreeWaterTensorModel as FreeWaterTensorModel
    from voxfit.dipy._multishell import MultiShellDeconvModel as MultiShellDeconvModel
    from voxfit.dipy._patch import patch as patch
    from voxfit.dipy._patch import patched as patched
    from voxfit.dipy._patch import unpatch as unpatch
    from voxfit.dipy._peaks import peaks_from_model as peaks_from_model
    from voxfit.dipy._ray import connect as connect
    from voxfit.dipy._ray import shutdown as shutdown
    from voxfit.dipy._ray import spilled_bytes as spilled_bytes
    from voxfit.dipy._sfm import SparseFascicleModel as SparseFascicleModel
    from voxfit.dipy._tensor import TensorModel as TensorModel
    from voxfit.dipy._volume import VolumeFit as VolumeFit

__getattr__, __dir__ = lazily(
    __name__,
    {
        "ConstrainedSphericalDeconvModel": "_csd",
        "FreeWaterTensorModel": "_freewater",
        "MultiShellDeconvModel": "_multishell",
        "SparseFascicleModel": "_sfm",
        "TensorModel": "_tensor",
        "VolumeFit": "_volume",
        "connect": "_ray",
        "fit_rows": "_engines",
        "patch": "_patch",
        "patched": "_patch",
        "peaks_from_model": "_peaks",
        "shutdown": "_ray",
        "spilled_bytes": "_ray",
        "unpatch": "_patch",
    },
)
