"""Gradient tables, responses and masks in unexpected forms are read as they are meant, or refused with a message."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import CSF, EVALS, FITS, TISSUES, WM, directions

import voxfit
from voxfit._options import as_tissues

MD = (1.5e-3 + 0.5e-3 + 0.3e-3) / 3


@pytest.fixture(scope="module")
def tissue():
    """Four b0s and two shells of 30 directions, and the signal of a tensor: bvals, bvecs, (2, 2, 2, 64)."""
    bvals = np.r_[np.zeros(4), np.full(30, 1000.0), np.full(30, 2000.0)]
    bvecs = np.r_[np.zeros((4, 3)), directions(30), directions(30)[:, [1, 2, 0]]]
    signal = 1000 * np.exp(-bvals * (bvecs**2 @ [1.5e-3, 0.5e-3, 0.3e-3]))
    return bvals, bvecs, np.tile(signal, (2, 2, 2, 1))


def fitted(name, data, gtab, **more):
    """Fit by the function of this name, and return the result and the text of the warnings."""
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


def test_volumes_outside_all_shells_are_left_out_and_named(tissue):
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


def test_a_measured_stray_volume_is_left_out_and_named(measured):
    bvals, bvecs, data, responses, _ = measured
    others = {tissue: np.delete(rows, 1, 0) for tissue, rows in responses.items()}
    of_700 = np.flatnonzero(abs(bvals - 700) < 50)
    fractions = []
    for left_out in (of_700[1:], of_700):
        kept = np.setdiff1d(np.arange(len(bvals)), left_out)
        result, said = fitted("fit_msmt", data[..., kept], (bvals[kept], bvecs[kept]), response=others, lmax=None)
        assert ("b = 700" in said) == (len(left_out) < len(of_700))
        fractions.append(result.fraction)
    np.testing.assert_allclose(*fractions, atol=1e-6)


def test_a_measured_jittered_shell_is_one_shell_as_in_mrtrix3(measured):
    # No equation has a shell's b-value in it, so dwi2fod's result for the original shell holds for the jittered one.
    # The tests of kbench run dwi2fod on the jittered shell itself.
    bvals, bvecs, data, responses, found = measured
    bvals = bvals.copy()
    of_700 = np.flatnonzero(abs(bvals - 700) < 50)
    bvals[of_700] = np.resize([605, 680, 755, 830], len(of_700))
    result, _ = fitted("fit_msmt", data, (bvals, bvecs), response=responses, lmax=None)
    got, want = (
        np.concatenate([part.reshape(*data.shape[:3], -1) for part in parts], axis=3)
        for parts in ([result[f"fod_label-{tissue}"] for tissue in TISSUES], [found[tissue] for tissue in TISSUES])
    )
    norm = np.linalg.norm(want, axis=3)
    assert (np.linalg.norm(got - want, axis=3)[norm > 0] <= 1e-4 * norm[norm > 0]).all()


def test_rows_of_tensors_are_refused_as_responses_of_tissues(tissue):
    bvals, bvecs, data = tissue
    rows = np.tile([0.0015, 0.0004, 0.0004, 700], (3, 1))
    with pytest.raises(ValueError, match="e1 e2 e3 S0"):
        voxfit.fit_msmt(data, (bvals, bvecs), {"WM": rows, "CSF": CSF})


FOUR_SHELLS = (
    np.r_[np.zeros(6), np.repeat([1000.0, 2000, 3000], 20)],
    np.r_[np.zeros((6, 3)), np.tile(directions(20), (3, 1))],
)
GM, FLUID = [8e-4, 8e-4, 8e-4, 800], [3e-3, 3e-3, 3e-3, 1500]


def test_four_numbers_that_look_like_a_tensor_are_one_as_in_files():
    bvals, bvecs = FOUR_SHELLS
    data = np.tile(1000 * np.exp(-bvals * (bvecs**2 @ [1.5e-3, 0.5e-3, 0.3e-3])), (3, 1))
    pairs = {name: (row[:3], row[3]) for name, row in {"WM": [*EVALS, 1000.0], "GM": GM, "CSF": FLUID}.items()}
    want = voxfit.fit_msmt(data, FOUR_SHELLS, pairs)
    for form in (list, np.array, lambda row: np.array([row]), lambda row: np.array(row)[:, None]):
        same = voxfit.fit_msmt(data, FOUR_SHELLS, {**pairs, "GM": form(GM), "CSF": form(FLUID)})
        assert np.array_equal(same.params, want.params)
    named = [{"name": name, "evals": e, "s0": s0} for name, (e, s0) in pairs.items()]
    assert np.array_equal(voxfit.fit_msmt(data, FOUR_SHELLS, named).params, want.params)
    csd = voxfit.fit_csd(data, FOUR_SHELLS, (EVALS, 1000.0))
    for four in ([*EVALS, 1000.0], np.array([*EVALS, 1000.0])):
        assert np.array_equal(voxfit.fit_csd(data, FOUR_SHELLS, four).params, csd.params)


def test_four_numbers_with_b_values_are_rows_as_in_files():
    tiny = [3e-2, 2e-2, 1e-2, 0.2]
    model = as_tissues({"CSF": tiny}, [0, 1000, 2000, 3000])
    assert np.array_equal(model[0]["zonal"], np.array(tiny)[:, None])
    assert as_tissues({"CSF": [350.0, 20, 2, 1]})[0]["zonal"].shape == (4, 1)


def test_b_values_of_rows_are_those_of_every_form_without_its_own():
    rows, bvals = {"zonal": [[350.0], [20], [2]]}, [0, 1000, 2000]
    for form in ({"CSF": [350.0, 20, 2]}, {"CSF": rows}, [{"name": "CSF", **rows}]):
        assert np.array_equal(as_tissues(form, bvals)[0]["bvals"], bvals)
    assert np.array_equal(as_tissues([{"name": "CSF", **rows, "bvals": [0, 1, 2]}], bvals)[0]["bvals"], [0, 1, 2])
    theirs = SimpleNamespace(response=np.ones((3, 7)), iso=2, shells=bvals)
    with pytest.raises(TypeError, match="a MultiShellResponse, which has its own"):
        as_tissues(theirs, bvals)


def test_text_and_booleans_are_refused_in_responses():
    data = np.ones((3, 66))
    for pair in (
        (("0.0017", "0.0003", "0.0003"), 1000.0),
        (EVALS, "1000"),
        (EVALS, True),
        ((1.7e-3, False, False), 1000.0),
    ):
        with pytest.raises(ValueError, match="csdm: response: found .*, expected a number"):
            voxfit.fit_csd(data, FOUR_SHELLS, pair)


def test_responses_of_an_unknown_form_are_refused_in_one_line():
    data = np.ones((3, 66))
    wm = (tuple(EVALS), 1000)
    for responses, kind, words in [
        ([wm, (GM[:3], 800)], TypeError, r"expected .* a dict by tissue, as .*WM.*e1, e2, e3.*S0"),
        (wm, TypeError, "a dict by tissue"),
        (np.ones((4, 5)), TypeError, "a dict by tissue"),
        ({"WM": ((1.7e-3, 3e-4), 1000)}, ValueError, r"response of WM is .*expected a tensor \(\(e1, e2, e3\), S0\)"),
        ({"WM": "wm.txt"}, ValueError, "response of WM is 'wm.txt'"),
        ({"WM": 3}, ValueError, "response of WM is 3"),
    ]:
        with pytest.raises(kind, match=words) as error:
            voxfit.fit_msmt(data, FOUR_SHELLS, responses)
        assert "\n" not in str(error.value)
    for response in ("wm.txt", [EVALS[:2], 1000], 3):
        with pytest.raises(ValueError, match=r"expected a tensor \(\(e1, e2, e3\), S0\)"):
            voxfit.fit_csd(data, FOUR_SHELLS, response)


@pytest.mark.parametrize("name", ["fit_csd", "fit_msmt", "fit_sfm"])
def test_with_one_peak_peakvalues_have_no_last_axis_as_documented(name, tissue):
    bvals, bvecs, data = tissue
    one, two = (fitted(name, data, (bvals, bvecs), peaks=peaks)[0] for peaks in (1, 2))
    values = next(key for key in one if key.startswith("peakvalues"))
    assert one[values].shape == (2, 2, 2) and two[values].shape == (2, 2, 2, 2)
    assert one[values.replace("values", "s")].shape == (2, 2, 2, 3)
    words = " ".join(getattr(voxfit, name).__doc__.split())
    assert "With ``peaks=1``, peakvalues has one number for each voxel and no last axis." in words


def test_a_fascicle_is_diffusivities_without_s0(tissue):
    bvals, bvecs, data = tissue
    for pair in ((EVALS, 1000.0), [list(EVALS), 1000], (tuple(EVALS), 1000.0)):
        for name in ("response", "evals"):
            with pytest.raises(
                ValueError, match=f"sfm: {name} is .*expected the diffusivities .e1, e2, e3. alone, without S0"
            ):
                voxfit.fit_sfm(data, (bvals, bvecs), **{name: pair})
    one, other = (voxfit.fit_sfm(data, (bvals, bvecs), **{name: EVALS}) for name in ("response", "evals"))
    assert np.array_equal(one.params, other.params)


def test_odd_responses_are_warned_of(tissue):
    bvals, bvecs, data = tissue
    for responses, words in [
        ({"WM": WM}, "the only tissue"),
        ({"WM": WM, "GM": WM}, "GM has directions"),
        ({"WM": WM, "GM": CSF, "CSF": CSF}, "GM and CSF are equal"),
        ({"WM": np.abs(WM), "CSF": CSF}, "l = 2"),
    ]:
        _, said = fitted("fit_msmt", data, (bvals, bvecs), response=responses)
        assert words in said
    with pytest.raises(ValueError, match="mm2/s"):
        fitted("fit_csd", data, (bvals, bvecs), response=(EVALS * 1000, 1000.0))


@pytest.mark.parametrize("name", FITS)
def test_masked_arrays_are_refused_unless_nothing_is_masked(name, tissue):
    bvals, bvecs, data = tissue
    hidden = np.ma.masked_greater(data, data[0, 0, 0, 5])
    inside = np.ma.masked_array(np.ones((2, 2, 2)), np.eye(2, dtype=bool)[:, :, None].repeat(2, 2))
    for values, table, more in [
        (hidden, (bvals, bvecs), {}),
        (data, (bvals, bvecs), {"mask": inside}),
        (data, (np.ma.masked_equal(bvals, 0), bvecs), {}),
        (data, (bvals, np.ma.masked_equal(bvecs, 0)), {}),
    ]:
        with pytest.raises(TypeError, match="is a masked array .* values are masked, expected a plain array") as error:
            fitted(name, values, table, **more)
        assert "\n" not in str(error.value)
    plain, open_ = fitted(name, data, (bvals, bvecs))[0], fitted(name, np.ma.masked_array(data), (bvals, bvecs))[0]
    assert np.array_equal(plain.params, open_.params)


def test_masked_numbers_are_refused_wherever_an_option_has_them(tissue):
    bvals, bvecs, data = tissue
    hidden = np.ma.masked_array(EVALS, [False, False, True])
    rows = [np.ma.masked_array(row, [False] * 4 + [True]) for row in WM]
    dipys = type("AxSymShResponse", (), {"dwi_response": np.ma.masked_less(WM[1], 0)})()
    sphere = type("Sphere", (), {"vertices": np.ma.masked_less(directions(60), -0.9)})()
    for name, options in [
        ("fit_csd", {"response": (hidden, 1000.0)}),
        ("fit_csd", {"response": [EVALS, np.ma.masked]}),
        ("fit_csd", {"response": {"evals": hidden, "s0": 1000.0}}),
        ("fit_csd", {"response": dipys}),
        ("fit_csd", {"sphere": sphere}),
        ("fit_csd", {"sphere": {"vertices": sphere.vertices}}),
        ("fit_msmt", {"response": {"WM": (hidden, 1000.0), "CSF": CSF}}),
        ("fit_msmt", {"response": {"WM": rows, "CSF": CSF}}),
        ("fit_msmt", {"response": [{"name": "WM", "zonal": np.ma.masked_less(WM, -50)}]}),
        ("fit_msmt", {"response_bvals": np.ma.masked_equal([0, 1000, 2000], 0)}),
        ("fit_sfm", {"evals": hidden}),
    ]:
        with pytest.raises(TypeError, match="is a masked array .* values are masked, expected a plain array"):
            fitted(name, data, (bvals, bvecs), **options)
    open_ = np.ma.masked_array(EVALS)
    one, other = (voxfit.fit_csd(data, (bvals, bvecs), (e, 1000.0)) for e in (EVALS, open_))
    assert np.array_equal(one.params, other.params)


def test_nan_in_a_mask_is_outside(tissue):
    bvals, bvecs, data = tissue
    mask = np.ones((2, 2, 2))
    mask[0, 0, 0], mask[1, 1, 1] = np.nan, 0
    result = voxfit.fit_dti(data, (bvals, bvecs), mask=mask)
    assert len(result.status) == 6


@pytest.mark.parametrize("name", FITS)
def test_b_tensors_that_are_not_linear_are_refused(name, tissue):
    pytest.importorskip("dipy")
    from dipy.core.gradients import gradient_table

    bvals, bvecs, data = tissue
    kinds = np.array(["LTE"] * 34 + ["STE"] * 30)
    for other in (kinds, "STE", "PTE", np.broadcast_to(1e3 * np.eye(3), (64, 3, 3)).copy()):
        with pytest.raises(ValueError, match="btens is not linear along bvecs in .* of 64 volumes.*LTE"):
            fitted(name, data, gradient_table(bvals, bvecs=bvecs, btens=other))
    with pytest.raises(ValueError, match="in 30 of 64 volumes, the first being 34 "):
        fitted(name, data, gradient_table(bvals, bvecs=bvecs, btens=kinds))
    linear, _ = fitted(name, data, gradient_table(bvals, bvecs=bvecs, btens="LTE"))
    plain, _ = fitted(name, data, gradient_table(bvals, bvecs=bvecs))
    assert np.array_equal(linear.params, plain.params)


@pytest.mark.parametrize("name", FITS)
def test_empty_masks_are_refused_and_labels_warned_of_as_by_kbench(name, tissue):
    bvals, bvecs, data = tissue
    for kind in (bool, np.uint8, np.float32):
        with pytest.raises(ValueError, match="the mask is empty: all 8 voxels are zero"):
            fitted(name, data, (bvals, bvecs), mask=np.zeros((2, 2, 2), kind))
    labels = np.arange(8.0).reshape(2, 2, 2) % 3
    labels[0, 0, 0] = np.nan
    result, said = fitted(name, data, (bvals, bvecs), mask=labels)
    assert "more than two values, up to 2.0, as a segmentation" in said and len(result.status) == 5
    for fine in (labels != 1, np.where(labels == 2, 3, 0), np.where(labels > 0, labels, 0) / 2):
        assert "more than two values" not in fitted(name, data, (bvals, bvecs), mask=fine)[1]


def test_a_warning_of_a_mask_names_the_line_of_the_caller(tissue):
    bvals, bvecs, data = tissue
    labels = np.arange(8).reshape(2, 2, 2)
    model = voxfit.Model("dti", (bvals, bvecs))
    for call in (lambda: voxfit.fit_dti(data, (bvals, bvecs), mask=labels), lambda: model.fit(data, mask=labels)):
        with pytest.warns(UserWarning, match="up to 7") as said:
            call()
        assert said[0].filename == __file__


def test_drop_ins_take_empty_masks_labels_and_masked_arrays_as_dipy_does(tissue):
    pytest.importorskip("dipy")
    from dipy.core.gradients import gradient_table
    from dipy.reconst.dti import TensorModel

    import voxfit.dipy

    bvals, bvecs, data = tissue
    table = gradient_table(bvals, bvecs=bvecs)
    hidden = np.ma.masked_greater(data, data[0, 0, 0, 5])
    for values, mask in [(data, np.zeros((2, 2, 2), bool)), (data, np.arange(8).reshape(2, 2, 2)), (hidden, None)]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ours, dipys = (model(table).fit(values, mask=mask).md for model in (voxfit.dipy.TensorModel, TensorModel))
        np.testing.assert_allclose(ours, dipys, rtol=1e-6)


def test_drop_ins_take_dipys_table_as_it_is():
    pytest.importorskip("dipy")
    from dipy.core.gradients import gradient_table

    import voxfit.dipy

    bvals = np.r_[np.zeros(4), np.full(30, 1.0)]  # in ms/um2
    bvecs = np.r_[np.zeros((4, 3)), directions(30) * 0.994]
    table = gradient_table(bvals, bvecs=bvecs, b0_threshold=0)
    data = np.tile(1000 * np.exp(-bvals * 0.7), (2, 1))
    np.testing.assert_allclose(voxfit.dipy.TensorModel(table).fit(data).md, 0.7 / 0.994**2, rtol=1e-3)
