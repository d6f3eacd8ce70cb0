"""The examples in docstrings."""

import doctest
import importlib

import pytest


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    ["peaks", "images", "dipy._patch", *(f"dipy._{m}" for m in ("csd", "freewater", "multishell", "sfm", "tensor"))],
)
def test_examples_give_what_they_say(name):
    if name.startswith("dipy"):
        pytest.importorskip("dipy")
    found = doctest.testmod(importlib.import_module(f"voxfit.{name}"))
    assert found.attempted > 0 and found.failed == 0
