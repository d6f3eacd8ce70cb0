"""A temporary folder that is gone after the process, however the process ends."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile

# Outlives this process: waits until our end of the pipe closes, which a crash does too, and removes the
# folder. Those who still write into it (Ray's processes end a moment after their driver) get some time.
_JANITOR = """
import shutil, sys, time
sys.stdin.read()
for _ in range(100):
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    time.sleep(0.1)
    try:
        open(sys.argv[1]).close()
    except FileNotFoundError:
        break
    except OSError:
        pass
"""


class ScratchFolder:
    """A new folder in the system's temporary directory, removed by :meth:`remove`, at the end of the
    interpreter, or by a janitor process once this process is gone.

    Attributes
    ----------
    path : str
        The folder. Short, for Ray makes socket names below it, which may have 107 characters.
    """

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="voxfit-")
        self._janitor = subprocess.Popen(
            [sys.executable, "-S", "-c", _JANITOR, self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/" if os.name == "posix" else None,
        )
        atexit.register(self.remove)

    def remove(self):
        """Remove the folder now."""
        atexit.unregister(self.remove)
        shutil.rmtree(self.path, ignore_errors=True)
        if self._janitor.poll() is None:
            self._janitor.stdin.close()
            self._janitor.wait()
