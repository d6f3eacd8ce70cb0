"""What is traced in Ray's processes: CPU seconds of the parts of a task, by the thread that does them.

The driver imports this module, and each worker calls ``trace_worker`` when it starts. A worker appends a line to a
file of its own for each thing that it did, so that nothing but the tasks' own messages goes through Ray.
"""

import json
import os
import time

FOLDER = "VOXFIT_RAYTRACE"


class Clock:
    """CPU seconds of this thread by name, and bytes; what runs inside of something else counts for itself alone."""

    def __init__(self):
        self.seconds = {}
        self.bytes = {}
        self._inside = []

    def timed(self, name, call, *args, **kwargs):
        """Call, and add the CPU time that it took, less that of the calls timed inside of it."""
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
        """What was found since the last call."""
        found = {"seconds": self.seconds, "bytes": self.bytes}
        self.seconds, self.bytes = {}, {}
        return found


clock = Clock()


def trace_serialization(pickle, unpickle):
    """Time what Ray serializes and deserializes in this process, under these two names."""
    from ray._private.serialization import SerializationContext as Context

    serialize, deserialize = Context.serialize, Context.deserialize_objects

    def traced_serialize(self, value):
        serialized = clock.timed(pickle, serialize, self, value)
        clock.count(pickle, serialized.total_bytes)
        return serialized

    def traced_deserialize(self, *args, **kwargs):
        return clock.timed(unpickle, deserialize, self, *args, **kwargs)

    Context.serialize, Context.deserialize_objects = traced_serialize, traced_deserialize


def trace_worker():
    """Ray calls this in each worker that it starts."""
    trace_serialization("pickle", "unpickle")


def traced(task):
    """A task whose own time is kept. What its process did since the task before goes into the process's file."""

    def fit(*args, **kwargs):
        result = clock.timed("fit", task, *args, **kwargs)
        # Results are pickled after this: that of the last task of a run is lost to its file, and written by flush.
        flush()
        return result

    return fit


def flush():
    """Append what was found since the last call."""
    with open(os.path.join(os.environ[FOLDER], f"{os.getpid()}.jsonl"), "a") as file:
        file.write(json.dumps(clock.taken()) + "\n")
