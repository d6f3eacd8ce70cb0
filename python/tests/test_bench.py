"""The program that kbench compares engines of DIPY with, ``python -m voxfit.bench serve``, run in this process."""

import io
import json

import numpy as np
import pytest

pytest.importorskip("dipy")
pytest.importorskip("dask")
from dipy.data import default_sphere

from phantoms import acquisition
from voxfit import bench

pytestmark = pytest.mark.filterwarnings("ignore")
VOXELS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files of an acquisition as kbench writes them, and responses of three tissues for its shells."""
    folder = tmp_path_factory.mktemp("acquisition")
    gtab, signal = acquisition(voxels=VOXELS)
    signal.tofile(folder / "signal.f32")
    csf, gm = [[350], [20], [2], [1]], [[250], [90], [40], [20]]
    wm = [[350, 0, 0, 0, 0], [170, -60, 20, -5, 1], [110, -60, 25, -8, 2], [80, -50, 25, -9, 3]]
    setting = {
        "bvals": gtab.bvals.tolist(), "bvecs": gtab.bvecs.tolist(), "b0": 50,
        "response": {"evals": [1.7e-3, 0.3e-3, 0.3e-3], "s0": 100},
        "tissues": {"response": np.hstack((csf, gm, wm)).tolist(), "bvals": [0, 1000, 2000, 3500],
                    "directions": default_sphere.vertices.tolist()},
    }  # fmt: skip
    (folder / "setting.json").write_text(json.dumps(setting))
    return folder


def served(folder, *runs):
    """The answers to runs."""
    lines = [json.dumps(line) for line in ({"folder": str(folder)}, *runs)]
    answers = io.StringIO()
    bench.serve(iter(lines), answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()][1:]


# The largest difference between DIPY and voxfit for each model. It is larger where DIPY's solver stops early.
MODELS = {"csdm": 1e-8, "fwdtim": 1e-3, "fwdtim wls": 1e-5, "msmt": 1e-2, "dti": 1e-5, "sfm nnls": 1e-5, "sfm": 2e-3}


@pytest.mark.parametrize("model", MODELS)
def test_all_models_are_fitted_by_all_engines(model, folder):
    if model == "msmt":
        pytest.importorskip("cvxpy")
    found = {}
    for engine in ("voxfit-serial", "dipy-serial", "voxfit-dask", "dipy-dask"):
        run = {"engine": engine, "model": model, "chunks": 3, "cpus": 2, "results": True}
        (answer,) = served(folder, run)
        assert answer.get("error") is None and answer["time"] > 0, answer
        found[engine] = {
            name: np.fromfile(folder / f"{name}.f64").reshape(VOXELS, columns)
            for name, columns in answer["columns"].items()
        }
    assert found["voxfit-serial"]
    for name, expected in found["voxfit-serial"].items():
        np.testing.assert_array_equal(found["voxfit-dask"][name], expected)
        np.testing.assert_array_equal(found["dipy-dask"][name], found["dipy-serial"][name])
        np.testing.assert_allclose(
            found["dipy-serial"][name], expected, rtol=0, atol=MODELS[model] * np.abs(expected).max()
        )


def test_a_run_that_fails_is_answered_with_its_error_and_the_next_goes_on(folder):
    run = {"engine": "dipy-serial", "model": "dti", "chunks": 1, "cpus": 1}
    refused, unknown, done = served(folder, dict(run, engine="dipy-spark"), dict(run, model="dki"), dict(run, voxels=3))
    assert "dipy-spark" in refused["error"] and "dki" in unknown["error"]
    assert done["time"] > 0 and done["call"] == "TensorModel.fit(data)"


def test_ray_ends_when_it_is_told_to_and_starts_anew(folder):
    ray = pytest.importorskip("ray")
    run = {"engine": "voxfit-ray", "model": "csdm", "chunks": 1, "cpus": 1}
    was_up = []

    def lines():
        yield json.dumps({"folder": str(folder)})
        for request in (run, {"end": "ray"}, run, {"end": "ray"}):
            yield json.dumps(request)
            was_up.append(ray.is_initialized())

    answers = io.StringIO()
    bench.serve(lines(), answers)
    first, ended, again, _ = [json.loads(line) for line in answers.getvalue().splitlines()][1:]
    assert first["time"] > 0 and again["time"] > 0 and ended == {}
    assert was_up == [True, False, True, False]
