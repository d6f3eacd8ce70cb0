"""Keeps the models that the plain functions set up last, so that many small calls share one set-up."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np

from ._gradients import Gradients, GradientsLike, as_gradients
from ._options import Default, as_tissues, frozen, read
from .model import Model
from .result import Result

# A model takes up to about ten MB, so that those that are kept are small beside the data of a subject.
_MOST = 8

_models: OrderedDict[Any, Model] = OrderedDict()
# The key of the model for the arguments of a call. A call with the same arguments need not read them again.
_calls: OrderedDict[Any, Any] = OrderedDict()
_lock = threading.Lock()


def fit(name: str, given: dict[str, Any]) -> Result:
    """Fit data with a model that is kept, or else with a new one.

    The arguments are those of the function for that model, by their names. Those that are not options have the same
    meaning for all models and are taken out here.
    """
    data, gtab, aliases = given.pop("data"), given.pop("gtab"), given.pop("aliases")
    mask, n_threads, progress = given.pop("mask"), given.pop("n_threads"), given.pop("progress")
    bvals = given.pop("response_bvals", None)
    if bvals is not None:
        given["response"] = as_tissues(given["response"], bvals)
    model = _find_call(name, gtab, given, aliases)
    model.warn(stacklevel=4)  # the caller of the function that calls this one
    return model._fit(data, mask, n_threads, progress, pin=False, stacklevel=4)


def clear_cache() -> None:
    """Free the models that ``fit_csd`` and the other functions keep from call to call.

    These are the last eight that were used, each for one gradient table and one set of options. Results that were made
    with them remain valid.
    """
    with _lock:
        _models.clear()
        _calls.clear()


def _find_call(name: str, gtab: GradientsLike, options: Mapping[str, Any], aliases: Mapping[str, Any]) -> Model:
    """Return the model that is kept for the arguments of a call, or make it."""
    isa = os.environ.get("VOXFIT_ISA")
    try:
        call = name, _table_as_given(gtab), _as_given(options), _as_given(aliases), isa
    except _NotPlain:
        call = None
    with _lock:
        kept = _take(_calls.get(call))
    if kept is not None:
        return kept
    key, model = _find(name, as_gradients(gtab), read(name, chain(options.items(), aliases.items())), isa)
    if call is not None:
        with _lock:
            _calls[call] = key
            while len(_calls) > 2 * _MOST:
                _calls.popitem(last=False)
    return model


def _take(key: Any) -> Model | None:
    """Return the model that is kept under a key, which counts as used now. The caller has the lock."""
    model = _models.get(key)
    if model is not None:
        _models.move_to_end(key)
    return model


class _NotPlain(Exception):
    """A value cannot be part of a key, because it may be more than its content."""


def _as_given(value: Any) -> Any:
    """Return a key that is equal for equal plain values of the same types."""
    kind = type(value)
    if kind is float or kind is str or kind is int or kind is bool:
        return kind, value
    if kind is np.ndarray and value.dtype.kind in "iuf":
        return value.dtype.str, value.shape, value.tobytes()
    if kind is list or kind is tuple:
        return kind, tuple([_as_given(part) for part in value])
    if kind is dict:
        return tuple(
            [(name, _as_given(part)) for name, part in value.items() if part is not None and type(part) is not Default]
        )
    if value is None:
        return None
    raise _NotPlain


def _table_as_given(gtab: GradientsLike) -> Any:
    """Return a key for a gradient table, DIPY's or a pair: for what `as_gradients` looks at."""
    if isinstance(gtab, tuple):
        return _as_given(gtab)
    try:
        read = gtab.bvals, gtab.bvecs
    except AttributeError:
        raise _NotPlain from None
    return _as_given((*read, getattr(gtab, "b0_threshold", None), getattr(gtab, "btens", None)))


def _find(name: str, gradients: Gradients, options: dict[str, Any], isa: str | None) -> tuple[Any, Model]:
    """Return the model that is kept for a table and options, or make it; and its key."""
    key = (
        name,
        frozen(gradients.bvals),
        frozen(gradients.bvecs),
        gradients.b0_threshold,
        frozen(options),
        isa,
    )
    with _lock:
        kept = _take(key)
    if kept is not None:
        return key, kept
    made = Model._of(name, gradients, options)  # without the lock, as it may take 50 ms
    with _lock:
        model = _models.setdefault(key, made)
        _models.move_to_end(key)
        while len(_models) > _MOST:
            _models.popitem(last=False)
    return key, model


def _after_fork() -> None:
    """Start anew in a forked process, where the models are lost and the lock may be held for ever."""
    global _lock
    _lock = threading.Lock()
    _models.clear()
    _calls.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
