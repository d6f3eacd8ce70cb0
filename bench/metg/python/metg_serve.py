"""Tasks handed out by Python's schedulers, in one process that stays warm.

JSON lines in, JSON lines out. The first line is ``{"opponent": NAME, "workers": N}``; the answer is the version of the
scheduler. Each further line is ``[NAME, TASKS, ITERATIONS]``; the answer is how many seconds so many tasks took, the
sum of their results, and the seconds that one task takes alone.
"""

import json
import os
import sys
import tempfile
import time
from importlib.metadata import version

from metg_task import alone, work


class Multiprocessing:
    """Pool.map, one task at a time."""

    def __init__(self, workers):
        import multiprocessing
        import platform

        self.version = "Python " + platform.python_version()
        self._pool = multiprocessing.Pool(workers)

    def run(self, tasks):
        return self._pool.map(work, tasks, chunksize=1)

    def close(self):
        self._pool.terminate()


class Joblib:
    """Parallel with the backend loky, one task at a time."""

    def __init__(self, workers):
        import joblib

        self.version = "joblib " + version("joblib")
        self._delayed = joblib.delayed
        self._parallel = joblib.Parallel(n_jobs=workers, backend="loky", batch_size=1)
        self._parallel.__enter__()

    def run(self, tasks):
        return self._parallel(self._delayed(work)(task) for task in tasks)

    def close(self):
        self._parallel.__exit__(None, None, None)


class Dask:
    """dask.compute of delayed calls on threads, as DIPY's engine does it."""

    def __init__(self, workers):
        import dask

        self.version = "dask " + version("dask")
        self._dask, self._workers = dask, workers

    def run(self, tasks):
        delayed = self._dask.delayed(work)
        return self._dask.compute(*[delayed(task) for task in tasks], scheduler="threads", num_workers=self._workers)

    def close(self):
        pass


class DaskDistributed:
    """A client's map, on a process for each worker."""

    def __init__(self, workers):
        from distributed import Client, LocalCluster

        self.version = "distributed " + version("distributed")
        self._cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        )
        self._client = Client(self._cluster)

    def run(self, tasks):
        return self._client.gather(self._client.map(work, tasks, pure=False))

    def close(self):
        self._client.close()
        self._cluster.close()


class Ray:
    """A remote function, and get."""

    def __init__(self, workers):
        import ray

        self.version = "ray " + version("ray")
        self._ray = ray
        ray.init(
            num_cpus=workers,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            object_store_memory=100 * 2**20,
            _temp_dir=tempfile.gettempdir(),  # a folder that kbench removes
        )
        self._work = ray.remote(work)

    def run(self, tasks):
        return self._ray.get([self._work.remote(task) for task in tasks])

    def close(self):
        self._ray.shutdown()


OPPONENTS = {
    "multiprocessing": Multiprocessing,
    "joblib": Joblib,
    "dask": Dask,
    "dask-distributed": DaskDistributed,
    "ray": Ray,
}


def serve(lines, say):
    """Answer one line after another until there are no more."""
    first = json.loads(next(lines))
    try:
        opponent = OPPONENTS[first["opponent"]](first["workers"])
    except ImportError as error:
        say({"error": f"not installed: {error}"})
        return
    say({"version": opponent.version})
    for line in lines:
        _, tasks, iterations = json.loads(line)
        before = alone(iterations)
        begin = time.perf_counter()
        results = opponent.run([(i, iterations) for i in range(tasks)])
        seconds = time.perf_counter() - begin
        say({"seconds": seconds, "sum": sum(results) % 2**64, "task_s": min(before, alone(iterations))})
    opponent.close()


def main():
    """Keep standard output for answers, whatever the schedulers print."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(message):
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    serve(iter(sys.stdin.readline, ""), say)


if __name__ == "__main__":
    main()
