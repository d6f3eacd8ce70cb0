"""Time programs and calls of packages that use DIPY, with DIPY plain and patched, and compare their maps.

    PYTHON python/tests/callers.py [WORD]   # prints the rows of the table in docs/dipy.md, or those that have WORD

PYTHON must have voxfit, and any of DIPY, scilpy and pyAFQ: rows of packages that it lacks are left out. All rows use
the same phantom. Times of a command are those of the whole command, with its imports and its workers. Times of a call
are those of the call alone. Both are given in seconds on the clock and in seconds of CPU; the former mean something
only on a machine that does nothing else.
"""

import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BIN = Path(sys.executable).parent
INPUTS = ["dwi.nii.gz", "dwi.bval", "dwi.bvec"]
# Where the command is from, the package that it needs, the command itself, and the map that is compared.
COMMANDS = [
    ("DIPY", "dipy", ["dipy_fit_dti", *INPUTS, "mask.nii.gz", "--force"], "fa.nii.gz"),
    ("DIPY", "dipy", ["dipy_fit_fwdti", *INPUTS, "mask.nii.gz", "--force"], "fwdti_fa.nii.gz"),
    ("DIPY", "dipy", ["dipy_fit_csd", *INPUTS, "mask.nii.gz", "--force"], "peaks.pam5"),
    ("scilpy, scil_dti_metrics.py:219; TractoFlow, main.nf:1344", "scilpy",
     ["scil_dti_metrics", *INPUTS, "--mask", "mask.nii.gz", "-f"], "fa.nii.gz"),
    ("scilpy, scil_fodf_ssst.py:121, fodf.py:214; TractoFlow, main.nf:1691", "scilpy",
     ["scil_fodf_ssst", *INPUTS, "frf.txt", "fodf.nii.gz", "--mask", "mask.nii.gz", "--processes", "2", "-f"],
     "fodf.nii.gz"),
    ("scilpy, scil_fodf_msmt.py:179, fodf.py:214", "scilpy",
     ["scil_fodf_msmt", "few.nii.gz", *INPUTS[1:], "wm.txt", "gm.txt", "csf.txt", "--processes", "2", "-f",
      "--tolerance", "50"], "wm_fodf.nii.gz"),
]  # fmt: skip

START = """
import sys, time, warnings
import numpy as np, nibabel
warnings.simplefilter("ignore")
if sys.argv[1] == "patched":
    import voxfit.dipy
    voxfit.dipy.patch()
from dipy.core.gradients import gradient_table
gtab = gradient_table(np.loadtxt("dwi.bval"), bvecs=np.loadtxt("dwi.bvec").T)
img, mask = nibabel.load("dwi.nii.gz"), nibabel.load("mask.nii.gz").get_fdata() > 0
response = np.array([1.7e-3, 0.3e-3, 0.3e-3]), 1000.0
"""
END = """
begin, cpu = time.perf_counter(), time.process_time()
found = fit()
print(time.perf_counter() - begin, time.process_time() - cpu)
np.save(sys.argv[2], found)
"""
TISSUES = """
from dipy.reconst.mcsd import MultiShellDeconvModel, multi_shell_fiber_response
few = nibabel.load("few.nii.gz")
evals = [1.7e-3, 0.3e-3, 0.3e-3], [0.8e-3] * 3, [3e-3] * 3
tissues = [np.array([[*e, 1000.0]] * 3) for e in evals]
response = multi_shell_fiber_response(8, [0, 1000, 2000, 3500], *tissues)
"""
# The same for calls: where from, the package, the call as the table shows it, and code that defines fit().
CALLS = [
    ("scilpy, reconst/fodf.py:159", "scilpy", "for each voxel: ConstrainedSphericalDeconvModel(...).fit(data[i])", """
from dipy.reconst.csdeconv import ConstrainedSphericalDeconvModel
data, model = img.get_fdata(dtype="float32")[mask], ConstrainedSphericalDeconvModel(gtab, response, sh_order_max=8)
model.fit(data[-1])
def fit(): return [model.fit(data[i]).shm_coeff for i in range(len(data))]
"""),
    ("scilpy, reconst/fodf.py:159", "scilpy", "for each voxel: MultiShellDeconvModel(...).fit(data[i])", TISSUES + """
data, model = few.get_fdata(dtype="float32").reshape(256, -1), MultiShellDeconvModel(gtab, response)
model.fit(data[-1])
def fit(): return [model.fit(data[i]).all_shm_coeff for i in range(len(data))]
"""),
    ("QSIRecon (38e5900), interfaces/dipy.py:752", "dipy", "TensorModel(gtab).fit(data, mask_array), float32", """
from dipy.reconst import dti
data = img.get_fdata(dtype="float32")
def fit(): return dti.TensorModel(gtab).fit(data, mask).md.astype("float32")
"""),
    ("pyAFQ 2, models/csd.py:67", "AFQ.models.csd", "ConstrainedSphericalDeconvModel(gtab, response, ...), float64", """
from AFQ.models.csd import _fit
data = img.get_fdata()
def fit(): return _fit(gtab, data, mask, response, 8).shm_coeff
"""),
    ("pyAFQ 2, models/dti.py:82", "AFQ.models.dti", "TensorModel(gtab).fit(data, mask=mask), float64", """
from AFQ.models.dti import _fit
data = img.get_fdata()
def fit(): return _fit(gtab, data, mask=mask).fa
"""),
    ("pyAFQ 2, models/fwdti.py:17", "AFQ.models.fwdti", "FreeWaterTensorModel(gtab).fit(data, mask=mask), float64", """
from AFQ.models.fwdti import _fit
data = img.get_fdata()
def fit(): return _fit(data, gtab, mask).f
"""),
    ("pyAFQ 3, tasks/tissue.py:218", "AFQ.models.msmt", "MultiShellDeconvModel(...).fit(data, mask)", TISSUES + """
from AFQ.models.msmt import MultiShellDeconvModel
data, mask = few.get_fdata(), mask[:, :8, :2].astype(float)
def fit(): return MultiShellDeconvModel(gtab, response).fit(data, mask).all_shm_coeff
"""),
]  # fmt: skip


