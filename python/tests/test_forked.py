"""A process that was forked after the library was used starts a program that makes its fits."""

import contextlib
import errno
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from conftest import EVALS, FITS

import voxfit
from voxfit import _forked, _kept, _native

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def in_fork(do, ends_by=None):
    """Call a function in a forked process, and return what it returns."""
    _native.library()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        signal.alarm(120)  # kills a child that hangs
        try:
            said = pickle.dumps((do(), None))
        except BaseException:
            said = pickle.dumps((None, traceback.format_exc()))
        with open(write, "wb") as pipe:
            pipe.write(said)
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        said = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 0, code
    value, error = pickle.loads(said)
    assert error is None, error
    return value


def programs(owner):
    """Return the programs that make fits for a process, by their numbers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            if int(status[1]) == owner and status[0] != "Z" and b"_fitter" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def is_there(process):
    """Tell whether a process still has a thread.

    Its first thread may end before the others. Only when all have ended are its files closed, and can its parent wait
    for it.
    """
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return False
    state, threads = fields[0], int(fields[17])
    return state != "Z" or threads > 1


def gone_within(process, seconds):
    end = time.monotonic() + seconds
    while is_there(process):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    """Fail a test that leaves a name in shared memory."""
    shared = Path("/dev/shm")
    before = set(shared.iterdir()) if shared.exists() else set()
    yield
    after = set(shared.iterdir()) if shared.exists() else set()
    assert not [path.name for path in after - before if "voxfit" in path.name or "psm" in path.name]


def test_every_model_fits_the_same_bits_as_its_parent(fit, data, mask):
    want = fit(data, mask=mask)
    maps = {name: want[name] for name in want}

    def again():
        found = fit(data, mask=mask)
        assert found.model is not want.model
        assert np.array_equal(found.params, want.params) and np.array_equal(found.status, want.status)
        assert np.array_equal(found.iterations, want.iterations) and found.model.isa == want.model.isa
        for name, values in maps.items():
            np.testing.assert_array_equal(found[name], values, err_msg=name)
        assert np.array_equal(want.model.fit(data, mask=mask).params, want.params)  # a model made before the fork
        return True

    assert in_fork(again)


def test_data_of_any_layout_fit_the_same_bits_in_parts(data, gtab, mask, monkeypatch):
    wide = np.repeat(data, 2, axis=1)
    forms = {
        "reversed": (data[::-1, :, ::2], mask[::-1, :, ::2]),
        "Fortran": (np.asfortranarray(data), mask),
        "int16": (data.astype(np.int16), mask),
        "uint8": ((data / 5).astype(np.uint8), mask),
        "big-endian": (data.astype(">f4"), None),
        "every other": (wide[:, ::2], None),
        "one voxel many times": (np.broadcast_to(data[0, 0, 0], (50, 96)), None),
        "one voxel": (data[1, 2, 3], None),
        "rows with gaps": (np.repeat(data.reshape(-1, 96), 2, axis=1)[:, ::2], None),
    }
    want = {name: voxfit.fit_dti(d, gtab, mask=m).params for name, (d, m) in forms.items()}
    monkeypatch.setattr(_forked, "_PART_BYTES", 20_000)  # a dozen voxels

    def again():
        return {name: voxfit.fit_dti(d, gtab, mask=m).params for name, (d, m) in forms.items()}

    for name, params in in_fork(again).items():
        np.testing.assert_array_equal(params, want[name], err_msg=name)


def test_a_process_warns_once_from_the_callers_line_and_starts_one_program(data, gtab):
    def fits():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                voxfit.fit_dti(data, gtab)
                voxfit.fit_csd(data, gtab, (EVALS, 1000.0))
        return [(w.category, w.filename, str(w.message)) for w in caught], programs(os.getpid())

    said, started = in_fork(fits)
    assert [(category, file) for category, file, _ in said] == [(voxfit.ForkedWarning, __file__)]
    assert "was forked" in said[0][2] and "spawn" in said[0][2]
    assert len(started) == 1 and gone_within(started[0], 10)


def test_a_process_that_was_forked_before_the_first_use_has_no_program():
    code = (
        "import os, sys, voxfit\n"
        "child = os.fork()\n"
        "from voxfit import _native\n"
        "voxfit.Model('dti', ([0] + [1e3] * 6, [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [.6, .8, 0], [0, .6, .8], "
        "[.6, 0, .8]]))\n"
        "assert not _native.is_forked() and 'voxfit._forked' not in sys.modules\n"
        "if child: assert os.waitpid(child, 0)[1] == 0"
    )
    subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-c", code], check=True)


def test_a_forked_process_of_a_forked_process_has_its_own_program(data, gtab):
    want = voxfit.fit_dti(data, gtab).params

    def grandchild():
        found = voxfit.fit_dti(data, gtab).params
        return np.array_equal(found, want), programs(os.getpid())

    def child():
        first = voxfit.fit_dti(data, gtab).params
        before = programs(os.getpid())
        equal, theirs = in_fork(grandchild)
        again = voxfit.fit_dti(data, gtab).params
        assert programs(os.getpid()) == before and gone_within(theirs[0], 10)
        return equal and np.array_equal(first, want) and np.array_equal(again, want) and theirs != before

    assert in_fork(child)


def test_images_and_peaks_go_through_the_program_too(data, gtab, tmp_path, monkeypatch):
    nibabel = pytest.importorskip("nibabel")
    from voxfit.peaks import find_peaks

    nibabel.save(nibabel.Nifti1Image(data.astype(np.int16), np.eye(4)), tmp_path / "dwi.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.ones((7, 8, 9), np.uint8), np.eye(4)), tmp_path / "mask.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.ones((7, 8, 9), np.uint8), 2 * np.eye(4)), tmp_path / "other.nii.gz")
    monkeypatch.chdir(tmp_path)
    values, edges = np.array([[1.0, 3, 2], [3, 1, 2]]), [[0, 1], [1, 2], [0, 2]]
    want = voxfit.fit_dti("dwi.nii.gz", gtab, mask="mask.nii.gz").params

    def child():
        found = voxfit.fit_dti("dwi.nii.gz", gtab, mask="mask.nii.gz").params
        with pytest.raises(ValueError, match=r"other\.nii\.gz"):
            voxfit.fit_dti("dwi.nii.gz", gtab, mask="other.nii.gz")
        with pytest.raises(ValueError, match="in memory"):
            voxfit.fit_dti("dwi.nii.gz", gtab, mask=nibabel.Nifti1Image(np.ones((7, 8, 9), np.uint8), 2 * np.eye(4)))
        with pytest.raises(ValueError, match=r"nothing\.nii"):
            voxfit.load("nothing.nii")
        return found, voxfit.load("dwi.nii.gz"), find_peaks(values, np.eye(3), edges)

    found, read, peaks = in_fork(child)
    np.testing.assert_array_equal(found, want)
    np.testing.assert_array_equal(read, data.astype(np.float32))
    np.testing.assert_array_equal(peaks, find_peaks(values, np.eye(3), edges))


def test_errors_and_progress_are_those_of_a_fit_in_the_parent(data, gtab):
    def child():
        with pytest.raises(TypeError, match="did you mean method"):
            voxfit.fit_dti(data, gtab, mehtod="nls")
        with pytest.raises(ValueError, match="lmax"):
            voxfit.fit_csd(data, gtab, (EVALS, 1000.0), lmax=3)
        calls = []
        voxfit.fit_dti(data, gtab, progress=lambda done, voxels: calls.append((done, voxels)))
        return calls

    calls = in_fork(child)
    assert calls[-1] == (504, 504) and calls == sorted(calls)


# A fit that takes minutes.
def endless(gtab):
    rows = np.random.default_rng(1).uniform(1, 1000, (1000, 96))
    model = voxfit.Model("msmt", gtab, **FITS["fit_msmt"])
    return model, np.broadcast_to(rows, (4000, 1000, 96))


@pytest.mark.parametrize("at", ["start", "fit"])
def test_keyboard_interrupt_ends_the_fit_and_the_process_goes_on(at, data, gtab):
    want = voxfit.fit_dti(data, gtab).params

    def child():
        model, long = endless(gtab)
        if at == "fit":
            model.fit(long[0])
        # Ctrl-C in a terminal sends SIGINT to all processes of the group.
        threading.Timer(1 if at == "fit" else 0.02, lambda: os.killpg(os.getpgrp(), signal.SIGINT)).start()
        begin = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            model.fit(long)
        took = time.monotonic() - begin
        return took, voxfit.fit_dti(data, gtab).params

    def in_own_group():
        os.setpgrp()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return child()

    took, found = in_fork(in_own_group)
    assert took < 60  # the whole fit would take minutes
    np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize("busy", [False, True])
def test_the_program_is_gone_with_its_owner_however_that_ends(busy, gtab, data):
    read, write = os.pipe()
    model, long = endless(gtab)
    child = os.fork()
    if child == 0:
        voxfit.fit_dti(data, gtab)
        os.write(write, b"%d\n" % programs(os.getpid())[0])
        if busy:
            model.fit(long)
        time.sleep(60)
        os._exit(0)
    os.close(write)
    with open(read) as pipe:
        program = int(pipe.readline())
    time.sleep(0.5)
    assert is_there(program)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert gone_within(program, 10)


def test_a_program_that_is_killed_is_an_error_that_says_so_and_the_next_fit_starts_another(gtab, data):
    want = voxfit.fit_dti(data, gtab).params

    def child():
        kept = voxfit.fit_dti(data, gtab)
        (idle,) = programs(os.getpid())
        os.kill(idle, signal.SIGKILL)
        assert gone_within(idle, 10)
        assert np.array_equal(voxfit.fit_dti(data, gtab).params, want)  # nothing was lost
        model, long = endless(gtab)
        (busy,) = programs(os.getpid())
        threading.Timer(0.5, lambda: os.kill(busy, signal.SIGKILL)).start()
        with pytest.raises(voxfit.Error, match="killed by signal 9, so that nothing was fitted"):
            model.fit(long)
        assert np.array_equal(kept.model.fit(data).params, want)
        assert len(programs(os.getpid())) == 1
        return len(os.listdir("/proc/self/fd"))

    assert in_fork(child) < 60


def test_threads_of_a_forked_process_share_the_program(data, gtab):
    from concurrent.futures import ThreadPoolExecutor

    want = {name: getattr(voxfit, name)(data[0], gtab, **FITS[name]).params for name in FITS}

    def child():
        with ThreadPoolExecutor(6) as pool:
            jobs = {name: [] for name in FITS}
            for name in list(FITS) * 4:
                jobs[name].append(pool.submit(getattr(voxfit, name), data[0], gtab, **FITS[name]))
            assert all(np.array_equal(job.result().params, want[name]) for name in FITS for job in jobs[name])
        voxfit.clear_cache()
        voxfit.fit_dti(data[0], gtab)
        return len(programs(os.getpid()))

    assert in_fork(child) == 1


def test_a_fit_takes_one_thread_unless_more_are_asked_for(data, gtab, monkeypatch):
    asked = []
    numbers = _forked._numbers
    monkeypatch.setattr(_forked, "_numbers", lambda *a: asked.append(numbers(*a)) or asked[-1])

    def child():
        for n_threads in (None, 3, -1):
            voxfit.fit_dti(data, gtab, n_threads=n_threads)
        return [numbers["threads"] for numbers in asked]

    assert in_fork(child) == [1, 3, 0]


def test_a_missing_python_and_a_full_memory_are_errors_that_say_so(data, gtab, monkeypatch):
    def without_python():
        from multiprocessing import spawn

        for executable in ("/nowhere/python", None):
            monkeypatch.setattr(spawn, "_python_exe", executable)
            with pytest.raises(voxfit.ForkedError, match="start processes with spawn"):
                voxfit.fit_dti(data, gtab)
        return True

    def without_room():
        voxfit.fit_dti(data[0, 0, 0], gtab)

        def full(*arguments):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr(os, "posix_fallocate", full)
            with pytest.raises(MemoryError, match="no room for .* MiB of memory shared"):
                voxfit.fit_dti(data, gtab)
        return voxfit.fit_dti(data, gtab).params

    assert in_fork(without_python)
    np.testing.assert_array_equal(in_fork(without_room), voxfit.fit_dti(data, gtab).params)


def test_a_daemon_that_has_closed_its_standard_files_fits_the_same_bits(data, gtab):
    def daemon():
        os.closerange(0, 3)
        voxfit.fit_dti(data[0], gtab)
        with contextlib.suppress(OSError):
            os.write(1, b"what it prints reaches nothing that the program reads")
        return voxfit.fit_dti(data, gtab).params

    np.testing.assert_array_equal(in_fork(daemon), voxfit.fit_dti(data, gtab).params)


def test_limits_of_a_process_are_errors_after_which_fits_go_on(data, gtab):
    def without_descriptors():
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 1, most[1]))
        held = []
        with pytest.raises(OSError):
            while True:
                held.append(os.dup(0))
        with pytest.raises(voxfit.ForkedError, match="cannot be started: .*Too many open files"):
            voxfit.fit_dti(data, gtab)
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
        return voxfit.fit_dti(data, gtab).params

    def without_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        with pytest.raises(MemoryError, match="no room for 1 MiB of memory shared"):
            voxfit.fit_dti(data, gtab)
        return True

    np.testing.assert_array_equal(in_fork(without_descriptors), voxfit.fit_dti(data, gtab).params)
    assert in_fork(without_room)


def test_where_the_system_has_no_memfd_an_unnamed_file_serves(data, gtab, tmp_path, monkeypatch):
    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def child():
        return voxfit.fit_dti(data, gtab).params, os.listdir(tmp_path)

    params, files = in_fork(child)
    np.testing.assert_array_equal(params, voxfit.fit_dti(data, gtab).params)
    assert files == []


def test_a_forked_process_keeps_no_model_and_waits_for_no_lock(data, gtab):
    want = voxfit.fit_dti(data[0], gtab)
    fa = want.fa
    with _kept._lock:  # another thread may hold it at the moment of the fork
        found = in_fork(lambda: (len(_kept._models), voxfit.fit_dti(data[0], gtab).fa, want.fa, voxfit.clear_cache()))
    assert found[0] == 0 and np.array_equal(found[1], fa) and np.array_equal(found[2], fa)
    assert voxfit.fit_dti(data[0], gtab).model is want.model


def fit_slab(model, slab):
    """Fit in a worker, and return the number of its process and the parameters."""
    return os.getpid(), model.fit(slab).params


def test_workers_of_a_pool_fit_the_same_bits(data, gtab):
    model = voxfit.Model("csdm", gtab, response=(EVALS, 1000.0))
    want = model.fit(data).params
    with get_context("fork").Pool(2) as pool:
        found = pool.starmap(fit_slab, [(model, slab) for slab in data], chunksize=1)
        started = [program for worker in {pid for pid, _ in found} for program in programs(worker)]
    assert np.array_equal(np.concatenate([params for _, params in found]), want)
    assert 1 <= len(started) <= 2 and all(gone_within(program, 10) for program in started)


@pytest.mark.parametrize("backend", ["multiprocessing", "loky", "threading"])
def test_workers_of_joblib_fit_the_same_bits(backend, data, gtab):
    joblib = pytest.importorskip("joblib")
    model = voxfit.Model("dti", gtab)
    want = model.fit(data).params
    found = joblib.Parallel(n_jobs=2, backend=backend)(joblib.delayed(fit_slab)(model, slab) for slab in data)
    assert np.array_equal(np.concatenate([params for _, params in found]), want)
