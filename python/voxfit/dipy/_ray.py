"""Prepares Ray for the engine: starts it if it does not run, and makes it spill into a folder that is removed."""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

import atexit
import os
from typing import Any

from dipy.utils.optpkg import optional_package

from voxfit.dipy._scratch import ScratchFolder

ray, has_ray, _ = optional_package("ray")
_, has_grpc, _ = optional_package("grpc")
_scratch: ScratchFolder | None = None


def connect(**options: Any) -> int:
    """Join the Ray that runs, or start one on this machine.

    A Ray that is started here keeps all its files, spilled objects too, in a temporary folder. The folder is
    removed by :func:`shutdown` or when the process ends, also after a crash.

    Parameters
    ----------
    **options
        Of ``ray.init``, as ``num_cpus`` and ``object_store_memory``. An ``address``, or $RAY_ADDRESS,
        joins a cluster that is up.

    Returns
    -------
    cpus : int
        CPUs of all machines.
    """
    global _scratch
    if not has_ray:
        raise ray()
    if not ray.is_initialized():
        options = dict({"include_dashboard": False, "log_to_driver": False, "logging_level": "warning"}, **options)
        if "address" not in options and not os.environ.get("RAY_ADDRESS"):
            _scratch = ScratchFolder()
            options = dict({"_temp_dir": _scratch.path, "object_spilling_directory": _scratch.path}, **options)
            atexit.register(shutdown)
        ray.init(**options)
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def shutdown() -> None:
    """Leave Ray, and remove the folder if it was started here."""
    global _scratch
    if has_ray and ray.is_initialized():
        ray.shutdown()
    if _scratch is not None:
        atexit.unregister(shutdown)
        _scratch.remove()
        _scratch = None


def spilled_bytes() -> int | None:
    """Bytes that Ray has moved from memory to disk, on all machines, since it was started.

    It is 0 when Ray does not run, and None when Ray cannot be asked, because the package grpcio is missing.
    """
    if not has_ray or not ray.is_initialized():
        return 0
    if not has_grpc:
        return None
    from ray._private.internal_api import get_memory_info_reply

    # Ray would ask any machine that it believes to be alive, even one that has just died. We ask this one, which is
        # alive and asks the others.
    here = ray.get_runtime_context().get_node_id()
    address, port = next((n["NodeManagerAddress"], n["NodeManagerPort"]) for n in ray.nodes() if n["NodeID"] == here)
    return get_memory_info_reply(None, address, port).store_stats.spilled_bytes_total
