"""Compute from the runs of trace_ray.py what a voxel and a task cost in each part."""

import csv

import numpy as np
from scipy.optimize import nnls

# The published study's size, and what was fitted to its runs (kbench explain): here for comparison alone.
PUBLISHED_VOXELS = 435686
PUBLISHED = {"serial": "6.2 s (5.5 to 6.8)", "task": "0.85 ms (0.73 to 0.97)"}
RESAMPLES = 400

# Who does each part. The parts of the driver's own thread are serial: it does one after another, and alone.
SERIAL = ("mask and copy", "submit", "pickle arguments", "wait", "get", "unpickle results", "paramap", "gather")
SUMS = {
    "the driver's own thread": SERIAL,
    "the workers' own, the fit left out": ("unpickle", "pickle", "worker, else"),
    "Ray's other threads and processes": ("driver, else", "raylet", "gcs_server", "others"),
}


def tables(path, out):
    """Print a table for each family and number of CPUs."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    for family, cpus in sorted({(r["family"], int(r["cpus"])) for r in rows}):
        runs = [r for r in rows if r["family"] == family and int(r["cpus"]) == cpus]
        table(family, cpus, runs, out)


def table(family, cpus, runs, out):
    """Print one table: the medians of some of its runs, then the costs of each part."""
    parts = list(runs[0])[9:]
    sizes = np.array([[float(r["voxels"]), float(r["tasks"])] for r in runs])
    print(f"\n{family} with Ray, {cpus} CPU{'s' * (cpus > 1)}, {len(runs)} runs", file=out)
    print("bytes a task:", _bytes(runs, sizes), file=out)
    shares = np.array([float(r["cpu"]) / (cpus * float(r["wall"])) for r in runs])
    print(f"CPU time over wall time x CPUs: median {np.median(shares):.2f}", file=out)
    print(f"{'part':34} {'us a voxel':>10} {'95%':>16} {'us a task':>10} {'95%':>16} {'ns a pair':>10}", file=out)
    seconds = {part: np.array([float(r[part]) for r in runs]) for part in parts}
    each = {part: costs(sizes, seconds[part], pairs=part == "wait") for part in parts}
    for name, of in ({part: (part,) for part in parts} | SUMS).items():
        best, low, high = together([each[part] for part in of])
        print(
            f"{name:34} {1e6 * best[0]:10.2f} {_interval(low[0], high[0])} {1e6 * best[1]:10.1f} "
            f"{_interval(low[1], high[1])} {1e9 * best[2]:10.1f}",
            file=out,
        )
    best, low, high = together([each[part] for part in SERIAL])
    print(
        f"extrapolated to {PUBLISHED_VOXELS:,} voxels, by the rates of a voxel alone: the driver's own thread "
        f"{PUBLISHED_VOXELS * best[0]:.2f} s ({PUBLISHED_VOXELS * low[0]:.2f} to {PUBLISHED_VOXELS * high[0]:.2f}); "
        f"fitted to the published runs: serial part {PUBLISHED['serial']}, a task {PUBLISHED['task']}",
        file=out,
    )


def _interval(low, high):
    return f"{1e6 * low:7.1f} to {1e6 * high:<6.1f}"


def _bytes(runs, sizes):
    argument = np.array([float(r["argument_bytes"]) for r in runs])
    result = np.array([float(r["result_bytes"]) for r in runs])
    a, b = np.linalg.lstsq(sizes, argument, rcond=None)[0], np.linalg.lstsq(sizes, result, rcond=None)[0]
    return f"arguments {a[1]:.0f} + {a[0]:.0f} a voxel, results {b[1]:.0f} + {b[0]:.0f} a voxel"


def costs(sizes, seconds, pairs):
    """Return seconds for each voxel, task and pair of tasks: first from all runs, then from resampled runs.

    The costs are a non-negative least-squares fit of relative errors to the numbers of voxels and tasks. If pairs is
    true, pairs of tasks have a cost, too, because ray.wait looks at all remaining tasks each time a task is done.
    """
    random = np.random.default_rng(1)  # each part gets the same draws of runs, so that draws can be added over parts
    columns = np.c_[sizes, sizes[:, 1] ** 2 / 2 * pairs]
    found = [_solve(columns, seconds)]
    for _ in range(RESAMPLES):
        pick = random.integers(0, len(seconds), len(seconds))
        found.append(_solve(columns[pick], seconds[pick]))
    return np.array(found)


def together(parts):
    """Return the sum of the costs of some parts, with its 95% interval."""
    total = np.sum(parts, axis=0)
    low, high = np.percentile(total[1:], [2.5, 97.5], axis=0)
    return total[0], low, high


def _solve(columns, seconds):
    weights = 1 / np.maximum(np.abs(seconds), np.abs(seconds).max() / 50 + 1e-12)
    scale = np.abs(columns * weights[:, None]).max(0)
    scale[scale == 0] = 1
    solution, _ = nnls(columns * weights[:, None] / scale, np.maximum(seconds, 0) * weights)
    return solution / scale
