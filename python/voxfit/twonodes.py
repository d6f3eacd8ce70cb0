"""Fits a subject with Ray on two nodes of one machine, one of which is killed during the fit.

``python -m voxfit.bench two-nodes DWI --voxels 435686`` repeats the voxels of an image up to a number, fits them
in one thread and through ``engine="ray"``, and says whether the results are the same bits, and how many bytes
Ray has spilled. Both nodes together have an object store of 1 GB.
"""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

import functools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import numpy as np

STORE_OF_NODE = 500 * 10**6
WARM_UP_VOXELS = 8192


def two_nodes(gtab: Any, response: Any, signal: np.ndarray, voxels: int, report: TextIO) -> bool:
    """Measure CSD and free water, and report what was found.

    Parameters
    ----------
    gtab : GradientTable
    response : tuple
        For CSD.
    signal : ndarray, shape (any number, measurements)
    voxels : int
        The signal is repeated, or cut, to this number.
    report : file
        What is found, in plain lines.

    Returns
    -------
    holds : bool
        All results were the same bits, nothing was spilled, and the node was killed while it fitted.
    """
    from voxfit.dipy import ConstrainedSphericalDeconvModel, FreeWaterTensorModel

    signal = np.resize(signal, (voxels, signal.shape[1]))
    say = functools.partial(print, file=report, flush=True)
    say(
        f"{voxels} voxels x {signal.shape[1]}, {signal.dtype}, {signal.nbytes / 1e6:.0f} MB; "
        f"two nodes of one CPU, object stores of {STORE_OF_NODE / 1e6:.0f} MB each"
    )
    models = [
        (ConstrainedSphericalDeconvModel(gtab, response), "shm_coeff"),
        (FreeWaterTensorModel(gtab), "model_params"),
    ]
    held = [_holds(model, attribute, signal, say) for model, attribute in models]  # each is tried
    return all(held)


def _holds(model: Any, attribute: str, signal: np.ndarray, say: Callable[[str], None]) -> bool:
    from voxfit.dipy import spilled_bytes

    model.fit(signal[:WARM_UP_VOXELS], n_threads=1)
    seconds, alone = _timed(lambda: model.fit(signal, n_threads=1))
    say(f"{type(model).__name__}\n{'one thread':18} {seconds:6.2f} s")

    def through_ray(title: str, ending: Callable[[], str] = lambda: "") -> tuple[bool, float]:
        seconds, fit = _timed(lambda: model.fit(signal, engine="ray"))
        same = all(np.array_equal(getattr(fit, a), getattr(alone, a)) for a in (attribute, "status"))
        spilled = spilled_bytes()
        say(
            f"{title:18} {seconds:6.2f} s  the same bits: {'yes' if same else 'NO'}  spilled: {spilled} bytes{ending()}"
        )
        return same and spilled == 0, seconds

    with joined_cluster(STORE_OF_NODE) as (cluster, worker):
        model.fit(signal[:WARM_UP_VOXELS], engine="ray", vox_per_chunk=WARM_UP_VOXELS // 8)
        both, seconds = through_ray("two nodes")
        killer = _Killer(cluster, worker, seconds / 2)
        one, _ = through_ray("one killed", killer.told)
    return both and one and killer.killed


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = run()
    return time.perf_counter() - begin, result


@contextmanager
def joined_cluster(object_store: int, **settings: Any) -> Iterator[tuple[Any, Any]]:
    """A cluster of two nodes of one CPU on this machine, which this process joins.

    All its files are in a temporary folder, which is removed at the end, after a crash too.

    Parameters
    ----------
    object_store : int
        Bytes of each node's object store.
    **settings
        Of Ray itself, its ``_system_config``.

    Yields
    ------
    cluster, node
        Ray's Cluster, and the node that is not this process's.
    """
    import ray
    from ray.cluster_utils import Cluster

    from voxfit.dipy._scratch import ScratchFolder

    scratch = ScratchFolder()
    before = os.environ.get("RAY_TMPDIR")
    os.environ["RAY_TMPDIR"] = scratch.path  # and not the argument temp_dir, which holds for a part of the files
    cluster = Cluster()
    node: dict[str, Any] = {"num_cpus": 1, "object_store_memory": object_store}
    try:
        cluster.add_node(**node, _system_config=settings)
        worker = cluster.add_node(**node)
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        yield cluster, worker
    finally:
        ray.shutdown()
        cluster.shutdown()
        if before is None:
            del os.environ["RAY_TMPDIR"]
        else:
            os.environ["RAY_TMPDIR"] = before
        scratch.remove()


class _Killer:
    """Kills a node at the first moment after a delay at which it has work."""

    def __init__(self, cluster: Any, node: Any, delay: float) -> None:
        self._cluster, self._node, self._delay = cluster, node, delay
        self._over = threading.Event()
        self._killed_at: float | None = None
        self._begin = time.perf_counter()
        self._thread = threading.Thread(target=self._kill, daemon=True)
        self._thread.start()

    def _kill(self) -> None:
        time.sleep(self._delay)
        while not self._is_busy():
            if self._over.wait(0.01):
                return
        self._killed_at = time.perf_counter() - self._begin
        self._cluster.remove_node(self._node, allow_graceful=False)

    def _is_busy(self) -> bool:
        from ray._private.state import available_resources_per_node

        return available_resources_per_node()[self._node.node_id].get("CPU", 0) == 0

    def told(self) -> str:
        """What became of the node, now that the fit is over."""
        self._over.set()
        self._thread.join()
        if self._killed_at is None:
            return "  not killed: it had no work after half of the time, more voxels would give it some"
        return f"  SIGKILL at {self._killed_at:.2f} s, while it fitted"

    @property
    def killed(self) -> bool:
        return self._killed_at is not None
