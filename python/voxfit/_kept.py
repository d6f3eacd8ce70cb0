"""The models that the plain functions set up last, so that many small calls cost one set-up."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from itertools import chain
from typing import Any

from numpy.typing import ArrayLike

from ._gradients import Gradients, GradientsLike, as_gradients
from ._options import frozen, read
from ._run import Progress
from .model import Model
from .result import Result

# A model takes up to some ten MB: what is kept is small beside the data of a subject.
_MOST = 8

_models: OrderedDict[Any, Model] = OrderedDict()
_lock = threading.Lock()


def fit(
    name: str,
    data: ArrayLike,
    gtab: GradientsLike,
    options: Mapping[str, Any],
    aliases: Mapping[str, Any],
    mask: ArrayLike | None,
    n_threads: int | None,
    progress: Progress | None,
) -> Result:
    """Fit data with a model of these options, one that is kept if there is one."""
    model = _find(name, as_gradients(gtab), read(name, chain(options.items(), aliases.items())))
    model.warn(stacklevel=4)  # the caller of the function that calls this one
    return model._fit(data, mask, n_threads, progress, pin=False, stacklevel=4)


def clear_cache() -> None:
    """Let go of the models that ``fit_csd`` and its like keep from call to call.

    They are the last eight that were used, each for one gradient table and one set of options. Results that were made
    with them stay whole.
    """
    with _lock:
        _models.clear()


def _find(name: str, gradients: Gradients, options: dict[str, Any]) -> Model:
    """Return the model that is kept for just this, or make it."""
    key = (
        name,
        frozen(gradients.bvals),
        frozen(gradients.bvecs),
        gradients.b0_threshold,
        frozen(options),
        os.environ.get("VOXFIT_ISA"),
    )
    with _lock:
        kept = _models.get(key)
        if kept is not None:
            _models.move_to_end(key)
            return kept
    made = Model._of(name, gradients, options)  # without the lock, as it may take 50 ms
    with _lock:
        model = _models.setdefault(key, made)
        _models.move_to_end(key)
        while len(_models) > _MOST:
            _models.popitem(last=False)
    return model


def _after_fork() -> None:
    """Start anew in a forked process, where the models are lost and the lock may be held for ever."""
    global _lock
    _lock = threading.Lock()
    _models.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
