"""A model that is added in Go, as one file and its line in the table, is in Python: its function, options and maps."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

MODULE = Path(__file__).resolve().parents[2]

USE = """
import inspect, sys
import numpy as np, voxfit

saved = np.load(sys.argv[1])
data, gtab = saved["data"], (saved["bvals"], saved["bvecs"])
assert "fit_adc" in voxfit.__all__ and "um2/ms" in inspect.getdoc(voxfit.fit_adc)
result = voxfit.fit_adc(data, gtab, floor=0.5)
micro = voxfit.Model("adc", gtab, floor=0.5, micro=True).fit(data)
for make in (lambda: voxfit.fit_adc(data, gtab, flor=0.5), lambda: voxfit.Model("adc", gtab, flor=0.5)):
    try:
        make()
    except TypeError as error:
        assert "did you mean floor?" in str(error), error
    else:
        raise AssertionError("flor was taken")
np.savez(sys.argv[2], adc=result.adc, s0=result["s0"], status=result["status"], micro=micro.adc)
"""


def go(*arguments, **keywords):
    """Run the go command in this module, and return what it prints."""
    done = subprocess.run(["go", *map(str, arguments)], cwd=MODULE, capture_output=True, text=True, **keywords)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """The environment variables for a Python whose package and library have the added model."""
    if not shutil.which("go") or not shutil.which("cc"):
        pytest.skip("no Go or no C compiler to build the library with")
    folder = tmp_path_factory.mktemp("added")
    shutil.copytree(
        MODULE / "python" / "voxfit", folder / "python" / "voxfit", ignore=shutil.ignore_patterns("*.so", "__pycache__")
    )
    overlay = go("run", "./internal/toymodel/overlay", folder)
    subprocess.run(["go", "run", "-overlay", overlay, "./generate", "-into", folder], cwd=MODULE / "model", check=True)
    library = folder / "libvoxfit.so"
    with_cgo = {**os.environ, "CGO_ENABLED": "1"}
    go("build", "-buildmode=c-shared", "-trimpath", "-overlay", overlay, "-o", library, "./capi", env=with_cgo)
    return {**os.environ, "PYTHONPATH": str(folder / "python"), "VOXFIT_LIBRARY": str(library)}


def test_an_added_model_is_in_python(added, data, gtab, tmp_path):
    np.savez(tmp_path / "in.npz", data=data, bvals=gtab[0], bvecs=gtab[1])
    command = [sys.executable, "-c", USE, tmp_path / "in.npz", tmp_path / "out.npz"]
    elsewhere = tmp_path  # so that Python does not import the package of this checkout
    done = subprocess.run(command, env=added, cwd=elsewhere, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "out.npz")
    logs = np.log(np.maximum(data, 0.5))
    weighted = gtab[0] > 50
    want = (logs[..., ~weighted].mean(-1) - logs[..., weighted].mean(-1)) / gtab[0][weighted].mean()
    np.testing.assert_allclose(found["adc"], want, rtol=1e-9)
    np.testing.assert_allclose(found["micro"], 1000 * want, rtol=1e-6)
    assert not found["status"].any()


def test_the_added_model_is_typed(added, tmp_path):
    pytest.importorskip("mypy")
    calls = tmp_path / "calls.py"
    calls.write_text(
        "import numpy as np\nimport voxfit\n\ndata, gtab = np.zeros((2, 7)), (np.zeros(7), np.zeros((7, 3)))\n"
        "voxfit.fit_adc(data, gtab, floor=0.5, micro=True)\nvoxfit.fit_adc(data, gtab, flor=0.5)\n"
    )
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        f"--cache-dir={tmp_path / 'cache'}",
        calls,
    ]
    done = subprocess.run(command, env={**added, "MYPYPATH": added["PYTHONPATH"]}, capture_output=True, text=True)
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert (
        len(errors) == 1
        and ':6: error: Unexpected keyword argument "flor" for "fit_adc"; did you mean "floor"?' in errors[0]
    ), done.stdout


def test_the_listing_has_the_added_model(added):
    listing = json.loads((Path(added["PYTHONPATH"]) / "voxfit" / "options.json").read_text())
    assert [m["name"] for m in listing["models"]][-1] == "adc"
