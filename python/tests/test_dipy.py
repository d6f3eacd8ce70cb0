"""Models of voxfit.dipy against DIPY's own, on the same data."""

import logging
import os
import pickle

import numpy as np
import pytest

pytest.importorskip("dipy")
from dipy.core.gradients import gradient_table
from dipy.core.sphere import Sphere
from dipy.data import default_sphere, get_sphere
from dipy.direction import peaks
from dipy.reconst import csdeconv, dti, fwdti, mcsd, sfm

import voxfit.dipy as vd
from phantoms import acquisition
from voxfit.dipy import _fitting, _peaks

RESPONSE = (np.array([1.7e-3, 0.3e-3, 0.3e-3]), 100.0)
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def study():
    gtab, signal = acquisition(voxels=60, dtype=np.float64)
    data = signal.reshape(5, 4, 3, -1)
    mask = np.random.default_rng(3).random(data.shape[:3]) > 0.3
    return gtab, data, mask


def multi_shell_response():
    wm, gm, csf = (np.array([[*e, s]] * 3) for e, s in (
        ((1.7e-3, 0.4e-3, 0.4e-3), 25.0), ((4e-4,) * 3, 40.0), ((3e-3,) * 3, 100.0)))  # fmt: skip
    return mcsd.multi_shell_fiber_response(8, [0, 1000, 2000, 3500], wm, gm, csf)


