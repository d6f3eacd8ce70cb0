"""The models' options: their names, and their values in the form that the library reads.

options.json lists the options; it is written from the library's own table of models. An option that it does not have
is passed to the library, whose error names the nearest option and lists all.
"""

from __future__ import annotations

import functools
import json
import keyword
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike

from ._signal import refuse_masked

_T = TypeVar("_T")


class HasVertices(Protocol):
    """The attributes of DIPY's spheres that are read."""

    vertices: np.ndarray


class HasResponse(Protocol):
    """The attributes of DIPY's AxSymShResponse that are read."""

    dwi_response: Any


class HasResponses(Protocol):
    """The attributes of DIPY's MultiShellResponse that are read."""

    response: Any
    iso: int
    shells: Any


DirectionsLike = HasVertices | ArrayLike
SphereLike = str | HasVertices | ArrayLike | Mapping[str, Any]
ResponseLike = tuple[ArrayLike, float] | HasResponse | ArrayLike | Mapping[str, Any]
TissuesLike = Mapping[str, ResponseLike] | HasResponses | list[dict[str, Any]]


class Default:
    """The default of an option in a signature, which is printed as the value is.

    It is not passed to the model. The model chooses its defaults itself, since some depend on other options.
    """

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, Default) else other)

    def __hash__(self) -> int:
        return hash(self.value)


def default(value: _T) -> _T:
    """Return a `Default`, typed as the value that it stands for."""
    return cast(_T, Default(value))


@functools.cache
def _listing() -> dict[str, Any]:
    listing: dict[str, Any] = json.loads(Path(__file__).with_name("options.json").read_text())
    return listing


def classes() -> dict[str, str]:
    """Return DIPY's class of each model."""
    return {model["name"]: model["class"] for model in _listing()["models"]}


def functions() -> dict[str, dict[str, Any]]:
    """Return each function that fits a model, with what the model needs."""
    return {model["function"]: model["needs"] for model in _listing()["models"]}


@functools.cache
def map_shapes() -> dict[tuple[str, str], tuple[int, ...]]:
    """Return for a model and a map the shape of a voxel's value, where it is neither a number nor a list."""
    return {
        (model["name"], field["name"]): tuple(field["shape"])
        for model in _listing()["models"]
        for field in model["maps"]
        if "shape" in field
    }


@functools.cache
def _options() -> dict[str, dict[str, dict[str, Any]]]:
    """Return each model's options by all their names."""
    models = {}
    for model in _listing()["models"]:
        options = [*model["options"], *_listing()["shared"]]
        names = {alias: option for option in options for alias in option["aliases"]}
        models[model["name"]] = {**names, **{option["name"]: option for option in options}}
    return models


def known(model: str, name: str) -> bool:
    """Whether a model has an option of this name; always true for a model that is not listed."""
    options = _options().get(model)
    return options is None or name in options


