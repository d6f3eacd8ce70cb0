"""The wheel that pip makes of this folder holds the library and serves any Python 3 of the platform."""

import email
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[1]
MAKES = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
BVECS = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0], [0, 0.6, 0.8], [0.6, 0, 0.8]]


def copied(folder):
    """Copy what a build reads, so that builds leave nothing in the checkout, and return the folder of the package."""
    ignored = shutil.ignore_patterns(".git", ".test", ".venv", "bin", "dist", "docs", "bench", "*.egg-info")
    shutil.copytree(PYTHON.parent, folder, ignore=ignored, symlinks=True)
    return folder / "python"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("setuptools", "77")
    # The build must work in any folder, even if its name has a space and letters outside ASCII.
    source, made = copied(tmp_path_factory.mktemp("source") / "vöx fit"), tmp_path_factory.mktemp("wheel")
    subprocess.run([*MAKES, "wheel", "-q", "--no-build-isolation", "--no-deps", "-w", made, source], check=True)
    (wheel,) = made.glob("*.whl")
    return wheel


def test_pip_makes_one_wheel_for_every_python(wheel, tmp_path):
    assert wheel.name.startswith("voxfit-0.1.0-py3-none-manylinux_")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = f"import voxfit; print(voxfit.Model('dti', ([0] + [1e3] * 6, {BVECS})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.stdout.startswith("Model('dti', 7 measurements, 7 parameters"), done.stderr


def test_a_wheel_has_what_is_for_users_and_no_benchmarks(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    licences = {f"voxfit-0.1.0.dist-info/licenses/{name}" for name in ("LICENSE", "NOTICE")}
    assert {
        "voxfit/libvoxfit.so",
        "voxfit/py.typed",
        "voxfit/options.json",
        "voxfit/dipy/__init__.py",
        *licences,
    } <= names
    assert not [n for n in names if "bench" in n or "twonodes" in n or "tests" in n]


def test_the_metadata_of_a_wheel_are_complete(wheel):
    text = zipfile.ZipFile(wheel).read("voxfit-0.1.0.dist-info/METADATA").decode()
    metadata = email.message_from_string(text)
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Requires-Python"] == ">=3.10"
    assert {url.split(",")[0] for url in metadata.get_all("Project-URL")} == {"Source", "Documentation", "Changelog"}
    assert len(metadata.get_all("Classifier")) > 9
    assert "](../" not in text  # such a link is broken on PyPI's page


def test_the_notice_names_every_module_in_the_library(wheel, tmp_path):
    library = zipfile.ZipFile(wheel).extract("voxfit/libvoxfit.so", tmp_path)
    printed = subprocess.run(["go", "version", "-m", library], capture_output=True, text=True, check=True).stdout
    linked = [line.split()[1:3] for line in printed.splitlines() if line.split()[0] == "dep"]
    notice = zipfile.ZipFile(wheel).read("voxfit-0.1.0.dist-info/licenses/NOTICE").decode()
    assert {path for path, _ in linked} >= {"golang.org/x/sys", "gonum.org/v1/gonum"}
    for path, version in linked:
        assert f"    {path} {version} (" in notice
    assert "    Go runtime and standard library (" in notice


def test_an_sdist_has_the_go_sources_and_builds_without_a_network(tmp_path):
    pytest.importorskip("setuptools", "77")
    source = copied(tmp_path / "voxfit")
    code = "from setuptools import build_meta; print(build_meta.build_sdist('made'))"
    timed = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    subprocess.run([sys.executable, "-c", code], cwd=source, env=timed, check=True, capture_output=True)
    (sdist,) = (source / "made").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        assert {(m.mtime, m.uid, m.uname) for m in archive} == {(1767225600, 0, "")}
        assert sdist.read_bytes()[4:8] == (1767225600).to_bytes(4, "little")  # the time in the header of gzip
        archive.extractall(tmp_path, filter="data")
    unpacked = tmp_path / "voxfit-0.1.0"
    for name in (
        "LICENSE",
        "NOTICE",
        "voxfit/bench.py",
        "tests/test_wheel.py",
        "go/capi/voxfit.h",
        "go/vendor/modules.txt",
    ):
        assert (unpacked / name).is_file(), name
    offline = {**os.environ, "GOPROXY": "off", "GOFLAGS": "-mod=vendor"}
    listed = ["go", "list", "-deps", "./capi", "./capi/build"]
    subprocess.run(listed, cwd=unpacked / "go", env=offline, check=True, capture_output=True)


def test_an_editable_installation_gets_the_library_and_the_line_for_voxfit_dipy(tmp_path):
    pytest.importorskip("setuptools", "77")
    source = copied(tmp_path / "voxfit")
    target = tmp_path / "installed"
    subprocess.run(
        [*MAKES, "install", "-q", "--no-build-isolation", "--no-deps", "-t", target, "-e", source], check=True
    )
    code = f"import voxfit; print(voxfit.__file__, voxfit.Model('dti', ([0] + [1e3] * 6, {BVECS})))"
    site = f"import site, sys; site.addsitedir({str(target)!r}); print('voxfit.dipy' in sys.modules); "
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VOXFIT_LIBRARY")}
    for value, patches in {"0": False, "1": True}.items():
        done = subprocess.run(
            [sys.executable, "-c", site + code],
            cwd=target,
            env={**environment, "VOXFIT_DIPY": value},
            capture_output=True,
            text=True,
        )
        assert done.stdout.startswith(f"{patches}\n{source / 'voxfit'}"), done.stderr
    (record,) = target.glob("voxfit-*.dist-info/RECORD")
    assert "voxfit-dipy.pth," in record.read_text()  # pip removes the files that this record lists


def test_without_go_the_build_says_in_a_line_what_is_needed(tmp_path):
    pytest.importorskip("setuptools", "77")
    command = [*MAKES, "wheel", "--no-build-isolation", "--no-deps", "-w", tmp_path, PYTHON]
    done = subprocess.run(command, env={**os.environ, "GO": "no-such-go"}, capture_output=True, text=True)
    assert done.returncode != 0
    (line,) = {s.strip() for s in (done.stdout + done.stderr).splitlines() if s.strip().startswith("voxfit: ")}
    assert "needs Go 1.26 or later" in line and "C compiler" in line and "wheel" in line


@pytest.mark.parametrize(
    "go, words",
    [
        ("echo linux; echo go1.19.8", "says: go1.19.8"),
        ("echo 'go: go.mod requires go >= 1.26' >&2; exit 1", "says: go: go.mod requires go >= 1.26"),
    ],
)
def test_a_go_that_is_too_old_is_named_in_a_line(go, words, tmp_path):
    program = tmp_path / "go"
    program.write_text(f"#!/bin/sh\n{go}\n")
    program.chmod(0o755)
    command = [sys.executable, "setup.py", "-q", "build", "-b", tmp_path / "build"]
    environment = {**os.environ, "GO": str(program)}
    done = subprocess.run(command, cwd=PYTHON, env=environment, capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert done.returncode != 0 and last.startswith("voxfit: ") and "needs Go 1.26 or later" in last and words in last


def test_on_musl_build_and_import_say_that_there_is_no_library(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sysconfig\nsysconfig.get_config_vars()['HOST_GNU_TYPE'] = 'x86_64-alpine-linux-musl'\n"
    )
    none = tmp_path / "libvoxfit.so"
    none.write_bytes(b"")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{PYTHON}", "VOXFIT_LIBRARY": str(none)}
    for command, folder in (
        ([sys.executable, "-c", f"import voxfit; voxfit.Model('dti', ([0] + [1e3] * 6, {BVECS}))"], tmp_path),
        ([sys.executable, "setup.py", "-q", "build", "-b", tmp_path], PYTHON),
    ):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode != 0
        last = done.stderr.splitlines()[-1]
        assert "musl" in last and "golang.org/issue/54805" in last and "static program kbench" in last, done.stderr
