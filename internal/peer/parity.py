"""Compute DIPY's results for voxfit's parity tests. internal/peer starts this program.

A message, in or out, is one line of JSON, {"call", "options", "arrays": [{"name", "shape"}]}, followed by the arrays'
values as raw little-endian float64. Each function below takes named arrays (a dict) and options (keyword arguments)
and returns a dict of arrays. Signals are voxels x measurements; bvals in s/mm2; bvecs measurements x 3, unit length,
zero for b0.
"""

import json
import os
import sys
import warnings

# Print-outs of DIPY must not end up among the arrays.
answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

import numpy as np
import scipy.optimize

warnings.simplefilter("ignore")

from dipy.core.gradients import gradient_table
from dipy.core.sphere import HemiSphere, Sphere
from dipy.data import default_sphere
from dipy.direction.peaks import peak_directions, peaks_from_model
from dipy.reconst import csdeconv, dti, fwdti, shm
from dipy.reconst import sfm as dipy_sfm
from dipy.reconst.odf import gfa

FUNCTIONS = {}


def call(function):
    FUNCTIONS[function.__name__] = function
    return function


def gradients(arrays):
    return gradient_table(arrays["bvals"], bvecs=arrays["bvecs"], b0_threshold=50)


@call
def versions(arrays):
    """Return the major, minor and patch number of DIPY."""
    import dipy

    return {"dipy": np.array([float(part) for part in dipy.__version__.split(".")[:3]])}


# -- constrained spherical deconvolution


def csd_model(arrays, lmax):
    """Return DIPY's model. The response is three eigenvalues and S0, or zonal harmonics and S0."""
    response = arrays["response"]
    if "zonal" in arrays:
        response = csdeconv.AxSymShResponse(response[3], arrays["zonal"])
    else:
        response = (response[:3], response[3])
    return csdeconv.ConstrainedSphericalDeconvModel(
        gradients(arrays), response, sh_order_max=lmax
    )


def csd_voxel(model, signal, convergence=50):
    """Fit one voxel as model.fit does, and return also the iteration count, which model.fit discards."""
    return csdeconv.csdeconv(
        signal[model._where_dwi],
        model._X,
        model.B_reg,
        tau=model.tau,
        convergence=convergence,
        P=model._P,
    )


@call
def csd(arrays, lmax=8):
    """Return coefficients (voxels x n), iterations (voxels) and gfa (voxels) on the default sphere."""
    model = csd_model(arrays, lmax)
    fits = [csd_voxel(model, signal) for signal in arrays["signal"]]
    coefficients = np.array([fit[0] for fit in fits])
    return {
        "coefficients": coefficients,
        "iterations": np.array([float(fit[1]) for fit in fits]),
        "gfa": np.nan_to_num(gfa(shm.SphHarmFit(model, coefficients, None).odf(default_sphere))),
    }


@call
def csd_margin(arrays, lmax=8):
    """Return how near each voxel came to other iterations.

    This is the least |fodf - threshold| / |threshold| over all directions and iterations. Rounding can change the side
    of a direction only below about 1e-12.
    """
    model = csd_model(arrays, lmax)
    margins = []
    for signal in arrays["signal"]:
        full = csdeconv._solve_cholesky(
            model._P, model._X.T @ signal[model._where_dwi]
        )
        threshold = model.B_reg[0, 0] * full[0] * model.tau
        start = np.concatenate((full[:15], np.zeros(full.size - 15)))
        margin = np.inf
        for k in range(51):
            if k == 0:
                iterate, iterations = start, 0
            else:
                iterate, iterations = csd_voxel(model, signal, convergence=k)
            distance = np.abs(model.B_reg @ iterate - threshold)
            margin = min(margin, distance.min() / abs(threshold))
            if iterations < k:
                break
        margins.append(margin)
    return {"margin": np.array(margins)}


def tie_margin(amplitudes, sphere, relative_threshold=0.5):
    """Return how near each function came to other peaks.

    This is the least difference that decides between neighbours, about the threshold or about the order, relative to
    the largest amplitude.
    """
    around = np.full(amplitudes.shape, -np.inf)
    for a, b in sphere.edges:
        around[:, a] = np.maximum(around[:, a], amplitudes[:, b])
        around[:, b] = np.maximum(around[:, b], amplitudes[:, a])
    margins = np.full(len(amplitudes), np.inf)
    for i, values in enumerate(amplitudes):
        scale = np.abs(values).max()
        if scale == 0:
            continue
        floor = max(values.min(), 0)
        threshold = floor + relative_threshold * (values.max() - floor)
        above = values >= threshold - 1e-6 * scale
        near_maximum = above & (values >= around[i] - 1e-6 * scale)
        deciding = [
            np.abs(values - around[i])[above],
            np.abs(values - threshold)[near_maximum],
            np.diff(np.sort(values[near_maximum])),
        ]
        margins[i] = min([d.min() for d in deciding if len(d)], default=np.inf) / scale
    return margins


