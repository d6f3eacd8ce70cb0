"""The wheel that pip makes of this folder holds the library and serves any Python 3 of the platform."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[1]


def test_pip_makes_one_wheel_for_every_python(tmp_path):
    pytest.importorskip("setuptools", "77")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps", "-w", tmp_path, PYTHON]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith("voxfit-0.1.0-py3-none-manylinux_")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"voxfit/libvoxfit.so", "voxfit/py.typed", "voxfit/options.json"} <= set(names)
    target = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(target)
    bvecs = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0], [0, 0.6, 0.8], [0.6, 0, 0.8]]
    code = f"import voxfit; print(voxfit.Model('dti', ([0] + [1e3] * 6, {bvecs})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=target, env={"PYTHONPATH": str(target)}, capture_output=True, text=True
    )
    assert done.stdout.startswith("Model('dti', 7 measurements, 7 parameters"), done.stderr
