"""The models that the plain functions keep from call to call."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import EVALS, FITS, directions

import voxfit
from voxfit import _kept


@pytest.fixture(autouse=True)
def empty():
    """Start without kept models."""
    voxfit.clear_cache()


@pytest.fixture
def made(monkeypatch):
    """A list that grows with each model that the library makes."""
    from voxfit import _native

    calls = []
    new_model = _native.new_model
    monkeypatch.setattr(_native, "new_model", lambda *arguments: calls.append(arguments) or new_model(*arguments))
    return calls


def test_the_same_call_sets_up_once(fit, data, made):
    first, again = fit(data[0]), fit(data[1])
    assert len(made) == 1 and first.model is again.model
    voxfit.clear_cache()
    assert fit(data[0]).model is not first.model and len(made) == 2
    assert np.array_equal(fit(data[0]).params, first.params)


def test_equal_arrays_are_the_same_call(data, gtab, made):
    for dtype in (np.float64, np.float32):
        voxfit.fit_csd(data[0], (gtab[0].astype(dtype).tolist(), gtab[1].copy()), (EVALS.copy(), 1000))
    voxfit.fit_csd(data[0], gtab, (EVALS.tolist(), np.float64(1000)), lmax=None)
    assert len(made) == 1


def test_what_changes_the_model_is_another_call(data, gtab, made, monkeypatch):
    bvals, bvecs = gtab
    calls = [
        lambda: voxfit.fit_csd(data[0], gtab, (EVALS, 1000.0)),
        lambda: voxfit.fit_csd(data[0], gtab, (EVALS, 1001.0)),
        lambda: voxfit.fit_csd(data[0], gtab, (EVALS, 1000.0), lmax=6),
        lambda: voxfit.fit_csd(data[0], gtab, (EVALS, 1000.0), directions=directions(150)),
        lambda: voxfit.fit_csd(data[0], gtab, (EVALS, 1000.0), directions=-directions(150)),
        lambda: voxfit.fit_csd(data[0], (bvals + (bvals > 0), bvecs), (EVALS, 1000.0)),
        lambda: voxfit.fit_csd(data[0], (bvals, -bvecs), (EVALS, 1000.0)),
    ]
    results = [call() for call in calls]
    assert len(made) == len(calls)
    again = [call() for call in calls]
    assert len(made) == len(calls)
    assert all(a.model is b.model for a, b in zip(results, again))
    monkeypatch.setenv("VOXFIT_ISA", "generic")
    assert calls[0]().model.isa == "generic"
    assert len(made) == len(calls) + 1


def test_equal_values_of_different_types_are_different_calls(data, gtab):
    voxfit.fit_csd(data[0], gtab, (EVALS, 1000.0), peaks=1)
    with pytest.raises(ValueError):
        voxfit.fit_csd(data[0], gtab, (EVALS, 1000.0), peaks=True)


def test_arrays_may_change_after_the_call(data, gtab):
    bvals, bvecs, response = gtab[0].copy(), gtab[1].copy(), np.array([500.0, -200, 60, -20, 5])
    want = voxfit.fit_csd(data[0], (bvals, bvecs), response)
    before = (bvals.copy(), bvecs.copy()), response.copy()
    bvals[6:] *= 2
    response[1:] /= 2
    other = voxfit.fit_csd(data[0], (bvals, bvecs), response)
    assert not np.array_equal(other.params, want.params)
    again = voxfit.fit_csd(data[0], *before)
    assert again.model is want.model and np.array_equal(again.params, want.params)


def test_lists_in_a_response_may_change_after_the_call(data, gtab):
    evals = [1.7e-3, 0.3e-3, 0.3e-3]
    tissues = [{"name": "WM", "evals": evals, "s0": 1000.0}, {"name": "CSF", "evals": [3e-3] * 3, "s0": 1500.0}]
    before = voxfit.fit_msmt(data[0, 0, 0], gtab, tissues).params
    evals[0] = 1.5e-3
    after = voxfit.fit_msmt(data[0, 0, 0], gtab, tissues).params
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(after, voxfit.Model("msmt", gtab, response=tissues).fit(data[0, 0, 0]).params)


def test_few_models_are_kept_and_the_others_are_freed(data, gtab, monkeypatch):
    from voxfit import _native

    freed = []
    free_model = _native.free_model
    monkeypatch.setattr(_native, "free_model", lambda handle: freed.append(handle) or free_model(handle))
    first = voxfit.fit_dti(data[0], gtab)
    for i in range(40):
        voxfit.fit_dti(data[0], gtab, min_signal=1e-3 * (i + 1))
    assert len(_kept._models) == _kept._MOST and len(freed) == 40 - _kept._MOST
    assert np.isfinite(first.fa).all()  # its model is still there
    voxfit.clear_cache()
    assert len(freed) == 40


def test_a_model_that_is_used_stays(data, gtab, made):
    for i in range(3 * _kept._MOST):
        voxfit.fit_dti(data[0], gtab)
        voxfit.fit_dti(data[0], gtab, min_signal=1e-3 * (i + 1))
    assert len(made) == 3 * _kept._MOST + 1


def test_warnings_are_given_at_each_call_from_the_callers_line(data, gtab):
    few = data[0][..., ::3], (gtab[0][::3], gtab[1][::3])  # fewer volumes than coefficients
    for _ in range(3):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            voxfit.fit_csd(*few, (EVALS, 1000.0))
        assert [w.filename for w in caught] == [__file__] and "coefficients" in str(caught[0].message)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        voxfit.Model("csdm", few[1], response=(EVALS, 1000.0))
    assert [w.filename for w in caught] == [__file__]


def test_an_error_is_not_kept(data, gtab, made):
    for _ in range(2):
        with pytest.raises(ValueError):
            voxfit.fit_csd(data[0], gtab, (EVALS, 1000.0), lmax=3)
    assert len(made) == 2 and not _kept._models


def test_threads_share_the_kept_models(data, gtab):
    want = {name: getattr(voxfit, name)(data[0], gtab, **FITS[name]).params for name in FITS}
    voxfit.clear_cache()
    start = threading.Barrier(8)

    def many(seed):
        start.wait()
        order = np.random.default_rng(seed).permutation(list(FITS) * 8)
        for i, name in enumerate(order):
            if i % 13 == seed:
                voxfit.clear_cache()
            assert np.array_equal(getattr(voxfit, name)(data[0], gtab, **FITS[name]).params, want[name])
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(many, range(8)))