@call
def csd_peaks(arrays, lmax=8):
    """Return peaks_from_model of the fit on DIPY's default sphere, with its default settings.

    directions (voxels x 5 x 3) and values (voxels x 5) are zero where there are fewer peaks. count, gfa, highest
    amplitude and tie_margin have one number for each voxel.
    """
    found = peaks_from_model(
        csd_model(arrays, lmax), arrays["signal"], default_sphere, 0.5, 25, return_sh=False, return_odf=True
    )
    return {
        "directions": found.peak_dirs,
        "values": found.peak_values,
        "count": (found.peak_indices >= 0).sum(-1).astype(float),
        "gfa": np.nan_to_num(found.gfa),
        "highest": found.odf.max(-1),
        "tie_margin": tie_margin(found.odf, default_sphere),
    }


@call
def peaks(arrays, lmax=8, relative_threshold=0.5, separation=25.0, most=5):
    """Peaks of fibre orientation distributions given by coefficients (legacy descoteaux07), on
    the given hemisphere "vertices" or DIPY's own default. directions: voxels x most x 3 and
    values: voxels x most, zero where there are fewer; count, gfa, highest amplitude and tie_margin: voxels."""
    if "vertices" in arrays:
        sphere = HemiSphere(xyz=arrays["vertices"])
    else:
        sphere = default_sphere
    amplitudes = shm.sh_to_sf(
        arrays["coefficients"], sphere, sh_order_max=lmax, basis_type=None, legacy=True
    )
    return peaks_of(amplitudes, sphere, relative_threshold, separation, most)


def peaks_of(amplitudes, sphere, relative_threshold=0.5, separation=25.0, most=5):
    n = len(amplitudes)
    found = {
        "directions": np.zeros((n, most, 3)),
        "values": np.zeros((n, most)),
        "count": np.zeros(n),
        "gfa": np.nan_to_num(gfa(amplitudes)),
        "highest": amplitudes.max(-1),
        "tie_margin": tie_margin(amplitudes, sphere, relative_threshold),
    }
    for i, amplitude in enumerate(amplitudes):
        directions, values, _ = peak_directions(
            amplitude,
            sphere,
            relative_peak_threshold=relative_threshold,
            min_separation_angle=separation,
        )
        k = min(most, len(directions))
        found["directions"][i, :k] = directions[:k]
        found["values"][i, :k] = values[:k]
        found["count"][i] = k
    return found


# -- multi-tissue deconvolution


@call
def msmt(arrays, lmax, iso):
    """response is shells x (iso + degrees), as DIPY's MultiShellResponse has it; directions are those in
    which no amplitude may be negative. The coefficients begin with the tissues without direction."""
    from dipy.core.sphere import Sphere
    from dipy.reconst import mcsd  # needs cvxpy

    response = mcsd.MultiShellResponse(arrays["response"], lmax, arrays["shells"])
    model = mcsd.MultiShellDeconvModel(
        gradients(arrays), response, Sphere(xyz=arrays["directions"]), sh_order_max=lmax, iso=iso
    )
    fit = model.fit(arrays["signal"])
    return {"coefficients": fit.all_shm_coeff, "prediction": fit.predict(), "design": model._X}


# -- tensors


def anisotropy(evals):
    return {"evals": evals, "fa": dti.fractional_anisotropy(evals), "md": evals.mean(-1)}


@call
def tensor(arrays, method="WLS"):
    """Return evals (voxels x 3, clipped at 0, descending), fa and md of TensorModel."""
    fit = dti.TensorModel(gradients(arrays), fit_method=method).fit(arrays["signal"])
    return anisotropy(fit.evals)


@call
def freewater_wls(arrays):
    """Return evals, fa, md and f of fwdti.wls_iter, voxel by voxel."""
    table = gradients(arrays)
    design = dti.design_matrix(table)
    params = np.array(
        [
            fwdti.wls_iter(design, signal, np.mean(signal[table.b0s_mask]))
            for signal in arrays["signal"]
        ]
    )
    return {**anisotropy(params[:, :3]), "f": params[:, 12]}


