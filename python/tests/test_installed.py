"""Wheels of `make wheels` in fresh environments, with neither Go nor a compiler. `make test-long` runs these tests.

$VOXFIT_DIST names a folder of wheels to test. Without it they are built, which takes five minutes and more.
"""

import os
import re
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not os.environ.get("VOXFIT_LONG"), reason="fresh environments: make test-long")

TAGS = {
    "linux/amd64": "manylinux_2_17_x86_64",
    "linux/arm64": "manylinux_2_17_aarch64",
    "darwin/amd64": "macosx_12_0_x86_64",
    "darwin/arm64": "macosx_12_0_arm64",
    "windows/amd64": "win_amd64",
}
PRINTED = "FA 0.799, MD 0.767 um2/ms"


def readme(language):
    """Return the block of code in a language that README.md's section Install has."""
    section = (ROOT / "README.md").read_text().split("## Install\n")[1].split("\n## ")[0]
    (block,) = re.findall(rf"```{language}\n(.*?)```", section, re.S)
    return block


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    folder = os.environ.get("VOXFIT_DIST")
    if not folder:
        folder = tmp_path_factory.mktemp("dist")
        subprocess.run([ROOT / "scripts/make-wheels"], env={**os.environ, "DIST": str(folder)}, check=True)
    return Path(folder)


def wheel(dist, platform):
    (found,) = dist.glob(f"voxfit-*-py3-none-{TAGS[platform]}.whl")
    return found


