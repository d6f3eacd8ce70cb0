"""Runs a program with DIPY patched: ``python -m voxfit.dipy PROGRAM [ARGS]``.

PROGRAM is a command that pip has installed (dipy_fit_csd, scil_dti_metrics), the path of a Python program, or, after
``-m``, a module. It runs in this process, and its exit code is that of this command. VOXFIT_DIPY=1 is set, so that the
Pythons that it starts patch DIPY, too. At the end, a line on stderr says which fits of this process were native.

The same without this command: with VOXFIT_DIPY=1 in the environment, every Python that has voxfit installed patches
DIPY when a program imports it.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import re
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

USAGE = "usage: python -m voxfit.dipy PROGRAM [ARGS] | -m MODULE [ARGS]"
# The second line of a program that a shell hands to Python; Python reads it as the beginning of a string.
_BY_SHELL = re.compile(r"""'''exec' (?:"([^"]+)"|(\S+))""")


def main() -> None:
    """Run the program of the command line."""
    arguments = sys.argv[1:]
    if not arguments or arguments == ["-m"]:
        raise SystemExit(USAGE)
    if arguments[0] in ("-h", "--help"):
        print(USAGE, "", __doc__, sep="\n")
        return
    program = _program(arguments)
    os.environ["VOXFIT_DIPY"] = "1"
    from voxfit.dipy import patch

    patch()
    try:
        program()
    finally:
        _tell()


def _program(arguments: list[str]) -> Callable[[], object]:
    """Return what runs the program, and give it its arguments."""
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        sys.path[0] = os.getcwd()
        if importlib.util.find_spec(arguments[1].partition(".")[0] or "-") is None:
            raise SystemExit(f"voxfit: there is no module {arguments[1]} in this Python ({sys.executable})")
        return lambda: runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    path = arguments[0] if os.path.exists(arguments[0]) else shutil.which(arguments[0])
    if path is None:
        found = importlib.metadata.entry_points(group="console_scripts", name=arguments[0])
        if not found:
            raise SystemExit(
                f"voxfit: there is no program {arguments[0]}, neither a file, nor a command in PATH, nor one of this "
                f"Python ({sys.executable}); name one of them, or a module after -m"
            )
        entry = next(iter(found))
        sys.argv = arguments
        return lambda: sys.exit(entry.load()())
    _check_is_python(path)
    sys.argv = [path, *arguments[1:]]
    sys.path[0] = str(Path(path).resolve().parent)
    return lambda: runpy.run_path(path, run_name="__main__")


def _check_is_python(path: str) -> None:
    """End this command if a file is not a Python program, or belongs to another Python."""
    if os.path.isdir(path):
        raise SystemExit(f"voxfit: {path} is a folder, expected a Python program")
    try:
        with open(path, "rb") as file:
            first, second = (file.readline(4096).decode(errors="replace") for _ in range(2))
    except OSError as err:
        raise SystemExit(f"voxfit: {path} cannot be read: {err.strerror}") from None
    if not first.startswith("#!"):
        if path.endswith((".py", ".pyw")):
            return
        raise SystemExit(f"voxfit: {path} is not a Python program: it neither ends in .py nor begins with #!")
    words = first[2:].split()
    # A path that is long or has spaces cannot stand after #!: pip then has a shell start Python by the second line.
    by_shell = _BY_SHELL.match(second)
    named = [by_shell[1] or by_shell[2]] if by_shell else words
    interpreter = next((w for w in named if "python" in os.path.basename(w)), None)
    if interpreter is None:
        raise SystemExit(f"voxfit: {path} is run by {' '.join(words)}, expected a Python program")
    # Environments are told apart by their folders: their Pythons may be links to the same file.
    theirs = os.path.dirname(interpreter)
    if os.path.exists(os.path.join(theirs, "..", "pyvenv.cfg")) and not os.path.samefile(
        theirs, os.path.dirname(sys.executable)
    ):
        raise SystemExit(
            f"voxfit: {path} is a program of another Python; install voxfit there and run: {interpreter} -m "
            f"voxfit.dipy {os.path.basename(path)}"
        )


def _tell() -> None:
    """Say on stderr which fits were native."""
    native = sys.modules.get("voxfit.dipy._native")
    fits = native.fits if native else {}
    said = ", ".join(f"{name} {count}" for name, count in sorted(fits.items()))
    # A stderr that is full or closed is no reason to fail. Without one, print would take the program's stdout.
    with contextlib.suppress(OSError, ValueError):
        if sys.__stderr__ is not None:
            print(f"voxfit: native fits of this process: {said or 'none'}", file=sys.__stderr__, flush=True)


if __name__ == "__main__":
    main()
