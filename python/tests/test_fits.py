"""What the five functions promise about arrays, masks and threads."""

import numpy as np
import pytest
from conftest import EVALS, FITS

import voxfit


def same(a, b):
    """Whether two results are the same bits."""
    return (
        np.array_equal(a.params.view(np.int64), b.params.view(np.int64))
        and np.array_equal(a.status, b.status)
        and np.array_equal(a.iterations, b.iterations)
    )


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_results_do_not_depend_on_threads(fit, data, n_threads):
    assert same(fit(data), fit(data, n_threads=n_threads))


def test_results_do_not_depend_on_pinning(data, gtab):
    model = voxfit.Model("dti", gtab)
    assert same(model.fit(data, pin=True, n_threads=2), model.fit(data))


def test_results_do_not_depend_on_how_voxels_are_divided(fit, data):
    whole = fit(data)
    parts = [fit(data[i]).params for i in range(len(data))]
    assert np.array_equal(np.concatenate(parts), whole.params)
    assert np.array_equal(fit(data[3, 4, 5]).params[0], whole.params.reshape(7, 8, 9, -1)[3, 4, 5])


LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "volumes first": lambda a: np.ascontiguousarray(np.moveaxis(a, -1, 0)).transpose(1, 2, 3, 0),
    "every other column of a wider array": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "backwards": lambda a: np.ascontiguousarray(a[::-1, :, ::-1, ::-1])[::-1, :, ::-1, ::-1],
    "a slice of a larger volume": lambda a: np.pad(a, [(1, 2), (0, 1), (2, 0), (3, 1)])[1:-2, :-1, 2:, 3:-1],
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "not aligned": lambda a: np.frombuffer(b"x" + a.tobytes(), a.dtype, offset=1).reshape(a.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_results_do_not_depend_on_strides(data, gtab, mask, layout, dtype):
    plain = np.ascontiguousarray(data, dtype)
    other = LAYOUTS[layout](plain)
    for keep in (None, mask):
        assert same(voxfit.fit_dti(plain, gtab, mask=keep), voxfit.fit_dti(other, gtab, mask=keep))


@pytest.mark.parametrize("dtype", ["u1", "i1", ">i2", ">u2", ">f4", ">f8", "<f4"])
def test_bytes_and_floats_of_either_byte_order_are_read_without_a_copy(dtype, fit, data, mask):
    from voxfit._signal import lay_out

    values = (data / 10).astype(dtype)
    for part in (values, values[::-1, :, ::2], np.asfortranarray(values)):
        assert lay_out(part, None).data is part and lay_out(part, np.ones(part.shape[:3], bool)).data is part
    assert same(fit(values, mask=mask), fit(values.astype("f8" if dtype == ">f8" else "f4"), mask=mask))


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float16])
def test_types_that_float32_holds_are_fitted_as_float32(fit, data, dtype):
    values = data.astype(dtype)
    assert same(fit(values), fit(values.astype(np.float32)))


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64])
def test_other_integers_are_fitted_as_float64(data, gtab, mask, dtype):
    assert same(voxfit.fit_dti(data.astype(dtype), gtab, mask=mask), voxfit.fit_dti(data, gtab, mask=mask))


def test_mask_takes_the_voxels_it_names(fit, data, mask):
    whole, part = fit(data), fit(data, mask=mask)
    assert np.array_equal(whole.params[mask.ravel()], part.params)
    assert same(part, fit(data, mask=mask.astype(np.uint8) * 3))
    for name in part:
        assert np.array_equal(part[name][mask], whole[name][mask]), name
        assert np.all(part[name][~mask] == (voxfit.Status.OUTSIDE_MASK if name == "status" else 0)), name


def test_data_without_voxels_give_empty_results(fit, data, mask):
    result = fit(data[:0], mask=mask[:0])
    assert result.params.shape[0] == 0 and all(not np.any(result[n]) for n in result if n != "status")


def test_data_are_not_changed_or_copied(data, gtab):
    import tracemalloc

    for values in (data, np.asfortranarray(data.astype(np.int16))):
        before = values.copy()
        values = np.broadcast_to(values, (40, *values.shape))  # a copy as float64 would be 400 MB
        tracemalloc.start()
        voxfit.fit_dti(values, gtab)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert np.array_equal(values[0], before)
        assert peak < 40 * before[..., 0].size * 8 * 12  # parameters, status, offsets