# DIPY's class, voxfit's, their options, and the largest difference of each result, relative to DIPY's largest value.
CASES = {
    "csd": (csdeconv.ConstrainedSphericalDeconvModel, vd.ConstrainedSphericalDeconvModel,
            {"response": RESPONSE}, {"shm_coeff": 1e-9, "gfa": 1e-9}),
    "csd on 362 directions": (csdeconv.ConstrainedSphericalDeconvModel, vd.ConstrainedSphericalDeconvModel,
            {"response": RESPONSE, "reg_sphere": default_sphere, "sh_order_max": 6, "lambda_": 0.7, "tau": 0.05},
            {"shm_coeff": 1e-9}),
    "free water, NLS": (fwdti.FreeWaterTensorModel, vd.FreeWaterTensorModel, {},
            {"f": 1e-4, "fa": 1e-4, "md": 1e-4, "ad": 1e-4}),
    "free water, WLS": (fwdti.FreeWaterTensorModel, vd.FreeWaterTensorModel, {"fit_method": "WLS", "Diso": 2.9e-3},
            {"f": 1e-12, "fa": 1e-9, "model_params": 1e-6, "mode": 1e-6, "color_fa": 1e-9, "quadratic_form": 1e-9}),
    "tensor, WLS": (dti.TensorModel, vd.TensorModel, {"return_S0_hat": True}, {"fa": 1e-9, "md": 1e-9, "S0_hat": 1e-9}),
    "tensor, OLS": (dti.TensorModel, vd.TensorModel, {"fit_method": "OLS", "min_signal": 2.0}, {"fa": 1e-9}),
    "tensor, NLLS": (dti.TensorModel, vd.TensorModel, {"fit_method": "NLLS"}, {"fa": 1e-3, "md": 1e-3}),
    "sparse fascicles, NNLS": (sfm.SparseFascicleModel, vd.SparseFascicleModel, {"solver": "NNLS"}, {"S0": 1e-12}),
    "sparse fascicles, ElasticNet": (sfm.SparseFascicleModel, vd.SparseFascicleModel, {}, {"beta": 2e-2}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_results_are_dipys(name, study):
    gtab, data, mask = study
    theirs, ours, options, near = CASES[name]
    expected = theirs(gtab, **options).fit(data, mask=mask)
    model = ours(gtab, **options)
    assert isinstance(model, theirs)
    assert _fitting.native_or_none(model, data) is not None, "the fit is DIPY's own"
    found = model.fit(data, mask=mask)
    for attribute, tolerance in near.items():
        a, b = getattr(expected, attribute), getattr(found, attribute)
        assert a.shape == b.shape
        np.testing.assert_allclose(b, a, rtol=0, atol=tolerance * np.abs(a).max(), err_msg=attribute)
    arguments = {} if isinstance(model, sfm.SparseFascicleModel) else {"S0": np.full(mask.shape, 90.0)}
    a = expected.predict(gtab=gtab, **arguments)
    np.testing.assert_allclose(found.predict(gtab=gtab, **arguments)[mask], a[mask], atol=2e-3 * a.max())


def outcome(call):
    """Make a call, and return the message of its TypeError, or None."""
    try:
        call()
    except TypeError as error:
        return str(error)


@pytest.mark.parametrize("name", [*CASES, "multi-shell"])
def test_an_unknown_option_does_what_it_does_in_dipy(name, study):
    gtab, data, _ = study
    multi_shell = mcsd.MultiShellDeconvModel, vd.MultiShellDeconvModel, {"response": multi_shell_response()}, {}
    theirs, ours, options, _ = {**CASES, "multi-shell": multi_shell}[name]
    for call in (
        lambda cls: cls(gtab, **options, mehtod=1),
        lambda cls: cls(gtab, **options, mehtod=1).fit(data[:1]),
        lambda cls: cls(gtab, **options).fit(data[:1], mehtod=1),
        lambda cls: cls(gtab, **options).fit(data[0, 0, 0], mehtod=1),
        lambda cls: cls(gtab, **options).fit(data[0, 0, 0].tolist(), mehtod=1),  # a list goes to DIPY's own fit
    ):
        try:
            want = outcome(lambda: call(theirs))
        except AttributeError:  # most of DIPY's models take no lists
            continue
        assert outcome(lambda: call(ours)) == want


@pytest.mark.parametrize("name", CASES)
def test_one_voxel_gives_dipys_class_of_fit_and_the_numbers_of_the_volume(name, study):
    gtab, data, _ = study
    theirs, ours, options, near = CASES[name]
    alone, volume = (ours(gtab, **options).fit(d) for d in (data[1, 2, 0], data))
    assert type(alone) is type(theirs(gtab, **options).fit(data[1, 2, 0]))
    for attribute in near:
        np.testing.assert_allclose(
            getattr(volume, attribute)[1, 2, 0], getattr(alone, attribute), rtol=1e-13, atol=1e-18
        )


def test_multi_tissue_minimum_is_not_above_dipys(study):
    pytest.importorskip("cvxpy")
    gtab, data, mask = study
    ours, theirs = (m(gtab, multi_shell_response()) for m in (vd.MultiShellDeconvModel, mcsd.MultiShellDeconvModel))
    found, expected = (model.fit(data, mask=mask) for model in (ours, theirs))
    assert found.shm_coeff.shape == expected.shm_coeff.shape
    assert type(found[tuple(np.argwhere(mask)[0])]) is mcsd.MSDeconvFit
    x = found.all_shm_coeff[mask]
    assert (x @ ours.fitter._reg.T).min() > -1e-6 * np.abs(x).max()
    squares = [((fit.predict()[mask] - data[mask]) ** 2).sum(-1) for fit in (found, expected)]
    violated = np.minimum(expected.all_shm_coeff[mask] @ ours.fitter._reg.T, 0).min(-1)
    # DIPY's solver stops near the minimum. It may violate a constraint slightly, and so come out lower.
    assert np.all(squares[0] <= squares[1] * (1 + 1e-3 + np.abs(violated)))
    np.testing.assert_allclose(found.volume_fractions, expected.volume_fractions, atol=0.03)


def test_a_volume_is_indexed_and_sliced_as_dipys(study):
    gtab, data, mask = study
    fit = vd.ConstrainedSphericalDeconvModel(gtab, RESPONSE).fit(data, mask=mask)
    inside, outside = (tuple(np.argwhere(m)[7]) for m in (mask, ~mask))
    assert fit[outside] is None
    np.testing.assert_array_equal(fit[inside].shm_coeff, fit.shm_coeff[inside])
    np.testing.assert_array_equal(fit[1:3, ::2].shm_coeff, fit.shm_coeff[1:3, ::2])
    np.testing.assert_array_equal(fit[-1].odf(default_sphere), fit.odf(default_sphere)[-1])
    assert fit.fit_array[outside] is None
    np.testing.assert_array_equal(fit.fit_array[inside].shm_coeff, fit[inside].shm_coeff)
    assert fit.shape == mask.shape and np.array_equal(fit.status == 1, ~mask)
    again = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(again.shm_coeff, fit.shm_coeff)
    with pytest.raises(AttributeError):
        _ = fit.nothing_of_this_name


def test_an_empty_mask_gives_zeros(study):
    gtab, data, mask = study
    fit = vd.FreeWaterTensorModel(gtab).fit(data, mask=np.zeros_like(mask))
    assert fit.fa.shape == mask.shape and not fit.fa.any() and not fit.model_params.any()


def without_opposites():
    """A whole sphere on which no vertex is the opposite of another."""
    points = np.random.default_rng(8).normal(size=(300, 3))
    return Sphere(xyz=points / np.linalg.norm(points, axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("sphere", "opposites"),
    [
        (default_sphere, False),
        (get_sphere(name="repulsion724"), True),
        (get_sphere(name="symmetric362"), True),
        (without_opposites(), False),
    ],
    ids=["hemisphere", "repulsion724", "symmetric362", "without opposites"],
)
def test_peaks_are_dipys(sphere, opposites, study, monkeypatch):
    gtab, data, mask = study
    models = [m(gtab, RESPONSE) for m in (csdeconv.ConstrainedSphericalDeconvModel, vd.ConstrainedSphericalDeconvModel)]
    for options in ({}, {"normalize_peaks": True, "gfa_thr": 0.55, "return_odf": True, "npeaks": 3}):
        expected = peaks.peaks_from_model(models[0], data, sphere, 0.5, 25, mask=mask, **options)
        with monkeypatch.context() as without_dipys:
            for function in ("dipys", "peak_directions"):
                without_dipys.delattr(_peaks, function)
            found = vd.peaks_from_model(models[1], data, sphere, 0.5, 25, mask=mask, **options)
        at, wanted = found.peak_indices, expected.peak_indices
        np.testing.assert_array_equal(at >= 0, wanted >= 0)
        turned = at != wanted
        if not opposites:
            assert not turned.any()
        # A vertex and its opposite have values that differ by rounding alone, and DIPY takes either.
        np.testing.assert_allclose(sphere.vertices[at[turned]], -sphere.vertices[wanted[turned]], rtol=0, atol=1e-14)
        signs = np.where(turned, -1, 1)[..., None]
        if "normalize_peaks" not in options:
            np.testing.assert_array_equal(found.peak_dirs[~turned], expected.peak_dirs[~turned])
        np.testing.assert_allclose(found.peak_dirs, signs * expected.peak_dirs, rtol=0, atol=1e-8)
        for name in ("peak_values", "gfa", "qa", "shm_coeff"):
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-8, err_msg=name)


@pytest.mark.parametrize(
    "sphere",
    [default_sphere, get_sphere(name="symmetric724"), without_opposites()],
    ids=["hemisphere", "whole", "without opposites"],
)
@pytest.mark.parametrize(
    "make",
    [
        lambda g: vd.MultiShellDeconvModel(g, multi_shell_response()),
        lambda g: vd.SparseFascicleModel(g),
        lambda g: vd.SparseFascicleModel(g, solver="NNLS"),
    ],
    ids=["msmt", "sfm", "sfm by NNLS"],
)
def test_peaks_of_all_models_are_those_that_dipy_finds_in_their_odfs(make, sphere, study, monkeypatch):
    gtab, data, mask = study
    model = make(gtab)
    expected = peaks.peaks_from_model(model, data, sphere, 0.4, 30, mask=mask, return_odf=True, npeaks=4)
    with monkeypatch.context() as without_dipys:
        for function in ("dipys", "peak_directions"):
            without_dipys.delattr(_peaks, function)
        found = vd.peaks_from_model(model, data, sphere, 0.4, 30, mask=mask, return_odf=True, npeaks=4)
    assert (expected.peak_indices >= 0).sum() > 40
    turned = found.peak_indices != expected.peak_indices
    np.testing.assert_allclose(found.peak_dirs[turned], -expected.peak_dirs[turned], rtol=0, atol=1e-14)
    for name in ("peak_values", "gfa", "qa", "shm_coeff", "odf"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda g: vd.FreeWaterTensorModel(g, cholesky=True), "cholesky"),
        (lambda g: vd.FreeWaterTensorModel(g, fit_method="WLS", piterations=4), "piterations"),
        (lambda g: vd.TensorModel(g, return_leverages=True), "return_leverages"),
        (lambda g: vd.TensorModel(g, fit_method="RESTORE", sigma=4.0), "fit method"),
        (lambda g: vd.ConstrainedSphericalDeconvModel(g, RESPONSE, convergence=0), "convergence"),
        (lambda g: vd.SparseFascicleModel(g, isotropic=sfm.ExponentialIsotropicModel), "isotropic"),
    ],
)
def test_without_a_native_fit_dipy_fits_and_the_log_says_so(make, reason, study, caplog):
    gtab, data, _ = study
    model = make(gtab)
    with caplog.at_level(logging.INFO, logger="voxfit.dipy"):
        found = model.fit(data[0, 0, 0])
    assert reason in caplog.text
    expected = type(model).__mro__[1].fit(model, data[0, 0, 0])
    for attribute in ("model_params", "shm_coeff", "beta"):
        if hasattr(expected, attribute):
            np.testing.assert_array_equal(getattr(found, attribute), getattr(expected, attribute))


