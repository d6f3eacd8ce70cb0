"""The work of a task, in the library that kbench metg has built; workers import it."""

import ctypes
import os

_library = ctypes.CDLL(os.environ["VOXFIT_METG_KERNEL"])
_library.metg_work.argtypes = [ctypes.c_uint64, ctypes.c_uint64]
_library.metg_work.restype = ctypes.c_uint64
_library.metg_alone.argtypes = [ctypes.c_uint64]
_library.metg_alone.restype = ctypes.c_double


def work(task):
    """Do the work of one task, from its seed, for so many iterations, without Python's lock."""
    return _library.metg_work(*task)


def alone(iterations):
    """Seconds that one task takes in a loop of C in this process."""
    return _library.metg_alone(iterations)
