"""DIPY's own tests with DIPY patched, on older versions of DIPY (`make test-long`). Every run tests the newest.

Each file of the folder versions describes an environment, which is made once in .test. A test is skipped, with pip's
reason, if pip cannot install its environment for this Python.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / ".test" / "versions"
BINARY = "cvxpy,dipy,numpy,ray,scikit-learn,scipy"  # packages that take long to build, or cannot be built here
FILES = sorted((HERE / "versions").glob("*.txt"))

pytestmark = pytest.mark.skipif(not os.environ.get("VOXFIT_LONG"), reason="long: make test-long")


def environment_of(file):
    """The Python of an environment with exactly the packages that a file pins."""
    folder = ENVIRONMENTS / f"{file.stem}-python{sys.version_info[0]}.{sys.version_info[1]}"
    python, made_of = folder / "bin" / "python", folder / file.name
    if not made_of.exists() or made_of.read_text() != file.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        command = [python, "-m", "pip", "install", "-q", "--only-binary", BINARY, "-r", file]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"pip could not install {file.name}: {done.stderr.strip().splitlines()[-1]}")
        shutil.copy(file, made_of)  # last: this file marks the environment as complete
    return python


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_dipys_tests_pass_with_dipy_patched_on_an_older_version(file):
    python = environment_of(file)
    without = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = {**without, "PYTHONPATH": str(HERE.parent)}
    version = subprocess.run(
        [python, "-c", "import dipy; print(dipy.__version__)"], capture_output=True, text=True, check=True
    ).stdout
    assert version.startswith(file.stem.removeprefix("dipy-"))
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", HERE / "test_dipys_own.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=HERE.parent)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout and "skipped" not in done.stdout.splitlines()[-1], done.stdout[-2000:]
