"""Measure where the CPU time of DIPY's fits with Ray goes, by part, over numbers of voxels and of chunks.

    python bench/raytrace/trace_ray.py DWI -o trace.csv # measure, and print the tables; some minutes python
    bench/raytrace/trace_ray.py --table trace.csv # print the tables of an earlier measurement

DWI is an image that ``kbench phantom`` wrote. Each run fits its first voxels by DIPY's CSD with ``engine="ray"``, or
by voxfit's through the same engine, in a number of chunks. All processes are restricted to one CPU, or to two. Python's
own work is timed inside Python: in the driver the parts around DIPY's ``paramap``, in the workers unpickling, the fit
and pickling. The time of Ray's own threads and processes is read from /proc. Times are CPU seconds, which other
programs hardly change. On one CPU they add up to the time of the run, if the machine has nothing else to do.
"""

import argparse
import csv
import glob
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Parts of the driver's own thread, of the workers' own, and of all else.
PARTS = (
    "mask and copy", "submit", "pickle arguments", "wait", "get", "unpickle results", "paramap", "gather",
    "unpickle", "fit", "pickle", "worker, else", "driver, else", "raylet", "gcs_server", "others",
)  # fmt: skip
COLUMNS = ("family", "cpus", "voxels", "tasks", "round", "wall", "cpu", "argument_bytes", "result_bytes", *PARTS)


class TracedRay:
    """Ray for paramap, with times of submitting, waiting and getting."""

    def __init__(self, ray, clock):
        self._ray, self._clock = ray, clock

    def __getattr__(self, name):
        return getattr(self._ray, name)

    def remote(self, function):
        remote, clock = self._ray.remote(function), self._clock

        class Traced:
            @staticmethod
            def remote(*args, **kwargs):
                return clock.timed("submit", remote.remote, *args, **kwargs)

        return Traced

    def wait(self, *args, **kwargs):
        return self._clock.timed("wait", self._ray.wait, *args, **kwargs)

    def get(self, *args, **kwargs):
        return self._clock.timed("get", self._ray.get, *args, **kwargs)


class Trace:
    """A cluster on a number of CPUs, and its runs."""

    def __init__(self, cpus, folder):
        import ray
        import traced_tasks
        from dipy.reconst import multi_voxel
        from dipy.utils import parallel

        from voxfit.dipy import _engines

        self.cpus, self.folder, self.clock = cpus, folder, traced_tasks.clock
        self._patched = [(parallel, "ray"), (parallel, "paramap"), (multi_voxel, "paramap")]
        self._patched += [(multi_voxel, "_parallel_fit_worker"), (_engines, "fit_batch")]
        self._before = [getattr(module, name) for module, name in self._patched]
        self._paramap = parallel.paramap
        parallel.ray = TracedRay(ray, self.clock)
        parallel.paramap = multi_voxel.paramap = self._timed_paramap
        multi_voxel._parallel_fit_worker = traced_tasks.fit_dipys_chunk
        _engines.fit_batch = traced_tasks.fit_voxfits_batch
        os.environ[traced_tasks.FOLDER] = str(folder)
        ray.init(
            num_cpus=cpus, include_dashboard=False, log_to_driver=False, logging_level="error",
            _temp_dir=str(folder / "ray"), object_store_memory=500 * 10**6,
            runtime_env={"worker_process_setup_hook": "traced_tasks.trace_worker"},
        )  # fmt: skip

    def close(self):
        import ray

        ray.shutdown()
        for (module, name), before in zip(self._patched, self._before):
            setattr(module, name, before)

    def _timed_paramap(self, *args, **kwargs):
        self._entered = time.thread_time()
        kwargs["clean_spill"] = False  # True would remove a folder that Ray does not use here
        results = self.clock.timed("paramap", self._paramap, *args, **kwargs)
        self._left = time.thread_time()
        return results

    def run(self, model, data, mask, vox_per_chunk):
        """Make one fit, and return its parts in CPU seconds."""
        from processes import cpu_by_role

        self.clock.taken()
        self._workers_said()
        before, begin, began = cpu_by_role(), time.perf_counter(), time.thread_time()
        model.fit(data, mask=mask, engine="ray", n_jobs=self.cpus, vox_per_chunk=vox_per_chunk)
        ended, wall = time.thread_time(), time.perf_counter() - begin
        time.sleep(0.05)  # a worker writes its last line after it has sent its result
        roles = cpu_by_role()
        roles.subtract(before)
        taken, (worker, result_bytes) = self.clock.taken(), self._workers_said()
        driver = taken["seconds"]
        parts = {"mask and copy": self._entered - began, "gather": ended - self._left}
        parts |= {name: driver.get(name, 0.0) for name in PARTS[1:7]}
        parts |= {name: worker[name] for name in ("unpickle", "fit", "pickle")}
        parts["worker, else"] = roles["worker"] - sum(worker.values())
        parts["driver, else"] = roles["driver"] - (ended - began)
        parts |= {name: roles[name] for name in ("raylet", "gcs_server", "others")}
        return {
            "wall": wall, "cpu": sum(roles.values()), "argument_bytes": taken["bytes"].get("pickle arguments", 0),
            "result_bytes": result_bytes, **parts,
        }  # fmt: skip

    def _workers_said(self):
        """Return the CPU seconds by part, and the bytes of results, of the workers since the last call."""
        seconds, size = Counter(), 0
        for path in glob.glob(str(self.folder / "*.jsonl")):
            with open(path, "r+") as file:
                for line in file:
                    said = json.loads(line)
                    seconds.update(said["seconds"])
                    size += said["bytes"].get("pickle", 0)
                file.truncate(0)
        return seconds, size


