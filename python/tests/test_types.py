"""What mypy finds in the package, in right calls and in wrong calls."""

import inspect
import re
import typing
from pathlib import Path

import pytest

import voxfit

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "voxfit"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What `mypy --strict` says of the package and the two files of calls, in one run: lines by file."""
    api = pytest.importorskip("mypy.api")
    pytest.importorskip("dipy")  # the drop-ins are subclasses of its classes
    cache = tmp_path_factory.mktemp("mypy")
    calls = [str(HERE / "typed" / name) for name in ("right.py", "wrong.py")]
    out, err, _ = api.run(
        ["--strict", "--no-error-summary", "--hide-error-context", f"--cache-dir={cache}", str(PACKAGE), *calls]
    )
    assert not err
    lines = {}
    for line in out.splitlines():
        path, number, text = (
            re.fullmatch(r"(.*?):(\d+): error: (.*)", line).groups() if ": error: " in line else (None, 0, line)
        )
        if path is not None:
            lines.setdefault(Path(path).name, []).append((int(number), text))
    return lines


def test_the_package_and_right_calls_have_no_error(found):
    assert set(found) <= {"wrong.py"}, found


def test_each_wrong_call_has_the_error_that_it_names(found):
    named = {
        i: line.split("  # ")[1]
        for i, line in enumerate((HERE / "typed/wrong.py").read_text().splitlines(), 1)
        if "  # " in line
    }
    assert len(named) >= 12
    assert sorted(number for number, _ in found["wrong.py"]) == sorted(named), found["wrong.py"]
    errors = dict(found["wrong.py"])
    for number, text in named.items():
        assert errors[number].startswith(text), number


def test_every_argument_has_a_type_that_resolves():
    for function in (voxfit.Model.__init__, voxfit.Model.fit, voxfit.Model.derive):
        assert set(inspect.signature(function).parameters) - {"self"} <= set(typing.get_type_hints(function))
    for name in voxfit.fits.__all__:
        types = typing.get_type_hints(getattr(voxfit, name))
        assert set(inspect.signature(getattr(voxfit, name)).parameters) <= set(types), name
        assert types["return"] is voxfit.Result
        assert types["n_threads"] == int | None


def test_functions_are_documented_as_numpydoc():
    for name in voxfit.__all__:
        doc = inspect.getdoc(getattr(voxfit, name))
        assert doc and doc.split("\n")[0].endswith("."), name
    for name in voxfit.fits.__all__:
        doc = inspect.getdoc(getattr(voxfit, name))
        assert max(map(len, doc.split("\n"))) <= 119
        for parameter in inspect.signature(getattr(voxfit, name)).parameters:
            assert f"\n{parameter} : " in doc or f"\n**{parameter}" in doc, (name, parameter)
