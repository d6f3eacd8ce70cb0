"""Options: their names and DIPY's, their defaults, errors, and the names of results."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import EVALS, FITS, directions
from test_fits import same

import voxfit
from voxfit.result import as_attribute

LISTING = json.loads((Path(voxfit.__file__).parent / "options.json").read_text())
MODELS = {model["function"]: model for model in LISTING["models"]}


def fit(function, data, gtab, **options):
    """Fit one slice, with the arguments that the model needs."""
    return getattr(voxfit, function)(data[0], gtab, **FITS[function], **options)


def test_every_model_has_its_function():
    assert sorted(voxfit.fits.__all__) == sorted(MODELS) and set(MODELS) <= set(voxfit.__all__)


# A value other than the default for each option that has another name.
OTHERS = {
    "lmax": 4, "sh_basis": None, "directions": directions(150), "neg_lambda": 2.0, "max_iterations": 3, "peaks": 2,
    "peak_threshold": 0.01, "peak_separation": 85, "method": "WLS", "diso": 2.5e-3, "evals": [1.7e-3, 0.3e-3, 0.3e-3],
}  # fmt: skip
ALIASES = [
    (function, option["name"], alias)
    for function, model in MODELS.items()
    for option in model["options"]
    if not option.get("needed")
    for alias in option["aliases"]
]


@pytest.mark.parametrize("function, name, alias", ALIASES)
def test_an_alias_is_the_option(data, gtab, function, name, alias):
    value = OTHERS[name]
    if name == "sh_basis":
        value = {"fit_csd": "tournier07", "fit_msmt": "descoteaux07"}[function]
    if (function, name) == ("fit_dti", "method"):
        value = "OLS"
    if (function, name) == ("fit_msmt", "lmax"):
        value = 2
    needs = {k: v for k, v in FITS[function].items() if k != name}
    if name == "peak_separation":
        needs["peak_threshold"] = 0.01  # so that there are several peaks to compare
    noisy = data[0] * np.random.default_rng(9).uniform(0.2, 1, data[0].shape)  # of many peaks
    one, other, plain = (
        getattr(voxfit, function)(noisy, gtab, **needs, **o) for o in ({name: value}, {alias: value}, {})
    )
    assert all(np.array_equal(one[m], other[m]) for m in one)
    assert any(one[m].shape != plain[m].shape or not np.array_equal(one[m], plain[m]) for m in one)
    with pytest.raises(TypeError, match="the same option"):
        getattr(voxfit, function)(data[0], gtab, **needs, **{name: value, alias: value})


@pytest.mark.parametrize("function, methods", [("fit_dti", "dti"), ("fit_free_water", "fwdti")])
def test_dipys_words_for_methods_are_taken_by_dipys_name(data, gtab, function, methods):
    theirs = pytest.importorskip(f"dipy.reconst.{methods}").common_fit_methods
    ours = {theirs[word]: word.lower() for word in ("WLS", "OLS", "NLS") if word in theirs}
    words = [word for word in theirs if theirs[word] in ours]
    assert {"WLLS", "NLLS"} < set(words)
    for word in words:
        assert same(fit(function, data, gtab, fit_method=word), fit(function, data, gtab, method=ours[theirs[word]])), (
            word
        )
    with pytest.raises(ValueError, match="method is .*RESTORE.*, expected "):
        fit(function, data, gtab, fit_method="RESTORE")
    with pytest.raises(ValueError, match="method is .*NLLS.*, expected "):
        fit(function, data, gtab, method="NLLS")


def defaults(model):
    """The options of a model that have a default, with the default, without those that depend on another option."""
    options = [*model["options"], *LISTING["shared"]]
    return {o["name"]: o["default"] for o in options if o["default"] is not None and "with" not in o}


@pytest.mark.parametrize("function", MODELS)
def test_defaults_are_what_the_signature_says(data, gtab, function):
    parameters = inspect.signature(getattr(voxfit, function)).parameters
    given = defaults(MODELS[function])
    for name, value in given.items():
        assert np.array_equal(parameters[name].default.value, value), name
        assert str(parameters[name]).endswith(f" = {parameters[name].default!r}")
    needs = {k: v for k, v in FITS[function].items() if k == "response"}
    one, other = (getattr(voxfit, function)(data[0], gtab, **needs, **options) for options in ({}, given))
    assert same(one, other)


def test_an_option_that_depends_on_another_is_refused_even_at_its_default(data, gtab):
    assert fit("fit_dti", data, gtab, method="iwls", iterations=2)
    with pytest.raises(ValueError, match="iterations is for method iwls"):
        fit("fit_dti", data, gtab, iterations=2)


@pytest.mark.parametrize("function", MODELS)
def test_an_unknown_option_is_an_error_that_names_the_nearest_and_lists_all(data, gtab, function):
    options = {o["name"] for o in [*MODELS[function]["options"], *LISTING["shared"]]}
    for make in (
        lambda: fit(function, data, gtab, presicion="mixed", mehtod="nls"),
        lambda: voxfit.Model(MODELS[function]["name"], gtab, b0_treshold=50),
    ):
        with pytest.raises(TypeError) as error:
            make()
        assert "unknown option" in str(error.value)
        assert all(name in str(error.value) for name in options), error.value
    assert "did you mean b0_threshold?" in str(error.value)


WRONG = json.loads((Path(__file__).parents[2] / "model" / "testdata" / "wrong_settings.json").read_text())


def in_python(value):
    """A value of the table in Python's types. JSON has no NaN and no infinity, so these are strings there."""
    if isinstance(value, dict):
        return {key: in_python(part) for key, part in value.items()}
    if isinstance(value, list):
        return [in_python(part) for part in value]
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


