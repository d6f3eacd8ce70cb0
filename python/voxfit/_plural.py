"""A number with its noun, for messages."""

from __future__ import annotations


def count(n: int, noun: str) -> str:
    """1 voxel, 2 voxels."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
