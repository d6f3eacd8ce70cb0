"""The library in a process: loading, threads, spawned processes, Ctrl-C, progress, pickles and memory."""

import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from conftest import FITS

import voxfit


def in_new_process(code):
    """Run lines of Python in a new process, and return what they print."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_library_is_loaded_on_first_use():
    loaded = "print('libvoxfit' in open('/proc/self/maps').read())"
    bvecs = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0], [0, 0.6, 0.8], [0.6, 0, 0.8]]
    first = f"voxfit.Model('dti', ([0] + [1e3] * 6, {bvecs}))"
    assert in_new_process(f"import voxfit; {loaded}; {first}; {loaded}") == "False\nTrue"


def test_a_missing_library_is_an_error_that_says_so():
    code = (
        "import os; os.environ['VOXFIT_LIBRARY'] = '/nowhere.so'\n"
        "import voxfit\n"
        "try: voxfit.Model('dti', ([0, 1000], [[0, 0, 0], [1, 0, 0]]))\n"
        "except voxfit.Error as err: print(err)"
    )
    assert "/nowhere.so" in in_new_process(code)


def test_models_and_results_pickle_without_handles(data, gtab):
    model = voxfit.Model("dti", gtab, method="nls")
    result = model.fit(data)
    again = pickle.loads(pickle.dumps(model))
    assert again._made is None
    assert np.array_equal(again.fit(data).params, result.params)
    assert np.array_equal(pickle.loads(pickle.dumps(result))["fa"], result["fa"])


def fit_slab(model, slab):
    """Fit in another process."""
    return model.fit(slab).params


def test_spawned_processes_fit_the_same_bits(data, gtab):
    model = voxfit.Model("csdm", gtab, response={"evals": [0.0017, 0.0003, 0.0003], "s0": 1000})
    want = model.fit(data).params
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(fit_slab, [model] * len(data), data))
    assert np.array_equal(np.concatenate(parts), want)


def test_threads_share_a_model(data, gtab):
    model = voxfit.Model("csdm", gtab, response={"evals": [0.0017, 0.0003, 0.0003], "s0": 1000})
    want = model.fit(data).params.reshape(7, 8, 9, -1)
    with ThreadPoolExecutor(8) as pool:
        for i, part in enumerate(pool.map(lambda i: model.fit(data[i % 7], n_threads=2).params, range(40))):
            assert np.array_equal(part.reshape(8, 9, -1), want[i % 7])


# A fit that would take minutes is interrupted after a moment. The script prints how long it went on, divided by the
# time of the whole fit. The latter is 2000 times that of one slab, so it allows for a slow or busy machine.
INTERRUPTED = """
import os, signal, threading, time
import numpy as np, voxfit
rng = np.random.default_rng(1)
bvals = np.r_[np.zeros(6), np.tile([1000., 2000.], 45)]
bvecs = rng.normal(size=(96, 3)); bvecs /= np.linalg.norm(bvecs, axis=1)[:, None]; bvecs[:6] = 0
signal_ = 100 * np.exp(-bvals * 1e-3 * (0.3 + bvecs[:, 0] ** 2)) + rng.normal(size=(1000, 96))
model = voxfit.Model("msmt", (bvals, bvecs), response=[
    dict(name="WM", zonal=[[350, 0, 0, 0, 0], [170, -60, 20, -5, 1], [110, -60, 25, -8, 2]]),
    dict(name="CSF", zonal=[[350], [20], [2]])])
data = np.broadcast_to(signal_, (2000, 1000, 96))
model.fit(data[0])
begin = time.monotonic()
model.fit(data[0])
whole = 2000 * (time.monotonic() - begin)
sent = []
def send(done=None, voxels=None):
    if not sent:
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
if {progress}:
    start = lambda: None
else:
    start = threading.Timer(1, send).start
start()
try:
    model.fit(data, progress=send if {progress} else None)
except KeyboardInterrupt:
    print((time.monotonic() - sent[0]) / whole)
assert np.isfinite(model.fit(data[0]).params).all()
"""


@pytest.mark.parametrize("progress", [False, True])
def test_keyboard_interrupt_stops_a_fit(progress):
    # It is 0.001 on an idle machine with two cores.
    assert float(in_new_process(INTERRUPTED.replace("{progress}", str(progress)))) < 0.25


class Bar:
    """The part of a tqdm bar that is used."""

    n = 0

    def update(self, added):
        self.n += added


def test_progress_ends_at_all_voxels(data, gtab):
    calls, bar = [], Bar()
    voxfit.fit_dti(data, gtab, progress=lambda done, voxels: calls.append((done, voxels)))
    assert calls[-1] == (504, 504) and calls == sorted(calls)
    voxfit.fit_dti(data, gtab, progress=bar)
    assert bar.n == 504


def test_an_error_in_progress_ends_the_fit(data, gtab):
    def fail(done, voxels):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        voxfit.fit_dti(data, gtab, progress=fail)


def test_fits_from_other_threads_take_progress_too(data, gtab):
    bars = [Bar() for _ in range(4)]
    threads = [threading.Thread(target=voxfit.fit_dti, args=(data, gtab), kwargs={"progress": bar}) for bar in bars]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [bar.n for bar in bars] == [504] * 4


def resident():
    """Return the memory of this process in MB."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.parametrize("threads", [1, 8])
def test_twenty_thousand_fits_do_not_grow(data, gtab, threads):
    voxels = data.reshape(-1, 96)[:8]
    model = voxfit.Model("dti", gtab)

    def fit(times):
        for i in range(times):
            model.fit(voxels)
            if i % 100 == 0:
                voxfit.Model("dti", gtab)  # made and freed

    def fits(n):  # one task for each thread: twenty thousand tasks would take memory of their own
        for _ in pool.map(fit, [n // threads] * threads):
            pass

    with ThreadPoolExecutor(threads) as pool:
        fits(5000)
        before = resident()
        fits(20000)
        assert resident() - before < 20


def test_all_models_are_used_by_eight_threads_at_once(data, gtab):
    def one(name):
        return getattr(voxfit, name)(data[0], gtab, **FITS[name]).params

    want = {name: one(name) for name in FITS}
    with ThreadPoolExecutor(8) as pool:
        for name, params in zip(list(FITS) * 4, pool.map(one, list(FITS) * 4)):
            assert np.array_equal(params, want[name])