@pytest.mark.parametrize("row", WRONG, ids=lambda row: f"{row['model']}-{json.dumps(row['settings'])[-40:]}")
def test_wrong_settings_are_refused_in_the_words_of_the_table(data, gtab, row):
    model = next(m for m in LISTING["models"] if m["name"] == row["model"])
    settings = in_python(row["settings"])
    if model["needs"]["tissues"]:
        settings.setdefault("response", [{"name": "WM", "evals": [0.0017, 0.0003, 0.0003], "s0": 1000}])
    for make in (
        lambda: voxfit.Model(model["name"], gtab, **settings),
        lambda: getattr(voxfit, model["function"])(data[0, 0, 0], gtab, **settings),
    ):
        if row["error"] is None:
            assert make()
            continue
        with pytest.raises(TypeError if row["error"].startswith("unknown option") else ValueError) as error:
            make()
        assert str(error.value) == row["error"]


def test_an_underscore_is_allowed_after_keywords_of_python_alone(gtab):
    for given in ({"lambda": 2}, {"lambda_": 2}):
        assert voxfit.Model("csdm", gtab, response=(EVALS, 1000.0), **given).options["neg_lambda"] == 2
    with pytest.raises(TypeError, match="did you mean tau"):
        voxfit.Model("csdm", gtab, response=(EVALS, 1000.0), tau_=0.1)


def test_an_unknown_option_is_an_error_whatever_its_value(gtab):
    with pytest.raises(TypeError, match="did you mean method"):
        voxfit.Model("dti", gtab, mehtod=object())


def test_a_model_takes_what_the_function_takes(data, gtab):
    csd = voxfit.Model("csdm", gtab, response=(EVALS, 1000.0), sh_order_max=6, lambda_=2)
    assert same(csd.fit(data[0]), fit("fit_csd", data, gtab, lmax=6, neg_lambda=2))
    assert csd.options["lmax"] == 6 and "sh_order_max" not in csd.options
    msmt = voxfit.Model("msmt", gtab, **FITS["fit_msmt"])
    assert same(msmt.fit(data[0]), fit("fit_msmt", data, gtab))


def test_minus_one_threads_means_all_cpus(data, gtab):
    assert same(fit("fit_dti", data, gtab, n_threads=-1), fit("fit_dti", data, gtab))
    for wrong in (0, -2):
        with pytest.raises(ValueError, match="-1 for all CPUs"):
            fit("fit_dti", data, gtab, n_threads=wrong)


@pytest.mark.parametrize("function", MODELS)
def test_everything_in_a_result_is_an_attribute(data, gtab, mask, function):
    result = fit(function, data, gtab, mask=mask[0])
    for name in result:
        attribute = as_attribute(name)
        assert attribute in dir(result)
        if name not in ("status", "iterations"):  # the attributes of these hold the fitted voxels alone
            assert np.array_equal(getattr(result, attribute), result[name], equal_nan=True), name


def test_names_of_maps_become_names_of_python():
    assert [as_attribute(name) for name in ("fa", "fod_label-WM", "fod_label-GM-2", "colorFA")] == [
        "fa",
        "fod_wm",
        "fod_gm_2",
        "color_fa",
    ]


def test_attributes_of_tissues_are_names_of_python(data, gtab):
    wm, csf = FITS["fit_msmt"]["response"].values()
    result = voxfit.fit_msmt(data[0], gtab, {"WM": wm, "GM-2": csf * [1, 8, 20], "CSF": csf}, lmax=4)
    assert np.array_equal(result.fod_wm, result["fod_label-WM"])
    assert np.array_equal(result.fod_gm_2, result[next(n for n in result if "GM" in n)])


@pytest.mark.parametrize("function", ["fit_dti", "fit_free_water"])
def test_a_tensor_comes_in_the_order_that_is_asked_for(data, gtab, function):
    plain, mrtrix = fit(function, data, gtab), fit(function, data, gtab, mrtrix_order=True)
    assert np.array_equal(plain.params, mrtrix.params)
    assert np.array_equal(mrtrix.tensor, plain.tensor.astype(np.float32)[..., [0, 2, 5, 1, 3, 4]])
    assert plain.tensor.dtype == np.float64


def test_an_unknown_attribute_is_an_error_that_lists_the_maps(data, gtab):
    result = fit("fit_dti", data, gtab)
    with pytest.raises(AttributeError, match="no map 'faa', the nearest is fa; it has .*tensor"):
        _ = result.faa
    assert not hasattr(result, "_repr_html_")


def test_what_is_given_may_change_after_the_call(data, gtab):
    response, sphere = np.array([500.0, -200, 60, -20, 5]), directions(150)
    model = voxfit.Model("csdm", gtab, response=response, directions=sphere)
    want = model.fit(data[0]).params
    response[:], sphere[:] = 0, 0
    assert np.array_equal(model.fit(data[0]).params, want)
    import pickle

    assert np.array_equal(pickle.loads(pickle.dumps(model)).fit(data[0]).params, want)
