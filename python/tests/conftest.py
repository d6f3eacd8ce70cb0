"""Fixtures: the signals of a small acquisition. The library is $VOXFIT_LIBRARY, or else the package's own."""

import os
from pathlib import Path

import numpy as np
import pytest

# Ray gives its workers niceness 15. On a busy machine they would hardly run, and Ray would take them for dead.
os.environ.setdefault("RAY_worker_niceness", "0")

EVALS = np.array([1.7e-3, 0.3e-3, 0.3e-3])
WM = np.array([[350.0, 0, 0, 0, 0], [170, -60, 20, -5, 1], [110, -60, 25, -8, 2]])
CSF = np.array([350.0, 20, 2])


def directions(n):
    """Return n unit vectors on a spiral over the upper half of the sphere."""
    z = 1 - (np.arange(n) + 0.5) / n
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(n)
    r = np.sqrt(1 - z * z)
    return np.c_[r * np.cos(turn), r * np.sin(turn), z]


@pytest.fixture(scope="session")
def gtab():
    """Six b0s and two shells of 45 directions, as a pair of arrays."""
    bvals = np.r_[np.zeros(6), np.tile([1000.0, 2000.0], 45)]
    return bvals, np.r_[np.zeros((6, 3)), directions(90)]


@pytest.fixture(scope="session")
def data(gtab):
    """A signal (7, 8, 9, 96) in float64, of whole numbers up to 1200, which most types of data hold exactly."""
    bvals, bvecs = gtab
    random = np.random.default_rng(7)
    axes = random.normal(size=(7, 8, 9, 3))
    axes /= np.linalg.norm(axes, axis=-1, keepdims=True)
    fraction = random.uniform(0, 0.6, size=(7, 8, 9, 1))
    along = np.einsum("...k,jk->...j", axes, bvecs) ** 2
    tissue = np.exp(-bvals * (EVALS[1] + (EVALS[0] - EVALS[1]) * along))
    signal = 1000 * ((1 - fraction) * tissue + fraction * np.exp(-bvals * 3e-3))
    return np.round(np.maximum(signal + random.normal(size=signal.shape) * 10, 1))


@pytest.fixture(scope="session")
def mask():
    """About half of the voxels."""
    return np.random.default_rng(8).random((7, 8, 9)) < 0.5


# The function of each model, with the arguments that it needs.
FITS = {
    "fit_csd": {"response": (EVALS, 1000.0)},
    "fit_msmt": {"response": {"WM": WM, "CSF": CSF}, "lmax": 4},
    "fit_free_water": {},
    "fit_dti": {},
    "fit_sfm": {},
}


@pytest.fixture(params=FITS)
def fit(request, gtab):
    """Each of the five functions, as a call of data and keywords that returns a result."""
    import voxfit

    function, needs = getattr(voxfit, request.param), FITS[request.param]
    return lambda data, **keywords: function(data, gtab, **needs, **keywords)


TISSUES = ("WM", "GM", "CSF")


@pytest.fixture(scope="session")
def measured():
    """MRtrix3's test data for several tissues, from $VOXFIT_SHARED or the folder shared beside the repository.

    The fixture is a tuple: b-values, b-vectors in the axes of the scanner, the signal, the rows of each tissue's
    response, and the distribution of each tissue that ``dwi2fod msmt_csd`` found with them.
    """
    nibabel = pytest.importorskip("nibabel")
    shared = Path(os.environ.get("VOXFIT_SHARED", Path(__file__).parents[3] / "shared"))
    folder = shared / "data" / "mrtrix_msmt"
    if not folder.exists():
        pytest.skip(f"no shared data at {folder} (set VOXFIT_SHARED to the folder that holds data/)")
    table = np.loadtxt(folder / "grad_scanner.b")
    responses, found = {}, {}
    for tissue in TISSUES:
        responses[tissue] = np.loadtxt(folder / f"response_{tissue.lower()}.txt", ndmin=2)
        found[tissue] = nibabel.load(folder / "expected" / f"{tissue.lower()}.nii.gz").get_fdata()
    signal = nibabel.load(folder / "dwi.nii.gz").get_fdata(dtype=np.float32)
    return table[:, 3], table[:, :3], signal, responses, found
