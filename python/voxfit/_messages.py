"""Sends objects through a socket, each as its length and its pickle."""

from __future__ import annotations

import pickle
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("<Q")


def send(link: socket.socket, message: Any) -> None:
    """Send an object as a whole."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    link.sendall(_LENGTH.pack(len(body)) + body)


def receive(link: socket.socket) -> Any:
    """Wait for an object; EOFError if the other side is gone."""
    (length,) = _LENGTH.unpack(_exactly(link, _LENGTH.size))
    return pickle.loads(_exactly(link, length))


def _exactly(link: socket.socket, length: int) -> bytes:
    found = bytearray()
    while len(found) < length:
        part = link.recv(length - len(found))
        if not part:
            raise EOFError
        found += part
    return bytes(found)
