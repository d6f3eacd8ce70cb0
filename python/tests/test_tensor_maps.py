"""Eigenvalues, eigenvectors, mode and coloured FA are those of DIPY, which fits the same data here."""

import numpy as np
import pytest

import voxfit

pytest.importorskip("dipy")
from dipy.core.gradients import gradient_table
from dipy.reconst import dti, fwdti

# Maps are float32, and DIPY decomposes tensors by another method.
ROUNDING = 3e-7


@pytest.fixture(params=["WLS", "OLS", "NLS", "free water"])
def both(request, data, gtab):
    """Our result and DIPY's fit of the same voxels."""
    table = gradient_table(gtab[0], bvecs=gtab[1])
    if request.param == "free water":
        few = data[:2]
        return voxfit.fit_free_water(few, table, method="wls"), fwdti.FreeWaterTensorModel(table, fit_method="WLS").fit(
            few
        )
    return voxfit.fit_dti(data, table, method=request.param), dti.TensorModel(table, fit_method=request.param).fit(data)


def test_eigenvalues_are_dipys(both):
    ours, dipys = both
    assert ours.evals.shape == dipys.evals.shape
    rounding = 1e-4 if ours.model.options["method"] in ("NLS", "wls") else ROUNDING  # iterations stop elsewhere
    np.testing.assert_allclose(ours.evals, dipys.evals, rtol=0, atol=rounding * dipys.evals.max())


def test_eigenvectors_are_dipys_but_for_their_signs(both):
    ours, dipys = both
    assert ours.evecs.shape == dipys.evecs.shape
    first, second = np.moveaxis(-np.diff(dipys.evals, axis=-1) > 0.01 * dipys.evals[..., :1], -1, 0)
    # A vector is determined only where its eigenvalue differs from the others.
    apart = np.stack((first, first & second, second), axis=-1)
    assert apart.mean((0, 1, 2)).min() > 0.1
    along = np.abs(np.einsum("...ij,...ij->...j", ours.evecs, dipys.evecs))[apart]
    assert along.min() > 1 - (1e-4 if ours.model.options["method"] in ("NLS", "wls") else 1e-6)
    np.testing.assert_allclose(np.einsum("...ji,...jk->...ik", ours.evecs, ours.evecs) - np.eye(3), 0, atol=1e-6)


def test_mode_and_colours_are_dipys(both):
    ours, dipys = both
    exact = ours.model.options["method"] not in ("NLS", "wls")
    anisotropic = dipys.fa > 0.05
    np.testing.assert_allclose(ours.mode[anisotropic], dipys.mode[anisotropic], atol=1e-5 if exact else 1e-2)
    assert np.all(np.abs(ours.mode) <= 1)
    apart = dipys.evals[..., 0] - dipys.evals[..., 1] > 0.05 * dipys.evals[..., 0]
    np.testing.assert_allclose(ours.color_fa[apart], dipys.color_fa[apart], atol=1e-5 if exact else 1e-3)
    assert np.array_equal(ours.color_fa, ours["colorFA"]) and np.array_equal(ours["color_fa"], ours["colorFA"])


def test_maps_of_eigenvectors_fit_each_other(data, gtab):
    result = voxfit.fit_dti(data, gtab)
    matrix = np.einsum("...ij,...j,...kj->...ik", result.evecs, result.evals, result.evecs)
    lower = matrix[..., [0, 1, 1, 2, 2, 2], [0, 0, 1, 0, 1, 2]]
    good = result.evals[..., 2] > 1e-5  # smaller eigenvalues are raised to a minimum, as in DIPY
    np.testing.assert_allclose(lower[good], result.tensor[good], rtol=0, atol=1e-6 * result.evals.max())
    np.testing.assert_allclose(result.evals.mean(-1), result.md, rtol=1e-6)
    np.testing.assert_allclose(result.evals[..., 0], result.ad)


def test_voxels_without_a_tensor_have_zeros(data, gtab):
    spoilt = data[0].copy()
    spoilt[0, 0] = 0
    spoilt[0, 1] = np.nan
    result = voxfit.fit_dti(spoilt, gtab)
    for name in ("evals", "evecs", "mode", "color_fa"):
        assert not result[name][0, :2].any() and np.isfinite(result[name]).all(), name
