"""What bench/raytrace reports about the parts of DIPY's fits with Ray."""

import csv
import io
import sys
import time
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "bench" / "raytrace"
if not FOLDER.is_dir():
    pytest.skip("bench/raytrace is not here", allow_module_level=True)
sys.path.insert(0, str(FOLDER))

costs = pytest.importorskip("costs")
traced_tasks = pytest.importorskip("traced_tasks")
trace = pytest.importorskip("trace_ray")
processes = pytest.importorskip("processes")


def spend(seconds):
    """Use the CPU for a while."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_nested_timings_count_once():
    clock = traced_tasks.Clock()

    def outer():
        spend(0.01)
        clock.timed("inner", spend, 0.02)

    begin = time.thread_time()
    clock.timed("outer", outer)
    took = time.thread_time() - begin
    seconds = clock.taken()["seconds"]
    assert 0.02 <= seconds["inner"] <= took - 0.01
    assert seconds["inner"] + seconds["outer"] == pytest.approx(took, abs=1e-3)
    assert clock.taken() == {"seconds": {}, "bytes": {}}


def test_known_costs_are_found_again():
    sizes = np.array([[v, n] for v in (512, 1024, 2048) for n in (8, 32, 128, 512)] * 2, float)
    noise = np.random.default_rng(3).normal(1, 0.02, len(sizes))
    first = costs.costs(sizes, (20e-6 * sizes[:, 0] + 2e-3 * sizes[:, 1]) * noise, pairs=False)
    second = costs.costs(sizes, (1e-3 * sizes[:, 1] + 700e-9 * sizes[:, 1] ** 2 / 2) * noise, pairs=True)
    best, low, high = costs.together([first, second])
    assert best == pytest.approx([20e-6, 3e-3, 700e-9], rel=0.15)
    assert (low <= best).all() and (best <= high).all()
    assert (high - low)[1] < 0.2 * best[1]


def test_a_table_has_each_part_and_their_sums(tmp_path):
    path = tmp_path / "trace.csv"
    rows = [
        ["dipy", "1", v, n, 1, 1.0, 0.9, 300000 * n + 1152 * v, 400 * v, *[1e-6 * v + 1e-4 * n] * len(trace.PARTS)]
        for v in (256, 512, 1024)
        for n in (8, 64)
    ]
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([trace.COLUMNS, *rows])
    out = io.StringIO()
    costs.tables(path, out)
    text = out.getvalue()
    for part in (*trace.PARTS, *costs.SUMS):
        assert part in text
    assert "arguments 300000 + 1152 a voxel, results 0 + 400 a voxel" in text
    assert f"driver's own thread {435686 * 8e-6:.2f} s" in text


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc")
def test_this_process_counts_as_the_driver():
    before = processes.cpu_by_role()["driver"]
    spend(0.05)
    assert processes.cpu_by_role()["driver"] - before >= 0.04
