"""Builds libvoxfit with Go and packs it: one wheel serves every Python 3, as ctypes loads it."""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

MODULE = Path(__file__).resolve().parent.parent
LIBRARY = "libvoxfit.so"


def build_library(target):
    """Build the library from the Go module that this folder is part of."""
    go = os.environ.get("GO", "go")
    if not shutil.which(go):
        sys.exit("voxfit: building the library needs Go 1.26 (https://go.dev/dl) and a C compiler; there is no go")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / LIBRARY
        command = [go, "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", str(made), "./capi"]
        subprocess.run(command, cwd=MODULE, env={**os.environ, "CGO_ENABLED": "1"}, check=True)
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(made, target)


def platform_tag(library, default):
    """Return the manylinux tag of the newest glibc that the library asks for (PEP 600)."""
    if not sys.platform.startswith("linux"):
        return default
    asked = re.findall(rb"GLIBC_(\d+)\.(\d+)", Path(library).read_bytes())
    major, minor = max((int(a), int(b)) for a, b in [*asked, (2, 17)])
    return f"manylinux_{major}_{minor}_{platform.machine()}"


class BuildWithLibrary(build_py):
    """build_py that adds the library, built with Go."""

    def run(self):
        super().run()
        build_library(Path(self.build_lib) / "voxfit" / LIBRARY)


class PlatformWheel(bdist_wheel):
    """bdist_wheel for any Python 3 on this platform."""

    def get_tag(self):
        """Return interpreter, ABI and platform of the wheel."""
        built = Path(self.get_finalized_command("build_py").build_lib) / "voxfit" / LIBRARY
        return "py3", "none", platform_tag(built, super().get_tag()[2])


class WithLibrary(Distribution):
    """A distribution that is no pure Python."""

    def has_ext_modules(self):
        """Say so, though no extension is built by setuptools itself."""
        return True


setup(distclass=WithLibrary, cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel})
