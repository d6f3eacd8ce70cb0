"""Programs of other people, which run with DIPY patched by a command or by VOXFIT_DIPY=1."""

import copy
import os
import pickle
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("dipy")
from dipy.data import get_sphere
from dipy.reconst import csdeconv, dti, fwdti, mcsd, sfm
from test_dipy import RESPONSE, multi_shell_response

import voxfit.dipy as vd
from phantoms import acquisition

BIN = Path(sys.executable).parent
long_tests = pytest.mark.skipif(not os.environ.get("VOXFIT_LONG"), reason="long: make test-long")


def run(*command, code=0, **keywords):
    """Run a command, check its exit code, and return its output and its errors."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), **keywords.pop("env", {}))
    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, env=environment, timeout=900, **keywords
    )
    assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-4000:])
    return done.stdout, done.stderr


PROGRAM = """
import sys
from dipy.reconst.dti import TensorModel
import there                        # a module beside the program
print(TensorModel.__module__, __name__, sys.argv[1:], there.NUMBER)
if "fit" in sys.argv:
    import numpy as np
    from dipy.core.gradients import gradient_table
    bvecs = np.r_[np.zeros((1, 3)), np.eye(3), np.ones((3, 3)) / 3**.5 * [[1, 1, 1], [1, -1, 1], [-1, 1, 1]]]
    model = TensorModel(gradient_table(np.r_[0, np.full(6, 1e3)], bvecs=bvecs))
    print(model.fit(np.full((2, 7), 100.)).fa.shape)
sys.exit(3)
"""


@pytest.fixture
def program(tmp_path):
    """A program of someone else's."""
    (tmp_path / "there.py").write_text("NUMBER = 7\n")
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path / "program.py"


def test_a_program_runs_patched_with_its_arguments_and_its_exit_code(program):
    out, err = run(sys.executable, "-m", "voxfit.dipy", program, "fit", "--fast", code=3)
    assert out.splitlines() == ["voxfit.dipy._tensor __main__ ['fit', '--fast'] 7", "(2,)"]
    assert err.splitlines()[-1] == "voxfit: native fits of this process: dti 1"


def test_a_program_whose_python_has_a_path_too_long_for_its_first_line_runs(program):
    by_shell = f"#!/bin/sh\n'''exec' \"{sys.executable}\" \"$0\" \"$@\"\n' '''\n"  # as pip writes it
    program.write_text(by_shell + PROGRAM)
    out, _ = run(sys.executable, "-m", "voxfit.dipy", program.rename(program.with_suffix("")), code=3)
    assert out.splitlines() == ["voxfit.dipy._tensor __main__ [] 7"]


@pytest.mark.parametrize("first", ["csdeconv", "dti", "fwdti", "mcsd", "sfm"])
def test_all_models_are_native_whichever_was_imported_before_patch(first):
    out, err = run(
        sys.executable, "-W", "error::RuntimeWarning", "-c",
        f"import dipy.reconst.{first}, voxfit.dipy\n"
        "voxfit.dipy.patch()\n"
        "from dipy.reconst import csdeconv, dti, fwdti, mcsd, sfm\n"
        "models = (csdeconv.ConstrainedSphericalDeconvModel, dti.TensorModel, fwdti.FreeWaterTensorModel,\n"
        "          mcsd.MultiShellDeconvModel, sfm.SparseFascicleModel)\n"
        "print([m.__module__ for m in models])",
    )
    assert out.split("'")[1::2] == [f"voxfit.dipy._{m}" for m in ("csd", "tensor", "freewater", "multishell", "sfm")]
    assert "cannot patch" not in err


def test_a_file_that_is_not_a_python_program_is_refused_in_one_line(tmp_path):
    text, shell, folder = tmp_path / "a.txt", tmp_path / "a.sh", tmp_path / "folder"
    text.write_text("words\n")
    shell.write_text("#!/bin/sh\n")
    folder.mkdir()
    for name, words in [
        (text, "is not a Python program"),
        (shell, "is run by /bin/sh, expected a Python program"),
        (folder, "is a folder"),
        ("no-such-program", "there is no program no-such-program"),
    ]:
        _, err = run(sys.executable, "-m", "voxfit.dipy", name, code=1)
        assert words in err and err.count("\n") == 1, err
    _, err = run(sys.executable, "-m", "voxfit.dipy", code=1)
    assert err.startswith("usage: ")
    _, err = run(sys.executable, "-m", "voxfit.dipy", "-m", "no.such", code=1)
    assert err == f"voxfit: there is no module no.such in this Python ({sys.executable})\n"


