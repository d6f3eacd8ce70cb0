"""Measures what a call costs that fits one voxel: ``python -m voxfit.bench calls``.

Every model is fitted to one voxel with 288 volumes, on one thread: by its plain function, which finds the model that it
keeps, and by a `Model`. A batch of voxels is fitted as well. Rounds of all three are interleaved. Kernels work on 8 or
16 voxels at a time, so that one voxel costs as much as such a batch.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import voxfit
from voxfit._options import functions

BATCH = 16
EVALS, S0 = np.array([1.7e-3, 0.3e-3, 0.3e-3]), 1000.0


def acquisition() -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """18 b0s and three shells of 90 directions, and a batch of single fibres with free water and noise."""
    bvals = np.r_[np.zeros(18), np.tile([1000.0, 2000.0, 3000.0], 90)]
    z = 1 - (np.arange(270) + 0.5) / 270
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(270)
    bvecs = np.r_[np.zeros((18, 3)), np.c_[np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z]]
    random = np.random.default_rng(1)
    axes = random.normal(size=(BATCH, 3))
    axes /= np.linalg.norm(axes, axis=1)[:, None]
    fibre = np.exp(-bvals * (EVALS[1] + (EVALS[0] - EVALS[1]) * (axes @ bvecs.T) ** 2))
    signal = S0 * (0.8 * fibre + 0.2 * np.exp(-3e-3 * bvals)) + random.normal(size=fibre.shape) * S0 / 50
    return (bvals, bvecs), signal.astype(np.float32)


def response_of(needs: dict[str, Any]) -> dict[str, Any]:
    """The response that a model needs, if it needs one."""
    if needs["response"]:
        return {"response": (EVALS, S0)}
    if needs["tissues"]:
        return {
            "response": [
                {"name": "WM", "evals": EVALS, "s0": S0},
                {"name": "GM", "evals": [0.8e-3] * 3, "s0": 1.1 * S0},
                {"name": "CSF", "evals": [3e-3] * 3, "s0": 1.5 * S0},
            ]
        }
    return {}


def calls(rounds: int) -> None:
    """Print microseconds a call, medians of some rounds."""
    gtab, signal = acquisition()
    print(f"microseconds a call, medians of {rounds} rounds, {len(gtab[0])} volumes, {voxfit.__version__}")
    print(f"{'':15} {'set-up':>9} {'function':>9} {'model':>9} {'between':>8} {f'{BATCH} voxels':>10} {'a map':>7}")
    for function, needs in functions().items():
        fit, options = getattr(voxfit, function), response_of(needs)
        model = fit(signal[0], gtab, **options).model
        first = model.map_fields[0].name
        params = model.fit(signal[:1]).params
        times = timed(
            rounds,
            {
                "function": lambda: fit(signal[0], gtab, **options),
                "model": lambda: model.fit(signal[0]),
                "batch": lambda: model.fit(signal, n_threads=1),
                "map": lambda: model.derive(first, params),
            },
        )
        set_up = timed(max(3, rounds // 40), {"": lambda: voxfit.Model(model.name, gtab, **options)})[""]
        between = times["function"] - times["model"]
        print(
            f"{function:15} {set_up:9.0f} {times['function']:9.1f} {times['model']:9.1f} {between:8.1f}"
            f" {times['batch']:10.1f} {times['map']:7.1f}   isa {model.isa}"
        )


def timed(rounds: int, each: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Call each in turn, and return the median of its times in microseconds."""
    times: dict[str, list[float]] = {name: [] for name in each}
    for _ in range(rounds):
        for name, call in each.items():
            begin = time.perf_counter()
            call()
            times[name].append(1e6 * (time.perf_counter() - begin))
    return {name: statistics.median(found) for name, found in times.items()}
