"""Trace the parts of a task in Ray's processes, in CPU seconds of the thread that does them.

The driver imports this module, and Ray calls ``trace_worker`` in each worker that it starts. For each task a worker
appends a line to a file of its own, so that tracing adds no messages to those that Ray sends.
"""

import json
import os
import time

FOLDER = "VOXFIT_RAYTRACE"


class Clock:
    """CPU seconds of this thread by name, and bytes by name."""

    def __init__(self):
        self.seconds = {}
        self.bytes = {}
        self._inside = []

    def timed(self, name, call, *args, **kwargs):
        """Make a call, and add its CPU time, less that of timed calls inside of it."""
        self._inside.append(0.0)
        begin = time.thread_time()
        try:
            return call(*args, **kwargs)
        finally:
            took = time.thread_time() - begin
            inside = self._inside.pop()
            self.seconds[name] = self.seconds.get(name, 0.0) + took - inside
            if self._inside:
                self._inside[-1] += took

    def count(self, name, number):
        """Add to a number of bytes."""
        self.bytes[name] = self.bytes.get(name, 0) + number

    def taken(self):
        """Return the times and bytes since the last call."""
        found = {"seconds": self.seconds, "bytes": self.bytes}
        self.seconds, self.bytes = {}, {}
        return found


clock = Clock()


def trace_serialization(pickle, unpickle, then=lambda: None):
    """Time Ray's serialization and deserialization in this process under these names.

    Call ``then`` after each serialized value.
    """
    from ray._private.serialization import SerializationContext as Context

    serialize, deserialize = Context.serialize, Context.deserialize_objects

    def traced_serialize(self, value):
        serialized = clock.timed(pickle, serialize, self, value)
        clock.count(pickle, serialized.total_bytes)
        then()
        return serialized

    def traced_deserialize(self, *args, **kwargs):
        return clock.timed(unpickle, deserialize, self, *args, **kwargs)

    Context.serialize, Context.deserialize_objects = traced_serialize, traced_deserialize


def trace_worker():
    """Set up tracing in a worker.

    Ray calls this in each worker that it starts. A task ends with pickling its results.
    """
    file = open(os.path.join(os.environ[FOLDER], f"{os.getpid()}.jsonl"), "a", buffering=1)
    trace_serialization("pickle", "unpickle", lambda: file.write(json.dumps(clock.taken()) + "\n"))


def fit_dipys_chunk(*args, **kwargs):
    """Do and time DIPY's work on a chunk."""
    from dipy.reconst.multi_voxel import _parallel_fit_worker

    return clock.timed("fit", _parallel_fit_worker, *args, **kwargs)


def fit_voxfits_batch(*args, **kwargs):
    """Do and time voxfit's work on a batch."""
    from voxfit.dipy._engines import fit_batch

    return clock.timed("fit", fit_batch, *args, **kwargs)