@call
def freewater_nls(arrays):
    """evals, fa, md and f of fwdti.nls_iter with jac=False, and for the voxels that it fits
    (fitted = 1; it leaves pure free water and empty voxels to WLS) the sum of squares sse that its
    _nls_err_func has at the point where its leastsq stopped."""
    table = gradients(arrays)
    design = dti.design_matrix(table)
    solutions = []
    leastsq = fwdti.opt.leastsq

    def watched(function, start, args=(), **kwargs):
        solution, flag = leastsq(function, start, args=args, **kwargs)
        solutions.append((np.sum(function(solution, *args) ** 2), flag))
        return solution.copy(), flag

    params, sse, fitted = [], [], []
    fwdti.opt.leastsq = watched
    try:
        for signal in arrays["signal"]:
            solutions.clear()
            params.append(
                fwdti.nls_iter(
                    design, signal, np.mean(signal[table.b0s_mask]), jac=False
                )
            )
            sse.append(solutions[0][0] if solutions else 0.0)
            fitted.append(float(bool(solutions)))
    finally:
        fwdti.opt.leastsq = leastsq
    params = np.array(params)
    return {
        **anisotropy(params[:, :3]),
        "f": params[:, 12],
        "sse": np.array(sse),
        "fitted": np.array(fitted),
    }


# -- non-negative least squares and the sparse fascicle model


@call
def nnls(arrays):
    """Return x of scipy.optimize.nnls for each row of y with the matrix a, or NaN if scipy gives up."""
    solutions = []
    for y in arrays["y"]:
        try:
            solutions.append(scipy.optimize.nnls(arrays["a"], y)[0])
        except RuntimeError:  # too many iterations
            solutions.append(np.full(arrays["a"].shape[1], np.nan))
    return {"x": np.array(solutions)}


@call
def sfm(arrays, solver="NNLS", l1_ratio=0.5, alpha=0.001, tolerance=None):
    """The sparse fascicle model with the eigenvalues "response" on DIPY's own sphere. weights: voxels x
    362; predicted: voxels x measurements; odf on "vertices", with peaks_of on their hemisphere; its sphere's vertices
    as "sphere". With a tolerance, scikit-learn descends until the duality gap is that small."""
    model = dipy_sfm.SparseFascicleModel(
        gradients(arrays), response=arrays["response"], solver=solver, l1_ratio=l1_ratio, alpha=alpha
    )
    if tolerance is not None:
        model.solver.set_params(tol=tolerance, max_iter=200000)
    fit = model.fit(arrays["signal"])
    half = HemiSphere(xyz=arrays["vertices"])
    return {
        # DIPY reads a row as if its numbers were side by side, which they are voxel by voxel.
        **peaks_of(np.ascontiguousarray(np.atleast_2d(fit.odf(half))), half),
        "weights": fit.beta,
        "predicted": np.reshape(fit.predict(), arrays["signal"].shape),
        "odf": fit.odf(Sphere(xyz=arrays["vertices"])),
        "sphere": model.sphere.vertices,
        "design": model.design_matrix,
        "s0": fit.S0,
        "isotropic": fit.iso.params,
    }


# -- files


@call
def nifti(arrays, path):
    """Return the affine and the values of a NIfTI file as nibabel reads them.

    The values are volume by volume with x fastest, so their shape is the file's in reverse.
    """
    import nibabel

    image = nibabel.load(path)
    return {"values": image.get_fdata(dtype=np.float64).T, "affine": image.affine}


# -- messages


def receive(stream):
    line = stream.readline()
    if not line:
        sys.exit(0)
    message = json.loads(line)
    arrays = {}
    for entry in message["arrays"]:
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(stream.read(8 * count), "<f8")
        arrays[entry["name"]] = values.reshape(entry["shape"]).astype(float)
    return message["call"], arrays, message.get("options") or {}


def send(stream, arrays, error=""):
    arrays = {name: np.asarray(values, "<f8") for name, values in arrays.items()}
    entries = [{"name": name, "shape": list(a.shape)} for name, a in arrays.items()]
    stream.write(json.dumps({"arrays": entries, "error": error}).encode() + b"\n")
    for a in arrays.values():
        stream.write(np.ascontiguousarray(a).tobytes())
    stream.flush()


while True:
    name, arrays, options = receive(sys.stdin.buffer)
    try:
        results = FUNCTIONS[name](arrays, **options)
    except Exception as e:
        send(answers, {}, error=f"{type(e).__name__}: {e}")
    else:
        send(answers, results)