def test_a_program_that_closes_stderr_or_has_none_keeps_its_output_and_its_exit_code(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import sys\nprint(1)\nsys.stderr.close()\nsys.exit(3)\n")
    assert run(sys.executable, "-m", "voxfit.dipy", program, code=3) == ("1\n", "")
    program.write_text("print(1)\n")
    shell = 'exec "$0" -m voxfit.dipy "$1" 2>&-'
    assert run("sh", "-c", shell, sys.executable, program) == ("1\n", "")


def test_a_program_of_another_environment_names_the_python_to_use(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").write_text("")
    other = tmp_path / "bin" / "dipy_fit_dti"
    other.write_text(f"#!{tmp_path}/bin/python\n")
    _, err = run(sys.executable, "-m", "voxfit.dipy", other, code=1)
    assert f"{tmp_path}/bin/python -m voxfit.dipy dipy_fit_dti" in err


def site_with_hook(tmp_path):
    """A folder of packages with the .pth file that the wheel installs."""
    site = tmp_path / "site"
    site.mkdir()
    shutil.copy(Path(__file__).parents[1] / "voxfit-dipy.pth", site)
    return f"import site; site.addsitedir({str(site)!r})"


def test_the_environment_variable_patches_what_a_program_imports_and_nothing_else(tmp_path):
    start = site_with_hook(tmp_path)
    code = f"{start}\nimport sys\nprint('numpy' in sys.modules, 'voxfit' in sys.modules)\n"
    uses = "from dipy.reconst.dti import TensorModel\nprint(TensorModel.__module__)"
    out, _ = run(sys.executable, "-c", code + uses, env={"VOXFIT_DIPY": "1"})
    assert out.splitlines() == ["False True", "voxfit.dipy._tensor"]
    for value in ("0", ""):
        assert run(sys.executable, "-c", code, env={"VOXFIT_DIPY": value}) == ("False False\n", "")
    out, err = run(sys.executable, "-c", code + uses, env={"VOXFIT_DIPY": "no"})
    assert out.splitlines()[-1] == "dipy.reconst.dti"
    assert err == "voxfit: VOXFIT_DIPY is 'no', expected 1 or 0: DIPY is not patched\n"


def test_a_dipy_that_is_too_old_is_left_alone_with_a_warning(tmp_path):
    folder = tmp_path / "dipy" / "reconst"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (tmp_path / "dipy" / "__init__.py").write_text("__version__ = '1.9.0'")
    (folder / "dti.py").write_text("class TensorModel: pass")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import voxfit.dipy; voxfit.dipy.patch()\n"
    out, err = run(sys.executable, "-c", code + "import dipy.reconst.dti as d; print(d.TensorModel.__module__)")
    assert out == "dipy.reconst.dti\n" and "needs DIPY 1.10 or newer, found 1.9.0" in err
    _, err = run(sys.executable, "-c", f"{code.replace('import voxfit', 'import dipy.reconst.dti, voxfit')}", code=1)
    assert err.splitlines()[-1] == "ImportError: voxfit.dipy needs DIPY 1.10 or newer, found 1.9.0"


def test_importing_the_package_imports_neither_numpy_nor_dipy():
    code = (
        "import sys, voxfit.dipy; voxfit.dipy.patch(); print([m for m in ('numpy', 'dipy', 'ray') if m in sys.modules])"
    )
    assert run(sys.executable, "-c", code)[0] == "[]\n"


# -- classes that a program imported, and models that it made, before patch()

MODELS = {
    "csdm": (csdeconv, "ConstrainedSphericalDeconvModel", {"response": RESPONSE}, "shm_coeff"),
    "dti": (dti, "TensorModel", {}, "model_params"),
    "fwdtim": (fwdti, "FreeWaterTensorModel", {"fit_method": "WLS"}, "model_params"),
    "sfm": (sfm, "SparseFascicleModel", {"solver": "NNLS"}, "beta"),
    "msmt": (mcsd, "MultiShellDeconvModel", {"response": None}, "all_shm_coeff"),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore")
def test_what_was_taken_or_made_before_patch_works_and_pickles(name):
    module, cls, options, result = MODELS[name]
    theirs = getattr(module, cls)
    gtab, signal = acquisition(voxels=2, dtype=np.float64)
    if name == "msmt":
        pytest.importorskip("cvxpy")
        options = {"response": multi_shell_response()}
    model = theirs(gtab, **options)
    want = getattr(model.fit(signal), result)
    with vd.patched():
        ours = getattr(module, cls)
        assert ours is not theirs and isinstance(model, ours) and issubclass(theirs, ours)
        assert not isinstance(ours(gtab, **options), type(None)) and not isinstance(object(), ours)
        later = theirs(gtab, **options)  # as a program that imported the class before does
        for one in (model, later, pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model)):
            assert type(one) is theirs
            np.testing.assert_array_equal(getattr(one.fit(signal), result), want)
        pickled, mine = pickle.dumps(model), pickle.dumps(ours(gtab, **options))
    assert type(pickle.loads(pickled)) is theirs and type(pickle.loads(mine)) is ours
    assert "__reduce_ex__" not in vars(theirs) and not isinstance(model, ours)
    np.testing.assert_array_equal(getattr(pickle.loads(pickled).fit(signal), result), want)


def fit_in_worker(model, signal):
    """Fit in a forked worker."""
    return model.fit(signal).model_params


@pytest.mark.filterwarnings("ignore")
def test_dipys_and_voxfits_models_go_to_forked_workers():
    from multiprocessing import get_context

    gtab, signal = acquisition(voxels=4, dtype=np.float64)
    before = dti.TensorModel(gtab)
    with vd.patched():
        after = dti.TensorModel(gtab)
        want = [model.fit(signal).model_params for model in (before, after)]
        with get_context("fork").Pool(1) as pool:
            found = pool.starmap(fit_in_worker, [(before, signal), (after, signal)])
    np.testing.assert_array_equal(found, want)


def fit_chunk(arguments):
    """Fit a chunk voxel by voxel, as scilpy 2.3.0 does (reconst/fodf.py, lines 126 to 149)."""
    model, chunk = arguments
    fits = np.zeros(len(chunk), dtype=object)
    for i, signal in enumerate(chunk):
        if signal.any():
            fits[i] = model.fit(signal)
    return fits, os.getpid()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("used", [False, True], ids=["library unused before", "library used before"])
def test_scilpys_loop_over_chunks_in_a_pool_gives_the_bits_of_one_fit(used):
    from multiprocessing import get_context

    gtab, signal = acquisition(voxels=20)
    signal[3] = 0
    with vd.patched():
        model = csdeconv.ConstrainedSphericalDeconvModel(
            gtab, RESPONSE, reg_sphere=get_sphere(name="symmetric362"), sh_order_max=8
        )
        if used:
            dti.TensorModel(gtab).fit(signal)
        with get_context("fork").Pool(2) as pool:
            found = pool.map(fit_chunk, [(model, chunk) for chunk in np.array_split(signal, 2)])
        want = model.fit(signal).shm_coeff
    for i, fit in enumerate(np.concatenate([fits for fits, _ in found])):
        if i == 3:
            assert fit == 0
        else:
            np.testing.assert_array_equal(fit.shm_coeff, want[i])


def test_free_water_of_int16_is_that_of_floats_where_dipys_squares_overflow():
    gtab, signal = acquisition(voxels=30)
    whole = np.round(10 * signal).astype(np.int16)  # some thousands: DIPY's fwdti.wls_iter has sig**2 in int16
    model = vd.FreeWaterTensorModel(gtab, fit_method="WLS")
    found, want = model.fit(whole).f, model.fit(whole.astype(float)).f
    np.testing.assert_array_equal(found, want)
    dipys, overflown = (
        fwdti.FreeWaterTensorModel(gtab, fit_method="WLS").fit(data).f for data in (whole.astype(float), whole)
    )
    np.testing.assert_allclose(found, dipys, rtol=0, atol=1e-9)
    assert (np.abs(overflown - dipys) > 0.01).sum() > 5


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_an_empty_mask_gives_zeros_where_dipy_gives_none_or_zeros(name):
    module, cls, options, result = MODELS[name]
    gtab, signal = acquisition(voxels=4, dtype=np.float64)
    options = {"response": multi_shell_response()} if name == "msmt" else options
    data, empty = signal.reshape(2, 2, -1), np.zeros((2, 2), bool)
    dipys, ours = (
        getattr(getattr(where, cls)(gtab, **options).fit(data, mask=empty), result) for where in (module, vd)
    )
    assert ours.shape[:2] == dipys.shape[:2] == (2, 2) and not ours.any()
    assert all(value is None for value in dipys.ravel()) if dipys.dtype == object else not dipys.any()


# -- methods that someone overwrites


def others_fit(self, data, mask=None):
    """A fit of another problem."""
    return "theirs"


def test_a_native_fit_that_is_overwritten_is_warned_of_once_and_can_be_put_back():
    model = vd.MultiShellDeconvModel.__new__(vd.MultiShellDeconvModel)
    with vd.patched():
        with pytest.warns(
            RuntimeWarning, match=r"test_programs puts a fit of its own .* MultiShellDeconvModel"
        ) as said:
            mcsd.MultiShellDeconvModel.fit = others_fit
        assert said[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            mcsd.MultiShellDeconvModel.fit = others_fit
        assert model.fit(None) == "theirs"
        vd.patch()
        assert vars(vd.MultiShellDeconvModel)["fit"].__module__ == "voxfit.dipy._multishell"


PYAFQ = """
from dipy.reconst.mcsd import MultiShellDeconvModel
def _fit(self, data, mask=None): return "theirs"
MultiShellDeconvModel.fit = _fit
"""


def test_the_native_fit_stays_where_pyafq_puts_one_for_the_same_problem(tmp_path):
    (tmp_path / "AFQ" / "models").mkdir(parents=True)
    (tmp_path / "AFQ" / "models" / "msmt.py").write_text(PYAFQ)  # as in line 58 of pyAFQ 3.4
    (tmp_path / "program.py").write_text(
        "import importlib, AFQ.models.msmt as m\n"
        "importlib.reload(m)\n"
        "print(m.MultiShellDeconvModel.fit.__module__)\n"
    )
    out, err = run(sys.executable, "-m", "voxfit.dipy", tmp_path / "program.py")
    assert out == "voxfit.dipy._multishell\n"
    assert err.count("AFQ.models.msmt has a fit of its own for MultiShellDeconvModel; it solves the same problem") == 1
    assert "msmt.py:4: RuntimeWarning" in err


def test_a_fit_of_dipys_own_class_that_was_overwritten_before_is_warned_of(monkeypatch):
    monkeypatch.setattr(mcsd.MultiShellDeconvModel, "fit", others_fit)
    with pytest.warns(RuntimeWarning, match="test_programs has put a fit of its own in the place of DIPY's Multi"):
        vd.patch()
    vd.unpatch()


@pytest.mark.filterwarnings("ignore")
def test_a_mask_in_second_place_is_a_mask_as_pyafq_gives_it():
    gtab, signal = acquisition(voxels=6, dtype=np.float64)
    data, mask = signal.reshape(3, 2, -1), np.array([[1, 0], [0, 1], [1, 1]], bool)
    model = vd.MultiShellDeconvModel(gtab, multi_shell_response())
    np.testing.assert_array_equal(model.fit(data, mask).all_shm_coeff, model.fit(data, mask=mask).all_shm_coeff)
    assert not model.fit(data, mask).all_shm_coeff[~mask].any()


# -- DIPY's own commands

COMMANDS = {
    # Options, and the largest difference of each map, relative to its largest value.
    "dipy_fit_dti": ([], {"tensors": 1e-6, "fa": 1e-6, "md": 1e-6}),
    # One of the 512 voxels is 94% water. There DIPY stops 2.5e-4 short of the minimum, at a higher sum of
    # squares.
    "dipy_fit_fwdti": ([], {"fwdti_fa": 2e-4, "fwdti_md": 5e-4}),
    "dipy_fit_csd": ([], {"shm_coeff": 1e-7, "peak_values": 1e-7, "peak_indices": 0, "gfa": 1e-7}),
}


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    """The files of a small acquisition."""
    nibabel = pytest.importorskip("nibabel")
    folder = tmp_path_factory.mktemp("subject")
    gtab, signal = acquisition(voxels=512)
    nibabel.save(nibabel.Nifti1Image(10 * signal.reshape(8, 8, 8, -1), 2 * np.eye(4)), folder / "dwi.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.ones((8, 8, 8), np.uint8), 2 * np.eye(4)), folder / "mask.nii.gz")
    np.savetxt(folder / "dwi.bval", gtab.bvals[None], fmt="%g")
    np.savetxt(folder / "dwi.bvec", gtab.bvecs.T, fmt="%.12f")
    return folder


def maps_of(folder):
    """The maps that a command wrote, by name."""
    import nibabel

    found = {p.name[: -len(".nii.gz")]: nibabel.load(p).get_fdata() for p in folder.glob("*.nii.gz")}
    if (folder / "peaks.pam5").exists():
        from dipy.io.peaks import load_pam

        pam = load_pam(str(folder / "peaks.pam5"))
        found |= {name: getattr(pam, name) for name in ("shm_coeff", "peak_values", "peak_indices", "gfa")}
    return found


@long_tests
@pytest.mark.parametrize("command", COMMANDS)
def test_dipys_commands_write_the_same_maps_patched(command, subject, tmp_path):
    options, near = COMMANDS[command]
    inputs = [subject / name for name in ("dwi.nii.gz", "dwi.bval", "dwi.bvec", "mask.nii.gz")]
    for how, start in {"plain": [], "ours": [sys.executable, "-m", "voxfit.dipy"]}.items():
        (tmp_path / how).mkdir()
        _, err = run(*start, BIN / command, *inputs, *options, "--out_dir", tmp_path / how, "--force")
        assert ("voxfit: native fits of this process: " in err) == (how == "ours")
    assert "process: none" not in err
    plain, ours = maps_of(tmp_path / "plain"), maps_of(tmp_path / "ours")
    assert set(plain) == set(ours)
    for name, tolerance in near.items():
        np.testing.assert_allclose(
            ours[name], plain[name], rtol=0, atol=tolerance * np.abs(plain[name]).max(), err_msg=name
        )