def test_bad_voxels_have_a_status_and_harm_no_other(fit, data):
    spoilt = data.copy()
    spoilt[2, 2, 2] = np.nan
    spoilt[3, 3, 3] = 0
    result, whole = fit(spoilt), fit(data)
    assert result["status"][2, 2, 2] == voxfit.Status.NON_FINITE
    assert result["status"][3, 3, 3] == voxfit.Status.ZERO_SIGNAL
    good = result["status"] == whole["status"]
    assert good.sum() >= good.size - 2
    assert np.array_equal(result.params[good.ravel()], whole.params[good.ravel()])


def test_maps_say_what_was_fitted(data, gtab):
    tensor = voxfit.fit_dti(data, gtab)
    assert tensor["tensor"].shape == (7, 8, 9, 6) and tensor["tensor"].dtype == np.float64
    elements = tensor["tensor"][3, 4, 5]
    matrix = elements[[0, 1, 3, 1, 2, 4, 3, 4, 5]].reshape(3, 3)  # Dxx, Dxy, Dyy, Dxz, Dyz, Dzz
    assert tensor["md"][3, 4, 5] == pytest.approx(np.trace(matrix) / 3, rel=1e-6)
    csd = voxfit.fit_csd(data, gtab, (EVALS, 1000.0))
    assert (
        csd["fod"].shape == (7, 8, 9, 45)
        and csd["peaks"].shape == (7, 8, 9, 15)
        and np.all((csd["gfa"] > 0) & (csd["gfa"] < 1))
    )
    water = voxfit.fit_free_water(data, gtab)
    assert 0 < water["fwf"].mean() < 0.6 and set(water) >= {"fwf", "tensor", "s0", "fa", "status", "iterations"}


def test_peaks_and_gfa_are_those_of_dipys_peaks_from_model(data, gtab):
    pytest.importorskip("dipy")
    from dipy.core.gradients import gradient_table
    from dipy.core.sphere import HemiSphere
    from dipy.data import default_sphere, get_sphere
    from dipy.direction.peaks import peaks_from_model
    from dipy.reconst.csdeconv import ConstrainedSphericalDeconvModel

    model = ConstrainedSphericalDeconvModel(gradient_table(gtab[0], bvecs=gtab[1]), (np.array(EVALS), 1000.0))
    part = data[:2]
    for options, sphere, settings in (
        ({}, default_sphere, (0.5, 25)),
        (
            {"sphere": "symmetric642", "peak_threshold": 0.3, "peak_separation": 40},
            HemiSphere.from_sphere(get_sphere(name="symmetric642")),
            (0.3, 40),
        ),
    ):
        theirs = peaks_from_model(model, part, sphere, *settings, return_sh=False)
        ours = voxfit.fit_csd(part, gtab, (EVALS, 1000.0), **options)
        assert np.allclose(ours["peaks"], theirs.peak_dirs.reshape(*part.shape[:3], 15), atol=1e-6)
        assert np.allclose(ours["peakvalues"], theirs.peak_values, rtol=1e-6)
        assert np.allclose(ours["gfa"], theirs.gfa, atol=1e-6)


def test_bases_hold_the_same_function(data, gtab):
    legacy = voxfit.fit_csd(data, gtab, (EVALS, 1000.0), sh_basis="descoteaux07")
    mrtrix = voxfit.fit_csd(data, gtab, (EVALS, 1000.0), sh_basis="tournier07")
    assert np.array_equal(legacy.params, mrtrix.params)
    assert not np.array_equal(legacy["fod"], mrtrix["fod"])
    # The map that the library writes is in that basis.
    assert np.array_equal(
        mrtrix["fod"].astype(np.float32).reshape(-1, 45), mrtrix.model.derive(["fod"], mrtrix.params)["fod"]
    )


def test_values_that_maps_cannot_hold_overflow_as_in_kbench(fit, data):
    part = np.array(data[:2], dtype=np.float64)
    part[1, 2, 3, -2:] = 1e39
    result = fit(part)
    assert (
        result["status"][1, 2, 3] == voxfit.Status.OVERFLOW
        and not result.params.reshape(*part.shape[:3], -1)[1, 2, 3].any()
    )
    assert np.count_nonzero(result["status"] == voxfit.Status.OVERFLOW) == 1


def test_dipy_objects_are_taken_as_they_are(data, gtab):
    gradients = pytest.importorskip("dipy.core.gradients")
    from dipy.reconst.csdeconv import AxSymShResponse
    from dipy.reconst.mcsd import MultiShellResponse

    table = gradients.gradient_table(gtab[0], bvecs=gtab[1])
    assert same(voxfit.fit_dti(data, table), voxfit.fit_dti(data, gtab))
    zonal = np.array([500.0, -200, 60, -20, 5])
    a = voxfit.fit_csd(data, table, AxSymShResponse(1000, zonal))
    assert same(a, voxfit.fit_csd(data, table, zonal))
    wm, csf, shells = FITS["fit_msmt"]["response"]["WM"], FITS["fit_msmt"]["response"]["CSF"], [0, 1000, 2000]
    response = MultiShellResponse(np.c_[csf, csf * [1, 8, 20], wm], 8, shells)
    b = voxfit.fit_msmt(data[0], table, response)
    assert same(
        b, voxfit.fit_msmt(data[0], gtab, {"WM": wm, "CSF": csf, "GM": csf * [1, 8, 20]}, response_bvals=shells)
    )