def test_changed_attributes_make_another_native_model(study):
    gtab, data, _ = study
    model = vd.ConstrainedSphericalDeconvModel(gtab, RESPONSE)
    before = model.fit(data[0, 0]).shm_coeff
    model.tau = 0.3
    after = model.fit(data[0, 0]).shm_coeff
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(
        after, vd.ConstrainedSphericalDeconvModel(gtab, RESPONSE, tau=0.3).fit(data[0, 0]).shm_coeff
    )


def test_bad_voxels_harm_no_other(study):
    gtab, data, _ = study
    bad = data[0].copy()
    bad[1, 1, 5] = np.nan
    bad[2, 1] = 0
    for model, attribute in (
        (vd.ConstrainedSphericalDeconvModel(gtab, RESPONSE), "shm_coeff"),
        (vd.FreeWaterTensorModel(gtab), "model_params"),
        (vd.TensorModel(gtab), "model_params"),
    ):
        good = np.ones(bad.shape[:2], dtype=bool)
        good[1, 1] = good[2, 1] = False
        found, expected = (getattr(model.fit(d), attribute) for d in (bad, data[0]))
        np.testing.assert_array_equal(found[good], expected[good])


def test_patch_changes_dipy_and_unpatch_changes_it_back():
    with vd.patched():
        assert dti.TensorModel is csdeconv.TensorModel is mcsd.TensorModel is vd.TensorModel
        assert csdeconv.peaks_from_model is vd.peaks_from_model
        assert mcsd.MultiShellDeconvModel is vd.MultiShellDeconvModel
        gtab = acquisition(voxels=1)[0]
        assert type(mcsd.MultiShellDeconvModel(gtab, multi_shell_response())) is vd.MultiShellDeconvModel
    assert dti.TensorModel is csdeconv.TensorModel is vd.TensorModel.__mro__[1]
    assert csdeconv.peaks_from_model is peaks.peaks_from_model is not vd.peaks_from_model


