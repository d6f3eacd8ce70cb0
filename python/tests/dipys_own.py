"""A plug-in of pytest (``-p dipys_own``) that runs DIPY's tests with voxfit's models.

VOXFIT_FITS names a file that gets a line for each native fit: it shows that the tests reached the native models.
VOXFIT_LEFT_OUT names tests that are not run.
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


def pytest_collection_modifyitems(config, items):
    """Leave out the tests whose names, without parameters, VOXFIT_LEFT_OUT has."""
    names = os.environ.get("VOXFIT_LEFT_OUT", "").split()
    left_out = [item for item in items if item.name in names]
    items[:] = [item for item in items if item.name not in names]
    config.hook.pytest_deselected(items=left_out)