def test_a_result_equals_itself_alone(data, gtab):
    a, b = voxfit.fit_dti(data[0], gtab), voxfit.fit_dti(data[0], gtab)
    assert a == a and a != b and len({a, b}) == 2


def test_one_map_may_be_named_alone(data, gtab):
    model = voxfit.Model("dti", gtab)
    params = model.fit(data[0]).params
    assert np.array_equal(model.derive("fa", params)["fa"], model.derive(["fa"], params)["fa"])


def test_an_option_that_is_not_finite_is_named(data, gtab):
    with pytest.raises(ValueError, match="min_signal"):
        voxfit.fit_dti(data, gtab, min_signal=np.nan)


@pytest.mark.parametrize(
    "spoil, error",
    [
        (lambda d, g: voxfit.fit_dti(d[..., :-1], g), ValueError),
        (lambda d, g: voxfit.fit_dti(np.float64(3), g), ValueError),
        (lambda d, g: voxfit.fit_dti(d.astype(complex), g), TypeError),
        (lambda d, g: voxfit.fit_dti(d.astype(object), g), TypeError),
        (lambda d, g: voxfit.fit_dti(d, g, mask=np.ones(5)), ValueError),
        (lambda d, g: voxfit.fit_dti(d, g, mask=np.full(d.shape[:-1], "a")), TypeError),
        (lambda d, g: voxfit.fit_dti(d, g, n_threads=0), ValueError),
        (lambda d, g: voxfit.fit_dti(d, g, n_threads=1.5), TypeError),
        (lambda d, g: voxfit.fit_dti(d, g, n_threads="2"), TypeError),
        (lambda d, g: voxfit.fit_dti(d, g, progress=True), TypeError),
        (lambda d, g: voxfit.fit_dti(d, g, n_threads=10**6), ValueError),
        (lambda d, g: voxfit.fit_dti(d, None), TypeError),
        (lambda d, g: voxfit.fit_dti(d, (g[0][:-1], g[1])), ValueError),
        (lambda d, g: voxfit.fit_dti(d, ("dwi.bval", "dwi.bvec")), ValueError),
        (lambda d, g: voxfit.fit_dti(d, (g[0] * np.nan, g[1])), ValueError),
        (lambda d, g: voxfit.fit_dti(d, (g[0], g[1] + np.inf)), ValueError),
        (lambda d, g: voxfit.fit_dti(d, g, methid="wls"), TypeError),
        (lambda d, g: voxfit.fit_dti(d, g, min_signal=np.nan), ValueError),
        (lambda d, g: voxfit.fit_csd(d, g, (EVALS * np.nan, 1.0)), ValueError),
        (lambda d, g: voxfit.fit_csd(d, g, np.zeros((2, 2, 2))), ValueError),
        (lambda d, g: voxfit.fit_csd(d, g, None), ValueError),
        (
            lambda d, g: voxfit.fit_csd(d, g, ((EVALS, 1.0), 0.2)),
            ValueError,
        ),  # the whole tuple that DIPY's auto_response_ssst returns
        (lambda d, g: voxfit.fit_csd(d, g, "response.txt"), ValueError),
        (lambda d, g: voxfit.fit_csd(d, g, (EVALS, 1.0), lmax=0), ValueError),
        (lambda d, g: voxfit.fit_msmt(d, g, {}), ValueError),
        (lambda d, g: voxfit.fit_msmt(d, g, None), ValueError),
        (lambda d, g: voxfit.fit_msmt(d, g, {"é" * 40: np.ones(3)}), ValueError),
        (lambda d, g: voxfit.Model(None, g), TypeError),
        (lambda d, g: voxfit.Model("dti\0", g), ValueError),
        (lambda d, g: voxfit.fit_dti(d, g)["noddi"], KeyError),
        (lambda d, g: voxfit.Model("dti", g).derive(["fa"], np.zeros((5, 3))), ValueError),
        (lambda d, g: voxfit.Model("dti", g).derive(["fa"], np.zeros((5, 7)), status=np.zeros(4)), ValueError),
    ],
)
def test_bad_arguments_raise(data, gtab, spoil, error):
    with pytest.raises(error):
        spoil(data, gtab)
