"""A plug-in of pytest (``-p dipys_own``): DIPY's tests meet voxfit's models.

VOXFIT_FITS names a file that gets a line for each fit that was native, so that a run can show that it
tested what it was meant to test.
"""

import os

import voxfit.dipy
from voxfit.dipy._native import Native

voxfit.dipy.patch()

_fit = Native.fit


def _noted(self, *args, **kwargs):
    with open(os.environ["VOXFIT_FITS"], "a") as file:
        file.write(self.name + "\n")
    return _fit(self, *args, **kwargs)


if os.environ.get("VOXFIT_FITS"):
    Native.fit = _noted