def read(model: str, given: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return options by the library's names, with values as it reads them: numbers, text, arrays, lists and dicts.

    None and defaults are left out. An option by two of its names is a TypeError.
    """
    options = _options().get(model, {})
    found: dict[str, Any] = {}
    called: dict[str, str] = {}
    for name, value in given:
        if value is None or isinstance(value, Default):
            continue
        option = options.get(name) or options.get(_without_stroke(name))
        own = option["name"] if option else name
        if own in found:
            raise TypeError(f"{model}: {called[own]} and {name} are the same option, expected one of them")
        called[own] = name
        if option and name != own and isinstance(value, str):
            value = option.get("spellings", {}).get(value.lower(), value)
        found[own] = _as_read(f"{model}: {name}", option["kind"], value) if option else None if options else value
    return found


def _without_stroke(name: str) -> str:
    """Return the name without a trailing underscore if that is a keyword of Python: lambda for lambda_."""
    return name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name


def _as_read(name: str, kind: str, value: Any) -> Any:
    """Convert a value to an option of this kind; leave one that cannot be converted for the library to refuse."""
    if kind == "tissues":
        return as_tissues(value)
    refuse_masked(name, value)
    if kind == "response":
        return as_response(value)
    if kind in ("sphere", "directions") and not isinstance(value, (str, Mapping)):
        vertices = getattr(value, "vertices", value)
        refuse_masked(f"{name}.vertices", vertices)
        return {"vertices": _numbers(vertices)} if kind == "sphere" else _numbers(vertices)
    if kind == "evals" and isinstance(value, (tuple, list)) and len(value) == 2 and np.ndim(value[0]) == 1:
        raise ValueError(f"{name} is {_shown(value)}, expected the diffusivities (e1, e2, e3) alone, without S0")
    if kind in ("evals", "numbers"):
        return _numbers(value)
    return value


def _numbers(value: Any) -> Any:
    """Return a copy of a value that is like an array of numbers, because the caller may change it later.

    NumPy would also make numbers of text, truth values and None. These are not converted: the library refuses them.
    """
    try:
        numbers = np.array(value)
    except (TypeError, ValueError):  # rows of different lengths
        return value
    return numbers.astype(float, copy=False) if numbers.dtype.kind in "iuf" and not _has_truth_values(value) else value


def _has_truth_values(value: Any) -> bool:
    """Whether a list, or a list in it, has truth values beside numbers."""
    if isinstance(value, (list, tuple)):
        for part in value:
            if type(part) is not float and (isinstance(part, (bool, np.bool_)) or _has_truth_values(part)):
                return True
    return False


def as_response(response: Any) -> dict[str, Any]:
    """Return the response of one tissue as an option. It may be in one of DIPY's forms or be zonal coefficients."""
    if isinstance(response, Mapping):
        return {key: _numbers(value) for key, value in response.items()}
    if hasattr(response, "dwi_response"):  # AxSymShResponse
        refuse_masked("response.dwi_response", response.dwi_response)
        return {"zonal": np.atleast_2d(np.array(response.dwi_response, float))}
    tensor = _tensor(response)
    return {"zonal": np.atleast_2d(_zonal("the response", "coefficients", response))} if tensor is None else tensor


# In mm2/s, the same as in acq.ReadResponse: every diffusivity is below it, and S0 is above it.
_TENSOR_LIMIT = 0.1


def _tensor(response: Any) -> dict[str, Any] | None:
    """Return a response that is a tensor, by the rule for files: (evals, S0), or these four numbers in a row.

    Any other row of four numbers has zonal coefficients, which are signals.
    """
    try:
        if (
            isinstance(response, (tuple, list))
            and len(response) == 2
            and np.ndim(response[1]) == 0
            and np.size(response[0]) == 3
        ):
            evals, s0 = _numbers(response[0]), _numbers(response[1])
            return {
                "evals": evals.ravel() if isinstance(evals, np.ndarray) else evals,
                "s0": float(s0) if isinstance(s0, np.ndarray) else s0,
            }
    except (TypeError, ValueError):
        return None
    numbers = _numbers(response)
    if not isinstance(numbers, np.ndarray) or numbers.shape not in ((4,), (1, 4), (4, 1)):
        return None
    evals, s0 = numbers.ravel()[:3], float(numbers.ravel()[3])
    if ((evals > 0) & (evals < _TENSOR_LIMIT)).all() and s0 >= _TENSOR_LIMIT:
        return {"evals": evals, "s0": s0}
    return None


def _zonal(what: str, one: str, response: Any) -> np.ndarray:
    """Return zonal coefficients as an array of one or two dimensions, or refuse them. Errors name them by ``what``."""
    zonal = _numbers(response)
    if isinstance(zonal, np.ndarray) and zonal.ndim in (1, 2):
        return zonal
    raise ValueError(
        f"{what} is {_shown(response)}, expected a tensor ((e1, e2, e3), S0), or zonal coefficients ({one},) or "
        "(shells, coefficients)"
    )


def _shown(value: Any) -> str:
    """Return a value as text for a message: one short line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def as_tissues(tissues: Any, bvals: ArrayLike | None = None) -> list[dict[str, Any]]:
    """Return responses of several tissues as an option, with the b-values of their rows where these are given."""
    refuse_masked("response", tissues)
    refuse_masked("response_bvals", bvals)
    if isinstance(tissues, list) and all(isinstance(t, Mapping) for t in tissues):
        named = [_with_bvals(tissue, bvals) for tissue in tissues]
        return [{key: value if key == "name" else _numbers(value) for key, value in t.items()} for t in named]
    if hasattr(tissues, "response") and hasattr(tissues, "iso"):  # MultiShellResponse
        refuse_masked("response.response", tissues.response)
        if bvals is not None:
            raise TypeError("response_bvals are given beside a MultiShellResponse, which has its own: leave them out")
        table, iso = np.asarray(tissues.response, float), int(tissues.iso)
        bvals = np.asarray(tissues.shells, float)
        names = ["CSF", "GM", *(f"tissue{i + 1}" for i in range(2, iso))][:iso]
        tissues = {"WM": table[:, iso:], **{name: table[:, i : i + 1] for i, name in enumerate(names)}}
    if not isinstance(tissues, Mapping):
        raise TypeError(
            f"responses are {_shown(tissues)}, expected a MultiShellResponse, or a dict by tissue, as "
            '{"WM": ((e1, e2, e3), S0), "CSF": zonal}'
        )
    return [{"name": name, **_as_tissue(name, response, bvals)} for name, response in tissues.items()]


def _with_bvals(response: Mapping[str, Any], bvals: ArrayLike | None) -> Mapping[str, Any]:
    """Return a response with these b-values of its rows, if it has rows and none of its own."""
    return response if bvals is None or "zonal" not in response else {"bvals": bvals, **response}


def _as_tissue(name: str, response: Any, bvals: ArrayLike | None) -> dict[str, Any]:
    """Return one response, a tensor or rows of zonal coefficients; with b-values four numbers are a row."""
    if isinstance(response, Mapping):
        return as_response(_with_bvals(response, bvals))
    are_rows = bvals is not None and isinstance(_numbers(response), np.ndarray)
    tensor = None if are_rows else _tensor(response)
    if tensor is not None:
        return tensor
    rows = _zonal(f"the response of {name}", "shells", response)
    found = {"zonal": rows[:, None] if rows.ndim == 1 else rows}
    return found if bvals is None else {**found, "bvals": _numbers(bvals)}


def as_json(options: Mapping[str, Any]) -> str:
    """Write options as JSON for the library. NaN and infinity, which JSON does not have, become strings."""
    return json.dumps({name: _plain(value) for name, value in options.items()}, allow_nan=False)


def _plain(value: Any) -> Any:
    """Turn NumPy's arrays and numbers into what JSON can hold, with every bit."""
    if isinstance(value, np.ndarray):
        whole = value.dtype.kind != "f" or bool(np.isfinite(value).all())
        return value.tolist() if whole else _plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"an option is {value!r}, expected numbers, strings, lists, arrays or dicts of them")


def frozen(value: Any) -> Any:
    """Return a key that is equal for values with the same bits and the same types."""
    kind = type(value)
    if kind in (int, float, str, bool):
        return kind, value
    if kind is np.ndarray:
        return value.dtype, value.shape, value.tobytes()
    if kind in (list, tuple):
        return list, tuple([frozen(part) for part in value])
    if kind is dict:
        return dict, tuple([(key, frozen(value[key])) for key in sorted(value)])
    return kind, value if isinstance(value, np.generic) else json.dumps(_plain(value))