def write_subject(folder):
    """Write a phantom, a small part of it, and responses."""
    import nibabel

    from phantoms import acquisition

    gtab, signal = acquisition(voxels=16**3)
    data, affine = 10 * signal.reshape(16, 16, 16, -1), 2 * np.eye(4)
    nibabel.save(nibabel.Nifti1Image(data, affine), folder / "dwi.nii.gz")
    nibabel.save(nibabel.Nifti1Image(data[:, :8, :2], affine), folder / "few.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.ones(data.shape[:3], np.uint8), affine), folder / "mask.nii.gz")
    np.savetxt(folder / "dwi.bval", gtab.bvals[None], fmt="%g")
    np.savetxt(folder / "dwi.bvec", gtab.bvecs.T, fmt="%.12f")
    (folder / "frf.txt").write_text("0.0017 0.0003 0.0003 1000\n")
    for name, evals in {"wm": "0.0017 0.0003 0.0003", "gm": "0.0008 0.0008 0.0008", "csf": "0.003 0.003 0.003"}.items():
        (folder / f"{name}.txt").write_text(3 * f"{evals} 1000\n")


def map_of(path):
    """Return the values of a map in either format."""
    if path.suffix == ".npy":
        return np.load(path)
    if path.suffix == ".pam5":
        from dipy.io.peaks import load_pam

        return load_pam(str(path)).shm_coeff
    import nibabel

    return nibabel.load(path).get_fdata()


def run(command, folder):
    """Run a command, and return its seconds on the clock and of CPU, and its output."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([str(c) for c in command], cwd=folder, capture_output=True, text=True)
    took = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), done.stdout


def row(where, what, times, maps):
    """Print a row of the table."""
    plain, patched = maps
    apart = np.nanmax(np.abs(plain - patched)) / np.nanmax(np.abs(plain))
    clock, cpu = (plain / patched for plain, patched in zip(*times))
    print(f"| {where} | `{what}` | {clock:.1f} | {cpu:.1f} | {apart:.0e} |", flush=True)


def _has(module):
    """Tell whether this Python has a module. This imports no package, since that can take long."""
    package, _, rest = module.partition(".")
    found = importlib.util.find_spec(package)
    return found is not None and (not rest or any(Path(found.origin).parent.glob(rest.replace(".", "/") + ".py")))


def main():
    """Print a row for each command and call whose package this Python has."""
    word = " ".join(sys.argv[1:])
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_subject(folder)
        run([sys.executable, "-c", START, "patched"], folder)  # so that files which the timed runs read are in memory
        for where, package, (program, *arguments), made in COMMANDS:
            if not _has(package) or not (BIN / program).exists() or word not in where + program:
                continue
            times, maps = [], []
            for start in ([sys.executable], [sys.executable, "-m", "voxfit.dipy"]):
                took, _ = run([*start, BIN / program, *arguments], folder)
                times.append(took)
                maps.append(map_of(folder / made))
            row(where, " ".join([program, *arguments]), times, maps)
        for where, module, what, code in CALLS:
            if not _has(module) or word not in where:
                continue
            times, maps = [], []
            for how in ("plain", "patched"):
                out = folder / f"{how}.npy"
                _, said = run([sys.executable, "-c", START + code + END, how, out], folder)
                times.append([float(n) for n in said.split()[-2:]])
                maps.append(map_of(out))
            row(where, what, times, maps)


if __name__ == "__main__":
    main()
