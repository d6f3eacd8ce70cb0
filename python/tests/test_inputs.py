"""Gradient tables, responses and masks that are not what they look like: each is told, or read as it is meant."""

import warnings

import numpy as np
import pytest

import voxfit
from conftest import CSF, EVALS, FITS, WM, directions

MD = (1.5e-3 + 0.5e-3 + 0.3e-3) / 3


@pytest.fixture(scope="module")
def tissue():
    """Four b0s and two shells of 30 directions, and the signal of a tensor: bvals, bvecs, (2, 2, 2, 64)."""
    bvals = np.r_[np.zeros(4), np.full(30, 1000.0), np.full(30, 2000.0)]
    bvecs = np.r_[np.zeros((4, 3)), directions(30), directions(30)[:, [1, 2, 0]]]
    signal = 1000 * np.exp(-bvals * (bvecs**2 @ [1.5e-3, 0.5e-3, 0.3e-3]))
    return bvals, bvecs, np.tile(signal, (2, 2, 2, 1))


def fitted(name, data, gtab, **more):
    """Fit by a function of the package, and return the result and the warnings."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        result = getattr(voxfit, name)(data, gtab, **{**FITS[name], **more})
    return result, "\n".join(str(w.message) for w in said)


@pytest.mark.parametrize("name", FITS)
def test_lengths_of_vectors_are_b_values(name, tissue):
    bvals, bvecs, data = tissue
    coded = bvecs * np.sqrt(bvals / 2000)[:, None]
    result, said = fitted(name, data, (np.where(bvals > 0, 2000.0, 0), coded))
    assert "b-value was multiplied" in said
    if hasattr(result, "md"):
        np.testing.assert_allclose(result.md, MD, rtol=1e-3)
    _, said = fitted(name, data, (bvals, bvecs * 0.994))
    assert "b-value was multiplied" in said
    _, said = fitted(name, data, (bvals, bvecs * 0.994), bvalue_scaling="no")
    assert "stay as given (bvalue_scaling no)" in said


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize(("unit", "factor"), [("ms/um2", 1e-3), ("s/m2", 1e6)])
def test_other_units_of_b_are_named(name, unit, factor, tissue):
    bvals, bvecs, data = tissue
    with pytest.raises(ValueError, match=f"{unit}.*s/mm2"):
        fitted(name, data, (bvals * factor, bvecs))


def test_tables_without_shells_are_refused(tissue):
    random = np.random.default_rng(0)
    bvals = np.r_[0.0, random.uniform(200, 6000, 257)]
    bvecs = np.r_[np.zeros((1, 3)), directions(257)]
    data = np.tile(1000 * np.exp(-bvals * 7e-4), (2, 1))
    with pytest.raises(ValueError, match="shell"):
        fitted("fit_msmt", data, (bvals, bvecs))
    with pytest.raises(ValueError, match="shell"):
        fitted("fit_csd", data, (bvals, bvecs), convention="mrtrix")
    fitted("fit_dti", data, (bvals, bvecs))


def test_volumes_of_no_shell_are_left_out_and_named(tissue):
    bvals, bvecs, data = tissue
    stray = bvals.copy()
    stray[10] = 700
    result, said = fitted("fit_msmt", data, (stray, bvecs))
    assert "b = 700" in said
    kept = np.arange(64) != 10
    without, said = fitted("fit_msmt", data[..., kept], (bvals[kept], bvecs[kept]))
    assert "700" not in said
    np.testing.assert_allclose(result.fraction, without.fraction, atol=1e-6)
    _, said = fitted("fit_msmt", data, (stray, bvecs), shells=[0, 1000, 2000])
    assert "700" not in said


def test_rows_of_tensors_are_no_tissue_responses(tissue):
    bvals, bvecs, data = tissue
    rows = np.tile([0.0015, 0.0004, 0.0004, 700], (3, 1))
    with pytest.raises(ValueError, match="e1 e2 e3 S0"):
        voxfit.fit_msmt(data, (bvals, bvecs), {"WM": rows, "CSF": CSF})


def test_odd_responses_are_warned_of(tissue):
    bvals, bvecs, data = tissue
    for responses, words in [
        ({"WM": WM}, "one tissue alone"),
        ({"WM": WM, "GM": WM}, "GM has directions"),
        ({"WM": WM, "GM": CSF, "CSF": CSF}, "GM and CSF are equal"),
        ({"WM": np.abs(WM), "CSF": CSF}, "l = 2"),
    ]:
        _, said = fitted("fit_msmt", data, (bvals, bvecs), response=responses)
        assert words in said
    with pytest.raises(ValueError, match="mm2/s"):
        fitted("fit_csd", data, (bvals, bvecs), response=(EVALS * 1000, 1000.0))


def test_nan_in_a_mask_is_outside(tissue):
    bvals, bvecs, data = tissue
    mask = np.ones((2, 2, 2))
    mask[0, 0, 0], mask[1, 1, 1] = np.nan, 0
    result = voxfit.fit_dti(data, (bvals, bvecs), mask=mask)
    assert len(result.status) == 6


def test_drop_ins_take_dipys_table_as_it_is():
    pytest.importorskip("dipy")
    from dipy.core.gradients import gradient_table

    import voxfit.dipy

    bvals = np.r_[np.zeros(4), np.full(30, 1.0)]  # in ms/um2
    bvecs = np.r_[np.zeros((4, 3)), directions(30) * 0.994]
    table = gradient_table(bvals, bvecs=bvecs, b0_threshold=0)
    data = np.tile(1000 * np.exp(-bvals * 0.7), (2, 1))
    np.testing.assert_allclose(voxfit.dipy.TensorModel(table).fit(data).md, 0.7 / 0.994**2, rtol=1e-3)
