"""Programs that fit voxel by voxel, as scilpy's loop does, have rows that follow one another fitted together.

The results are bit for bit those of separate calls, whatever a program does between its calls.
"""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("dipy")
from test_dipy import RESPONSE

import voxfit.dipy as vd
from phantoms import acquisition
from voxfit.dipy import _native


@pytest.fixture(scope="module")
def signal():
    """Voxels of a phantom; some are zero, and some have a negative or a missing value."""
    _, signal = acquisition(voxels=240)
    signal[[7, 8, 9, 100]] = 0
    signal[20, 5], signal[30, 9] = -1, np.nan
    return signal


@pytest.fixture
def model():
    """A model that was not used before."""
    return vd.ConstrainedSphericalDeconvModel(acquisition(voxels=1)[0], RESPONSE)


@pytest.fixture(scope="module")
def want(signal):
    """The results of separate calls: each voxel is in memory of its own, so that none is fitted ahead."""
    model = vd.ConstrainedSphericalDeconvModel(acquisition(voxels=1)[0], RESPONSE)
    return np.array([model.fit(row.copy()).shm_coeff for row in signal])


@pytest.fixture
def calls(monkeypatch):
    """A list that gets the number of voxels of each native call."""
    made = []
    fit = _native.Native.fit
    monkeypatch.setattr(_native.Native, "fit", lambda *a, **k: made.append(len(a[1])) or fit(*a, **k))
    return made


def coefficients(model, rows, order=None):
    """Fit rows one by one."""
    return np.array([model.fit(rows[i]).shm_coeff for i in (range(len(rows)) if order is None else order)])


def test_rows_in_their_order_take_few_native_calls_and_each_counts_as_a_fit(model, signal, want, calls):
    before = _native.fits["csdm"]
    np.testing.assert_array_equal(coefficients(model, signal), want)
    assert calls == [1, 2, 4, 8, 16, 32, 64, 64, 49] and _native.fits["csdm"] - before == len(signal)


def test_rows_of_zeros_may_be_left_out(model, signal, want, calls):
    some = [i for i, row in enumerate(signal) if row.any()]
    np.testing.assert_array_equal(coefficients(model, signal, some), want[some])
    assert len(calls) < 12


def test_voxels_of_a_volume_in_any_order_and_layout(model, signal, want):
    order = np.random.default_rng(3).permutation(len(signal))
    volume = signal.reshape(4, 6, 10, -1)
    found = np.array([model.fit(volume[i]).shm_coeff for i in np.ndindex(4, 6, 10)])
    np.testing.assert_array_equal(found, want)
    for rows in (signal, signal[::-1][::-1], np.asfortranarray(signal), signal.astype(">f4"), list(signal)):
        np.testing.assert_array_equal(coefficients(model, rows, order), want[order])
        np.testing.assert_array_equal(coefficients(model, rows), want)
    np.testing.assert_array_equal(coefficients(model, signal, reversed(range(len(signal)))), want[::-1])
    # Rows of this view begin in the middle of the array's rows.
    shifted = signal.ravel()[3:-190].reshape(-1, signal.shape[1])
    own = [model.fit(row.copy()).shm_coeff for row in shifted[:40]]
    np.testing.assert_array_equal(coefficients(model, shifted[:40]), own)


def test_an_array_that_is_filled_row_by_row_is_fitted_as_it_is_at_each_call(model, signal, want):
    rows = np.full_like(signal, 50)
    for i, row in enumerate(signal):
        rows[i] = row
        np.testing.assert_array_equal(model.fit(rows[i]).shm_coeff, want[i])
        rows[i] *= 2  # rows that were fitted before may change


def test_a_result_may_be_written_to(model, signal, want):
    for i in (0, 1, 2, 2, 1):
        fit = model.fit(signal[i])
        np.testing.assert_array_equal(fit.shm_coeff, want[i])
        fit.shm_coeff[:] = 0


def test_a_model_that_changes_fits_anew(model, signal):
    coefficients(model, signal[:20])
    model.tau = 0.3
    other = vd.ConstrainedSphericalDeconvModel(model.gtab, RESPONSE, tau=0.3)
    np.testing.assert_array_equal(coefficients(model, signal[:20]), coefficients(other, signal[:20].copy()))


def test_a_model_does_not_keep_an_array_alive(model, signal):
    rows = signal.copy()
    gone = weakref.ref(rows)
    coefficients(model, rows[:40])
    del rows
    gc.collect()
    assert gone() is None
    assert not model.fit(np.zeros(signal.shape[1])).shm_coeff.any()


def test_threads_that_share_a_model_disturb_nothing(model, signal, want):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda start: coefficients(model, signal[start:]), range(0, 160, 20)))
    for start, coeff in zip(range(0, 160, 20), found):
        np.testing.assert_array_equal(coeff, want[start:])
