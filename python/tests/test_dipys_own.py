"""DIPY's own tests, from the installed package, with DIPY patched.

No failure is allowed; if one were, docs/dipy.md would have to give the reason.
"""

import collections
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("dipy")

# Modules of DIPY's tests, and the model of which each must make native fits.
MODULES = {"csdeconv": "csdm", "fwdti": "fwdtim", "dti": "dti", "mcsd": "msmt", "sfm": "sfm", "multi_voxel": None}

# Tests in which scikit-learn's elastic net runs for a minute. They run in the long tests alone.
LONG = {"sfm": "test_sfm test_exponential_iso"}


@pytest.fixture
def ray_files():
    """A folder for the Ray that DIPY's tests start. The names of pytest's folders are too long for its sockets."""
    from voxfit.dipy._scratch import ScratchFolder

    scratch = ScratchFolder()
    yield scratch.path
    scratch.remove()


@pytest.mark.parametrize("module", MODULES)
def test_dipys_tests_pass_with_dipy_patched(module, tmp_path, ray_files):
    fits = tmp_path / "fits"
    environment = dict(
        os.environ,
        PYTHONPATH=os.pathsep.join([str(Path(__file__).parent), *sys.path]),
        VOXFIT_FITS=str(fits),
        VOXFIT_LEFT_OUT="" if os.environ.get("VOXFIT_LONG") else LONG.get(module, ""),
        RAY_TMPDIR=ray_files,
        TMPDIR=ray_files,  # where DIPY makes a folder for Ray, which Ray makes again after DIPY has removed it
        OMP_NUM_THREADS="1",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "dipys_own", "--pyargs"]
    done = subprocess.run(
        [*command, f"dipy.reconst.tests.test_{module}"], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    if MODULES[module]:
        native = collections.Counter(fits.read_text().split())
        assert native[MODULES[module]] > 2, f"native fits: {dict(native)}"
