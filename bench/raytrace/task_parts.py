"""Measure what one task of DIPY with Ray costs the driver's own thread, by kinds of tasks with one part more each.

    python bench/raytrace/task_parts.py -o parts.csv      # measure, and print the table; half a minute
    python bench/raytrace/task_parts.py --table parts.csv

The first kind of task is empty. The next has the voxels of a chunk. The next also has DIPY's CSD model, by reference
(``ray.put`` once) or by value, as in DIPY. The next returns fits, each with the model. Tasks of these kinds are all
submitted, and then all results are fetched at once, as in the published study's program. DIPY 1.12 and newer waits for
results and fetches them one by one, which is the last part. No task computes anything. Times are CPU time of the
driver's own thread, whose work nothing else can do.
"""

import argparse
import csv
import importlib.metadata
import os
import statistics
import sys
import tempfile
import time
from functools import partial

import numpy as np

# Each part is the difference of two kinds of tasks, or one kind alone.
PARTS = {
    "an empty task": ("empty", None),
    "the chunk's voxels": ("chunk", "empty"),
    "the model, by reference": ("reference", "chunk"),
    "the model, by value": ("value", "chunk"),
    "fits that come back": ("fits", "value"),
    "the sum: a task of the study's program": ("fits", None),
    "waiting and getting one by one": ("one by one", "fits"),
    "the sum: a task of DIPY today": ("one by one", None),
}


def study_model():
    """Return a CSD model with as many directions as in the HCP protocol: 18 b0 and three shells of 90."""
    from dipy.core.gradients import gradient_table
    from dipy.reconst.csdeconv import ConstrainedSphericalDeconvModel

    directions = np.random.default_rng(1).normal(size=(288, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    bvals = np.array([0.0] * 18 + [1000.0] * 90 + [2000.0] * 90 + [3000.0] * 90)
    directions[:18] = 0
    response = (np.array([0.0017, 0.0003, 0.0003]), 1000.0)
    return ConstrainedSphericalDeconvModel(gradient_table(bvals, bvecs=directions), response)


def fit_nothing(*_):
    """Do a task without work or result."""


def fit_chunk(chunk, fit):
    """Return a fit for each voxel. Each fit has the model, as in DIPY."""
    from dipy.reconst.shm import SphHarmFit

    return [SphHarmFit(fit.keywords["model"], np.zeros(45), None) for _ in chunk]


def thread_seconds(kind, tasks, chunks, model, ray):
    """Return the CPU seconds of the driver's own thread for a number of tasks of a kind."""
    remote = ray.remote(fit_chunk if kind in ("fits", "one by one") else fit_nothing)
    by_value = partial(fit_chunk, model=model)
    reference = ray.put(by_value)
    arguments = {"empty": (), "chunk": (None,), "reference": (None, reference)}.get(kind, (None, by_value))
    begin = time.thread_time()
    futures = [remote.remote(*(chunk if a is None else a for a in arguments)) for chunk in chunks[:tasks]]
    if kind == "one by one":
        while futures:
            done, futures = ray.wait(futures, num_returns=1)
            ray.get(done[0])
    else:
        ray.get(futures)
    return time.thread_time() - begin


def measure(arguments):
    """Measure all kinds in turn, round by round."""
    import ray

    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cpus])
    model = study_model()
    random = np.random.default_rng(1)
    chunks = [random.normal(size=(arguments.voxels, 288)).astype(np.float32) for _ in range(arguments.tasks)]
    kinds = list(dict.fromkeys(kind for kind, _ in PARTS.values()))
    with tempfile.TemporaryDirectory(prefix="vt-") as folder, open(arguments.output, "w", newline="") as file:
        ray.init(num_cpus=arguments.cpus, include_dashboard=False, log_to_driver=False, logging_level="error",
                 _temp_dir=folder, object_store_memory=500 * 10**6)  # fmt: skip
        rows = csv.writer(file)
        rows.writerow(("ray", "dipy", "cpus", "voxels", "tasks", "round", "kind", "us_a_task"))
        versions = (importlib.metadata.version("ray"), importlib.metadata.version("dipy"))
        for number in range(arguments.rounds + 1):
            for k in range(len(kinds)):
                kind = kinds[(k + number) % len(kinds)]
                seconds = thread_seconds(kind, arguments.tasks, chunks, model, ray)
                if number > 0:  # in the first round workers start and import modules
                    micro = f"{1e6 * seconds / arguments.tasks:.1f}"
                    rows.writerow((*versions, arguments.cpus, arguments.voxels, arguments.tasks, number, kind, micro))
                    file.flush()
        ray.shutdown()


def table(path, out):
    """Print medians over the rounds, with 95% intervals of the median that end at two of the rounds."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    for key in sorted({(r["ray"], r["dipy"], r["cpus"], r["voxels"]) for r in rows}):
        chosen = [r for r in rows if (r["ray"], r["dipy"], r["cpus"], r["voxels"]) == key]
        found = {(r["kind"], r["round"]): float(r["us_a_task"]) for r in chosen}
        rounds = sorted({r["round"] for r in chosen})
        print(f"\nRay {key[0]}, DIPY {key[1]}, CPUs: {key[2]}, {key[3]} voxels, {len(rounds)} rounds", file=out)
        print("the driver's own thread, us a task:", file=out)
        for part, (kind, without) in PARTS.items():
            each = sorted(found[kind, n] - (found[without, n] if without else 0) for n in rounds)
            low, high = interval(each)
            print(f"  {part:40} {statistics.median(each):7.0f} ({low:.0f} to {high:.0f})", file=out)


def interval(ascending):
    """Return the narrowest interval between two of the values that has the median at 95%, by the sign test."""
    from scipy.stats import binom

    n = len(ascending)
    k = max(int(binom.ppf(0.025, n, 0.5)) - 1, 0)
    return ascending[k], ascending[n - 1 - k]


def main():
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", default="parts.csv", help="the CSV file of all rounds")
    parser.add_argument("--table", metavar="CSV", help="measure nothing: the table of these rounds")
    parser.add_argument("--cpus", type=int, default=2, help="CPUs for all processes")
    parser.add_argument("--voxels", type=int, default=53, help="of a chunk; 53: the published subject in 2^13 chunks")
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    if not arguments.table:
        measure(arguments)
    table(arguments.table or arguments.output, sys.stdout)


if __name__ == "__main__":
    main()