def fetched(script, *arguments):
    """Run a script that downloads something, and return what it prints. If it fails, skip the test with its reason."""
    done = subprocess.run([ROOT / "scripts" / script, *arguments], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    return done.stdout.strip()


def test_there_is_a_wheel_for_every_platform_and_a_source_archive(dist):
    for platform in TAGS:
        wheel(dist, platform)
    assert len(list(dist.glob("*.whl"))) == len(TAGS)
    assert len(list(dist.glob("voxfit-*.tar.gz"))) == 1


def test_linux_libraries_ask_for_glibc_2_17_at_most(dist):
    for platform in ("linux/amd64", "linux/arm64"):
        library = zipfile.ZipFile(wheel(dist, platform)).read("voxfit/libvoxfit.so")
        asked = {int(n) for n in re.findall(rb"GLIBC_2\.(\d+)", library)}
        assert asked and max(asked) <= 17


def test_macos_libraries_load_from_the_version_of_their_tag_on(dist):
    for platform in ("darwin/amd64", "darwin/arm64"):
        library = zipfile.ZipFile(wheel(dist, platform)).read("voxfit/libvoxfit.dylib")
        (commands,) = struct.unpack_from("<I", library, 16)
        at, oldest = 32, []
        for _ in range(commands):
            command, size, _, version = struct.unpack_from("<4I", library, at)
            if command == 0x32:  # LC_BUILD_VERSION; its fourth word is the oldest macOS
                oldest.append((version >> 16, version >> 8 & 0xFF))
            at += size
        assert oldest == [(12, 0)]


def test_the_library_for_windows_shows_every_function_of_the_header(dist):
    library = zipfile.ZipFile(wheel(dist, "windows/amd64")).read("voxfit/voxfit.dll")
    functions = re.findall(r"^VOXFIT_API .*?(voxfit_\w+)\(", (ROOT / "capi/voxfit.h").read_text(), re.M)
    assert len(functions) > 14
    assert [f for f in functions if f"\0{f}\0".encode() not in library] == []


def test_rattler_build_reads_the_conda_recipe():
    python = fetched("packaging-tools", "packaging/conda-requirements.txt")
    check = [python, ROOT / "packaging/conda/check.py"]
    printed = subprocess.run(check, capture_output=True, text=True, check=True).stdout.splitlines()
    assert printed[0] == "linux-64 voxfit 0.1.0" and len(printed) == 4


def fresh(version, installed, folder):
    """Make an environment with what pip installs. Return the command of its Python, which finds no other program."""
    python = Path(fetched("fetch-python", version))
    # These builds of Python bring libffi along, but some look for it only among the libraries of the system.
    nothing = ["env", "-i", "PATH=/nothing", f"HOME={folder}", f"LD_LIBRARY_PATH={python.parents[1]}"]
    made = folder / "environment/bin/python"
    subprocess.run([*nothing, python, "-m", "venv", made.parents[1]], check=True)
    pip = [*nothing, made, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, installed], check=True)
    return [*nothing, made]


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_the_wheel_fits_in_a_fresh_python_without_go_or_a_compiler(version, dist, tmp_path):
    python = fresh(version, wheel(dist, "linux/amd64"), tmp_path)
    done = subprocess.run([*python, "-c", readme("python")], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith(PRINTED), done.stderr


def test_patch_makes_dipys_fit_native_in_a_fresh_environment(dist, tmp_path):
    python = fresh("3.12", f"{wheel(dist, 'linux/amd64')}[dipy]", tmp_path)
    code = readme("python") + (
        "import voxfit.dipy\nvoxfit.dipy.patch()\n"
        "from dipy.core.gradients import gradient_table\nfrom dipy.reconst.dti import TensorModel\n"
        "fit = TensorModel(gradient_table(bvals, bvecs=bvecs)).fit(signal[None])\n"
        "print(TensorModel.fit.__module__, f'{fit.fa[0]:.3f}')\n"
    )
    done = subprocess.run([*python, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout, done.stderr
    last = done.stdout.splitlines()[-1].split()
    assert last[0].startswith("voxfit.dipy") and last[1] == "0.799", done.stdout


def test_the_arm64_wheel_fits_under_qemu_with_debians_python(dist, tmp_path):
    if not shutil.which("qemu-aarch64-static"):
        pytest.skip("no qemu-aarch64-static")
    root = Path(fetched("fetch-arm64-python"))
    program = root / "usr/bin/python3"
    version = program.readlink().name.removeprefix("python")
    python = ["qemu-aarch64-static", "-L", root, program]
    pip = ["python3", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", tmp_path]
    platforms = [f"--platform={tag}_aarch64" for tag in ("manylinux2014", "manylinux_2_17", "manylinux_2_27")]
    versions = ["--only-binary=:all:", "--implementation=cp", f"--python-version={version}", *platforms]
    subprocess.run([*pip, *versions, wheel(dist, "linux/arm64")], check=True)
    environment = {"PATH": os.environ["PATH"], "PYTHONHOME": str(root / "usr"), "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([*python, "-c", readme("python")], env=environment, capture_output=True, text=True)
    assert done.stdout.startswith(PRINTED), done.stderr
    which = [*python, "-c", "import platform; print(platform.machine())"]
    machine = subprocess.run(which, env=environment, capture_output=True)
    assert machine.stdout == b"aarch64\n"


def test_the_same_sources_give_the_same_wheels_and_sdist_in_another_folder(dist, tmp_path):
    fetched("packaging-tools")
    there = tmp_path / "vöx fit"
    ignored = shutil.ignore_patterns(".git", ".venv", "bin", "dist", ".test")
    shutil.copytree(ROOT, there, symlinks=True, ignore=ignored)
    shutil.copytree(ROOT / ".test/packaging-requirements", there / ".test/packaging-requirements", symlinks=True)
    made = []
    for folder in (ROOT, there):
        out = tmp_path / f"dist{len(made)}"
        caches = {"GOCACHE": str(tmp_path / f"go{len(made)}"), "SOURCE_DATE_EPOCH": "1767225600"}
        environment = {**os.environ, "DIST": str(out), **caches}
        command = [folder / "scripts/make-wheels", "linux/amd64", "linux/arm64", "windows/amd64"]
        subprocess.run(command, env=environment, check=True)
        made.append({f.name: f.read_bytes() for f in out.iterdir()})
    assert sorted(made[0]) == sorted(made[1])
    for name in made[0]:
        assert made[0][name] == made[1][name], name
