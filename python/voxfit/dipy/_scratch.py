"""A temporary folder that is removed when the process ends, however it ends."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile

# This program outlives ours. It waits until our end of the pipe closes, as it also does after a crash, and removes
# the folder. Ray's processes end up to half a minute after their driver and may make the folder again, so it is
# removed repeatedly for a minute.
_JANITOR = """
import shutil, sys, time
sys.stdin.read()
for _ in range(240):
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    time.sleep(0.25)
"""


class ScratchFolder:
    """A new folder in the system's temporary directory, removed by :meth:`remove`, at the end of the
    interpreter, or by a janitor process once this process is gone.

    Attributes
    ----------
    path : str
        The folder. It is short, because Ray makes sockets below it, whose paths may have 107 characters.
    """

    def __init__(self) -> None:
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

    def remove(self) -> None:
        """Remove the folder now, and again if late writers make it anew."""
        atexit.unregister(self.remove)
        shutil.rmtree(self.path, ignore_errors=True)
        if self._janitor.stdin is not None:
            self._janitor.stdin.close()