@pytest.mark.parametrize("engine", ["joblib", "dask"])
def test_engines_give_the_bits_of_serial(engine, study):
    pytest.importorskip(engine)
    gtab, data, mask = study
    for model, attribute in (
        (vd.ConstrainedSphericalDeconvModel(gtab, RESPONSE), "shm_coeff"),
        (vd.FreeWaterTensorModel(gtab), "model_params"),
    ):
        there = model.fit(data, mask=mask, engine=engine, n_jobs=2, vox_per_chunk=11)
        np.testing.assert_array_equal(getattr(there, attribute), getattr(model.fit(data, mask=mask), attribute))


class Told:
    """A native model whose result is the number of threads that it is told to use."""

    def fit(self, signal, n_threads=None, mask=None):
        return (np.full(len(signal), n_threads),)


def test_workers_share_the_cpus_among_their_threads():
    pytest.importorskip("dask")
    cpus = len(os.sched_getaffinity(0))
    for workers in (1, cpus, 3 * cpus):
        (threads,) = vd.fit_rows(Told(), np.ones((30, 4)), engine="dask", n_jobs=workers, vox_per_chunk=7)
        assert threads.shape == (30,) and np.all(threads == max(1, cpus // workers))


def test_what_dipy_takes_by_position_is_taken_by_position(study):
    gtab, data, mask = study
    for model in (vd.TensorModel(gtab), vd.SparseFascicleModel(gtab, solver="NNLS")):
        named, placed = model.fit(data, mask=mask), model.fit(data, mask)
        np.testing.assert_array_equal(placed.predict(gtab), named.predict(gtab))
    model = vd.ConstrainedSphericalDeconvModel(gtab, RESPONSE)
    named, placed = (
        vd.peaks_from_model(model, data, default_sphere, 0.5, 25, mask=mask),
        vd.peaks_from_model(model, data, default_sphere, 0.5, 25, mask),
    )
    np.testing.assert_array_equal(placed.peak_indices, named.peak_indices)
    fit = vd.MultiShellDeconvModel(gtab, multi_shell_response()).fit(data[0], mask=mask[0])
    np.testing.assert_array_equal(fit.predict(gtab), fit.predict(gtab=gtab))


@pytest.mark.parametrize("options", [{"npeaks": 0}, {"relative_peak_threshold": 2}, {"min_separation_angle": 120}])
def test_peaks_with_unusual_limits_are_dipys(options, study):
    gtab, data, mask = study
    arguments = {"relative_peak_threshold": 0.5, "min_separation_angle": 25, "mask": mask, **options}
    found, expected = (
        peaks_of(model(gtab, RESPONSE), data, default_sphere, **arguments)
        for peaks_of, model in (
            (vd.peaks_from_model, vd.ConstrainedSphericalDeconvModel),
            (peaks.peaks_from_model, csdeconv.ConstrainedSphericalDeconvModel),
        )
    )
    np.testing.assert_array_equal(found.peak_indices, expected.peak_indices)
    np.testing.assert_allclose(found.peak_values, expected.peak_values, atol=1e-8)


def test_a_keyword_that_neither_dipy_nor_voxfit_has_is_refused_where_dipy_does(study):
    gtab, data, _ = study
    for model in (vd.TensorModel(gtab), vd.SparseFascicleModel(gtab)):
        with pytest.raises(TypeError, match="engin"):
            model.fit(data, engin="ray")


def test_chunks_without_voxels_are_refused(study):
    gtab, data, _ = study
    for voxels in (0, -3):
        with pytest.raises(ValueError, match="vox_per_chunk"):
            vd.FreeWaterTensorModel(gtab).fit(data, engine="dask", vox_per_chunk=voxels)


def test_an_unknown_engine_is_refused(study):
    gtab, data, mask = study
    with pytest.raises(ValueError, match="not a valid engine"):
        vd.FreeWaterTensorModel(gtab).fit(data, mask=mask, engine="spark")


def test_a_gradient_table_that_does_not_fit_the_data_raises_as_dipy(study):
    gtab, data, mask = study
    fewer = gradient_table(gtab.bvals[:-1], bvecs=gtab.bvecs[:-1])
    for theirs, ours in ((fwdti.FreeWaterTensorModel, vd.FreeWaterTensorModel), (dti.TensorModel, vd.TensorModel)):
        raised = []
        for model in (theirs(fewer), ours(fewer)):
            with pytest.raises(Exception) as error:
                model.fit(data, mask=mask)
            raised.append(error.type)
        assert raised[0] is raised[1]
