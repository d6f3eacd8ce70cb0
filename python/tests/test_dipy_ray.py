"""engine="ray": on a cluster of two nodes on this machine, with a small object store."""

import glob
import os
import subprocess
import sys
import textwrap
import threading
import time
import uuid

import numpy as np
import pytest

pytest.importorskip("dipy")
ray = pytest.importorskip("ray")
pytest.importorskip("grpc")
from ray._private.state import GlobalState  # noqa: E402

import voxfit.dipy as vd  # noqa: E402
from phantoms import acquisition  # noqa: E402
from voxfit.twonodes import joined_cluster  # noqa: E402

RESPONSE = (np.array([1.7e-3, 0.3e-3, 0.3e-3]), 100.0)
STORE = 200 * 2**20


@pytest.fixture
def cluster(monkeypatch):
    # Workers of both nodes import voxfit and the helpers of these tests as this process does.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    # Ray takes a node for dead after five failed checks, which here are one second apart instead of three.
    with joined_cluster(STORE, health_check_period_ms=1000) as joined:
        yield joined


def models(gtab):
    return {
        "csdm": (vd.ConstrainedSphericalDeconvModel(gtab, RESPONSE), "shm_coeff"),
        "fwdtim": (vd.FreeWaterTensorModel(gtab), "model_params"),
    }


def test_two_nodes_give_the_bits_of_one_thread_and_spill_nothing(cluster, monkeypatch):
    gtab, signal = acquisition(voxels=30000, dtype=np.float64)
    data = signal.reshape(30, 100, 10, -1)
    mask = np.random.default_rng(1).random(data.shape[:3]) > 0.2
    for model, attribute in models(gtab).values():
        serial = model.fit(data, mask=mask, n_threads=1)
        there = model.fit(data, mask=mask, engine="ray")
        np.testing.assert_array_equal(getattr(there, attribute), getattr(serial, attribute))
        np.testing.assert_array_equal(there.status, serial.status)
    assert len({n["NodeID"] for n in ray.nodes() if n["Alive"]}) == 2
    assert vd.spilled_bytes() == 0
    # For some seconds Ray does not know that a node has died. Such a node must not be asked, wherever it is listed.
    worker, listed = cluster[1], GlobalState.node_table
    worker.kill_raylet()
    monkeypatch.setattr(
        GlobalState, "node_table", lambda s: sorted(listed(s), key=lambda n: n["NodeID"] != worker.node_id)
    )
    assert vd.spilled_bytes() == 0


def test_a_process_joins_the_cluster_that_ray_address_names(cluster):
    script = """
        import numpy as np, ray, voxfit.dipy
        from phantoms import acquisition
        gtab, signal = acquisition(voxels=3000)
        model = voxfit.dipy.FreeWaterTensorModel(gtab)
        there = model.fit(signal, engine="ray", vox_per_chunk=500)
        print(len(ray.nodes()), np.array_equal(there.model_params, model.fit(signal).model_params))
    """
    environment = dict(os.environ, RAY_ADDRESS=cluster[0].address)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)], env=environment, capture_output=True, text=True
    )
    assert done.stdout == "2 True\n", done.stderr


def test_data_larger_than_the_object_store_are_not_spilled(cluster):
    gtab, signal = acquisition(voxels=4096, dtype=np.float64)
    data = np.tile(signal, (2 * STORE // signal.nbytes, 1))
    assert data.nbytes > 1.5 * STORE
    model = vd.ConstrainedSphericalDeconvModel(gtab, RESPONSE)
    there = model.fit(data, engine="ray")
    np.testing.assert_array_equal(there.shm_coeff, model.fit(data).shm_coeff)
    assert vd.spilled_bytes() == 0


def test_a_node_that_dies_in_the_middle_loses_nothing(cluster, tmp_path):
    nodes, worker = cluster
    gtab, signal = acquisition(voxels=20000)
    model = Witnessed(vd.FreeWaterTensorModel(gtab).native(), str(tmp_path), worker.node_id)

    def kill_in_the_middle():
        deadline = time.time() + 300  # for Ray to start a process on that node
        while len(model.begun()) < 3 and time.time() < deadline:
            time.sleep(0.05)
        nodes.remove_node(worker, allow_graceful=False)
        (tmp_path / "killed").touch()

    killer = threading.Thread(target=kill_in_the_middle, daemon=True)
    killer.start()
    there = vd.fit_rows(model, signal, engine="ray", vox_per_chunk=500)
    killer.join()
    assert (tmp_path / "killed").exists()  # Ray may not know yet that the node is dead
    assert len(model.begun()) == 3 and len(list(tmp_path.glob("*-*"))) > 40, "no batch was done again"
    for ours, expected in zip(there, model.native.fit(signal)):
        np.testing.assert_array_equal(ours, expected)
    assert vd.spilled_bytes() == 0


class Witnessed:
    """A native model that writes a file, named after its node, for each batch that it begins.

    The node that is to be killed finishes two batches and never a third. The others finish none until it is
    killed.
    """

    def __init__(self, native, folder, doomed):
        self.native, self.folder, self.doomed = native, folder, doomed

    def begun(self):
        return glob.glob(os.path.join(self.folder, f"{self.doomed}-*"))

    def fit(self, signal, n_threads=None, mask=None):
        node = ray.get_runtime_context().get_node_id()
        open(os.path.join(self.folder, f"{node}-{uuid.uuid4()}"), "w").close()
        killed = os.path.join(self.folder, "killed")
        while len(self.begun()) > 2 if node == self.doomed else not os.path.exists(killed):
            time.sleep(0.05)
        return self.native.fit(signal, n_threads, mask)


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "pass"])
def test_folders_are_removed_even_after_a_crash(end):
    script = f"""
        import os
        import numpy as np, ray
        from voxfit.dipy import _ray
        # By default Ray spills nothing onto a disk that is full to 95%.
        options = {{"local_fs_capacity_threshold": 1.0}}
        _ray.connect(num_cpus=1, object_store_memory=100 * 2**20, _system_config=options)
        kept = [ray.put(np.ones(2**22)) for _ in range(5)]
        print(_ray.spilled_bytes(), _ray._scratch.path, flush=True)
        {end}
    """
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env=environment, capture_output=True, text=True
    )
    assert done.stdout, done.stderr
    spilled, folder = done.stdout.split()
    assert int(spilled) > 0, "the script must leave something on disk"
    absent_since = time.time()
    deadline = time.time() + 180
    while time.time() < min(deadline, absent_since + 5):
        if os.path.exists(folder):
            absent_since = time.time()
        time.sleep(0.1)
    assert not os.path.exists(folder)
