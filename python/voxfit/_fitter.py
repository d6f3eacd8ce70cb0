"""The program that fits for a process which was forked after the library was loaded (`_forked` starts it).

It reads requests from the socket that is its standard input. When its owner is gone it ends, even in the middle of a
request. Arrays are in memory that both share: a block that begins with the abort flag and the count of voxels done.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import select
import socket
import threading
from typing import Any

from . import _native
from ._messages import receive, send

ABORT, DONE, FIRST = 0, 8, 64  # places in the block: the flag, the count, and the first array


def serve(memory: int, owner: int) -> None:
    """Answer requests until the process numbered owner is gone; memory is the file descriptor of the block."""
    link = socket.socket(fileno=0)
    threading.Thread(target=_end_with, args=(link, owner), daemon=True).start()
    block: mmap.mmap | None = None
    while True:
        try:
            freed, size, function, arguments = receive(link)
        except (EOFError, OSError):
            return
        for name, handle in freed:
            getattr(_native.library(), name)(handle)
        try:
            if function == "run":
                if block is None or len(block) != size:
                    block = mmap.mmap(memory, size)
                _run(block, *arguments)
                answer: Any = None
            else:
                answer = getattr(_native, function)(*arguments)
        except Exception as err:
            answer = err
        send(link, answer)


def _end_with(link: socket.socket, owner: int) -> None:
    """End this process when the other end of the link is closed, or the owner is no longer the parent."""
    poll = select.poll()
    poll.register(link, getattr(select, "POLLRDHUP", select.POLLHUP))
    while not poll.poll(1000) and os.getppid() == owner:
        pass
    os._exit(0)


def _run(
    block: mmap.mmap, name: str, handle: int | None, kind: str, numbers: dict[str, Any], places: dict[str, Any]
) -> None:
    """Make a native call whose arrays lie at these places of the block."""
    start = ctypes.addressof(ctypes.c_char.from_buffer(block))
    request = getattr(_native, kind)(**numbers)
    request.size = ctypes.sizeof(request)
    for field, place in places.items():
        if isinstance(place, list):
            table = (ctypes.c_void_p * len(place))(*(None if p is None else start + p for p in place))
            setattr(request, field, table)
        else:
            setattr(request, field, start + place)
    request.abort_flag = ctypes.cast(start + ABORT, ctypes.POINTER(ctypes.c_int32))
    request.progress = ctypes.cast(start + DONE, ctypes.POINTER(ctypes.c_int64))
    _native.call(name, *(() if handle is None else (handle,)), ctypes.byref(request))
