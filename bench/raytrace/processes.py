"""Read the CPU seconds of this process and of all processes that it has started, by their role in Ray (Linux)."""

import contextlib
import os
from collections import Counter


def cpu_by_role():
    """Return the seconds so far of the threads that still exist, by role: driver, worker, raylet, gcs and others."""
    seconds = Counter()
    for pid in _descendants(os.getpid()):
        with contextlib.suppress(OSError):
            seconds[_role(pid)] += sum(_thread_seconds(pid, thread) for thread in os.listdir(f"/proc/{pid}/task"))
    return seconds


def _thread_seconds(pid, thread):
    try:
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            return int(file.read().split()[0]) * 1e-9
    except OSError:  # it has ended meanwhile
        return 0.0


def _descendants(root):
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(name))
    found, next_ones = [], [root]
    while next_ones:
        pid = next_ones.pop()
        found.append(pid)
        next_ones += children.get(pid, [])
    return found


def _role(pid):
    if pid == os.getpid():
        return "driver"
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        command = file.read().decode(errors="replace")
    program = command.split("\0")[0]
    if program.startswith("ray::"):
        return "worker"
    for role in ("raylet", "gcs_server"):
        if program.endswith(role):
            return role
    return "worker" if "default_worker.py" in command else "others"
