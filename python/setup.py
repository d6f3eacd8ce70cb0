"""Builds the library with Go and packs it: one wheel serves every Python 3 of a platform, as ctypes loads the library.

The Go module is the folder above this one, or the folder go beside this file, which an sdist has. GOOS and GOARCH
choose another platform than this one, and VOXFIT_ZIG="python -m ziglang" a C compiler for it (`make wheels`).
"""

import gzip
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
MODULE = HERE / "go" if (HERE / "go").is_dir() else HERE.parent
OLDEST_GO = 26
LIBRARIES = ("libvoxfit.so", "libvoxfit.dylib", "voxfit.dll")
# Programs that measure; they come with the sources, not with a wheel.
BENCHMARKS = {("voxfit", "bench"), ("voxfit", "calls"), ("voxfit", "twonodes"), ("voxfit.dipy", "_benched")}


def go_program():
    """Return the go command, or end with the line that says what is missing."""
    go = shutil.which(os.environ.get("GO", "go"))
    if not go:
        sys.exit(
            f"voxfit: building its library needs Go 1.{OLDEST_GO} or later (https://go.dev/dl) and a C compiler, and "
            "there is no go on PATH; a ready-made wheel for this platform needs neither (README.md, Install)"
        )
    if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "") and "GOOS" not in os.environ:
        sys.exit(
            "voxfit: this Python uses musl (Alpine Linux), and Go's c-shared libraries cannot be loaded there "
            "(golang.org/issue/54805): use a Python on glibc, or the static program kbench"
        )
    return go


def go_env(name):
    """Return the value that `go env` prints for a variable such as GOOS, or end with a line that says why it cannot."""
    go = go_program()
    found = subprocess.run([go, "env", name, "GOVERSION"], cwd=MODULE, capture_output=True, text=True)
    if found.returncode:
        says = found.stderr.strip().rpartition("\n")[2]
    else:
        value, says = found.stdout.splitlines()
        release = re.search(r"go1\.(\d+)", says)
        if release is None or int(release[1]) >= OLDEST_GO:
            return value
    sys.exit(f"voxfit: building its library needs Go 1.{OLDEST_GO} or later (https://go.dev/dl), and {go} says: {says}")


def run_builder(*arguments):
    """Run the program that builds the library, and return what it prints."""
    platform = f"{go_env('GOOS')}/{go_env('GOARCH')}"
    # GOOS and GOARCH are for the library; the builder itself runs on this machine.
    environment = {name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH")}
    command = [go_program(), "run", "./capi/build", "-platform", platform, *arguments]
    done = subprocess.run(
        command, cwd=MODULE, env={**environment, "CGO_ENABLED": "0"}, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        sys.exit(f"voxfit: the library could not be built for {platform}: the lines above say why")
    return done.stdout


class BuildWithLibrary(build_py):
    """build_py that adds the library, built with Go, and leaves the benchmarks out."""

    def find_package_modules(self, package, package_dir):
        """Return the modules of a package, without the benchmarks."""
        modules = super().find_package_modules(package, package_dir)
        return modules if self.editable_mode else [m for m in modules if (m[0], m[1]) not in BENCHMARKS]

    def run(self):
        """Build; in an editable installation, put the library among the sources."""
        super().run()
        # What Python runs at its start, if the environment asks for it. An editable wheel has what `install` would put
        # beside packages, and nothing of the build.
        site_packages = self.get_finalized_command("install").install_lib if self.editable_mode else self.build_lib
        for start in HERE.glob("*.pth"):
            shutil.copy(start, site_packages)
        target = HERE / "voxfit" if self.editable_mode else Path(self.build_lib) / "voxfit"
        for name in LIBRARIES:  # libraries of an earlier build
            (Path(target) / name).unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            name, self.tag = run_builder("-o", folder).split()
            shutil.copy(Path(folder) / name, target)


class PlatformWheel(bdist_wheel):
    """bdist_wheel for any Python 3 on the platform of the library."""

    def get_tag(self):
        """Return interpreter, ABI and platform of the wheel."""
        build = self.get_finalized_command("build_py")
        if not hasattr(build, "tag"):  # an editable wheel, which stays on this machine
            return "py3", "none", super().get_tag()[2]
        return "py3", "none", build.tag


class WithGoSources(sdist):
    """sdist with the sources of the library, those of other modules included."""

    def make_release_tree(self, base_dir, files):
        """Copy the files, then the sources in Go."""
        super().make_release_tree(base_dir, files)
        run_builder("-sources", str(Path(base_dir).resolve() / "go"))

    def make_archive(self, base_name, format, root_dir=None, base_dir=None, owner=None, group=None):
        """Pack the tree; with $SOURCE_DATE_EPOCH the same sources give the same bytes."""
        if format != "gztar" or "SOURCE_DATE_EPOCH" not in os.environ:
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)
        moment = int(os.environ["SOURCE_DATE_EPOCH"])

        def of_that_moment(entry):
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = moment, 0, 0, "", ""
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            return entry

        path = base_name + ".tar.gz"
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with (
            open(path, "wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=moment) as packed,
            tarfile.open(fileobj=packed, mode="w") as archive,
        ):
            archive.add(base_dir, filter=of_that_moment)
        return path


class WithLibrary(Distribution):
    """A distribution that is not pure Python."""

    def has_ext_modules(self):
        """Say so, though no extension is built by setuptools itself."""
        return True


def readme():
    """Return README.md with absolute links, which also work outside the repository."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    return re.sub(r"\]\(\.\./", "](https://github.com/voxfit/voxfit/blob/main/", text)


setup(
    distclass=WithLibrary,
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel, "sdist": WithGoSources},
    long_description=readme(),
    long_description_content_type="text/markdown",
)