def measure(arguments):
    """Measure in rounds, and write a row for each run as soon as it ends."""
    from traced_tasks import trace_serialization

    from voxfit.bench import read_phantom
    from voxfit.dipy._benched import make

    gtab, response, data, mask = read_phantom(arguments.dwi)
    signal = data[mask]
    trace_serialization("pickle arguments", "unpickle results")
    with open(arguments.output, "w", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        for cpus in arguments.cpus:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cpus])
            with tempfile.TemporaryDirectory(prefix="vt-") as folder:
                trace = Trace(cpus, Path(folder))
                models = {f: make(f, "csdm", "", gtab, response, None) for f in arguments.families}
                for number in range(arguments.rounds + 1):
                    for family, voxels, chunks in settings(arguments, len(signal)):
                        block = signal[:voxels].reshape(voxels, 1, 1, -1)
                        if number == 0:  # workers start and import modules
                            voxels, chunks, block = 16 * cpus, cpus, block[: 16 * cpus]
                        inside = [[[True]]] * voxels
                        found = trace.run(models[family], block, as_mask(inside), voxels // chunks)
                        row = {"family": family, "cpus": cpus, "voxels": voxels, "tasks": chunks, "round": number}
                        if number > 0:
                            rows.writerow(row | {k: f"{v:.9g}" for k, v in found.items()})
                            file.flush()
                        said = f"{family}, {cpus} CPUs, {voxels} voxels, {chunks} tasks: {found['wall']:.3f} s"
                        print(said, file=sys.stderr)
                trace.close()
            os.sched_setaffinity(0, range(os.cpu_count() or 1))


def as_mask(inside):
    """Return a mask as an array with the shape of its image."""
    import numpy as np

    return np.array(inside).reshape(len(inside), 1, 1)


def settings(arguments, most):
    """Return family, voxels and chunks of each run of a round. Chunks have equal sizes."""
    for voxels in arguments.voxels:
        if voxels > most:
            sys.exit(f"{arguments.dwi} has {most} voxels, and --voxels asks for {voxels}: write a larger phantom")
        for chunks in arguments.chunks:
            if chunks <= voxels and voxels % chunks == 0:
                for family in arguments.families:
                    yield family, voxels, chunks


def main():
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dwi", nargs="?", help="a 4D image by kbench phantom")
    parser.add_argument("-o", "--output", default="trace.csv", help="the CSV file of all runs")
    parser.add_argument("--table", metavar="CSV", help="measure nothing: the tables of these runs")
    parser.add_argument("--voxels", type=int, nargs="+", default=[512, 2048, 8192])
    parser.add_argument("--chunks", type=int, nargs="+", default=[8, 32, 128, 512])
    parser.add_argument("--cpus", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--families", nargs="+", choices=["dipy", "voxfit"], default=["dipy", "voxfit"])
    arguments = parser.parse_args()
    sys.path.insert(0, str(HERE))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    if not arguments.table:
        if not arguments.dwi:
            parser.error("DWI is needed: the image of kbench phantom --voxels 8192 -o synthetic")
        os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        measure(arguments)
    from costs import tables

    tables(arguments.table or arguments.output, sys.stdout)


if __name__ == "__main__":
    main()
