"""The program through which `kbench compare` times DIPY. It is started once, and answers each line of JSON with one.

The first line names the folder of the acquisition, which has setting.json and signal.f32, voxels x measurements. A
call names a model and the number of voxels. "prepare" makes the model, fits a few voxels, and writes DIPY's results as
NAME.f64 into the folder. "time" fits once, and the answer is the seconds that model.fit took.
"""

import json
import os
import sys
import time
import warnings

answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # DIPY prints to stdout, which is for answers
warnings.simplefilter("ignore")

import dipy
import numpy as np
import scipy.optimize
from dipy.core.gradients import gradient_table
from dipy.reconst import csdeconv, dti, fwdti, sfm


def answer(**message):
    answers.write(json.dumps(message) + "\n")
    answers.flush()


folder = json.loads(sys.stdin.readline())["folder"]
with open(os.path.join(folder, "setting.json")) as file:
    setting = json.load(file)
table = gradient_table(
    np.array(setting["bvals"]), bvecs=np.array(setting["bvecs"]), b0_threshold=setting["b0"]
)
signal = np.fromfile(os.path.join(folder, "signal.f32"), "<f4").astype(float)
signal = signal.reshape(-1, len(table.bvals))
answer(version=dipy.__version__)


class ScipyLoop:
    """The slow part of SparseFascicleModel: scipy.optimize.nnls with its matrix, for each voxel."""

    def __init__(self):
        self.model = sfm.SparseFascicleModel(table, solver="NNLS")
        self.what = "scipy.optimize.nnls, {} x {}".format(*self.model.design_matrix.shape)
        weighted = signal[:, ~table.b0s_mask] / signal[:, table.b0s_mask].mean(-1)[:, None]
        self.right = weighted - np.maximum(weighted, 0).mean(-1)[:, None]

    def fit(self, voxels):
        matrix = self.model.design_matrix
        self.beta = np.array([scipy.optimize.nnls(matrix, y)[0] for y in self.right[: len(voxels)]])
        return self


def folded(model, weights):
    """Add the weights of opposite directions, and return one weight for each pair."""
    half = model.sphere.vertices[: len(model.sphere.vertices) // 2]
    sums = np.zeros((len(weights), len(half)))
    for i, v in enumerate(model.sphere.vertices):
        sums[:, np.argmax(np.abs(half @ v))] += weights[:, i]
    return sums


def make(name):
    if name == "sfm scipy":
        return ScipyLoop()
    if name.startswith("sfm"):
        return sfm.SparseFascicleModel(table, solver={"nnls": "NNLS", "elasticnet": "ElasticNet"}[name.split()[1]])
    if name.startswith("csdm"):
        response = setting["response"]
        if "zonal" in response:
            response = csdeconv.AxSymShResponse(response["s0"], np.array(response["zonal"]))
        else:
            response = (np.array(response["evals"]), response["s0"])
        return csdeconv.ConstrainedSphericalDeconvModel(table, response, sh_order_max=8)
    if name.startswith("msmt"):
        from dipy.core.sphere import Sphere
        from dipy.reconst import mcsd  # needs cvxpy

        tissues = setting["tissues"]
        response = mcsd.MultiShellResponse(np.array(tissues["response"]), 8, np.array(tissues["bvals"]))
        directions = Sphere(xyz=np.array(tissues["directions"]))
        return mcsd.MultiShellDeconvModel(table, response, directions, sh_order_max=8, iso=2)
    if name.startswith("fwdtim"):
        return fwdti.FreeWaterTensorModel(table, fit_method=name.split()[1].upper())
    return dti.TensorModel(table, fit_method=name.split()[1].upper())


def csd_path(model, voxels):
    """Return the coefficients, and the iteration counts that model.fit discards."""
    fits = [
        csdeconv.csdeconv(
            voxel[model._where_dwi], model._X, model.B_reg, tau=model.tau, convergence=model.convergence, P=model._P
        )
        for voxel in voxels
    ]
    return {"coefficients": [f[0] for f in fits], "iterations": [[f[1]] for f in fits]}


def watched(model, voxels):
    """The fit, with the sum of squares at which each voxel's leastsq stopped; fitted is 0 where DIPY
    leaves a voxel to WLS."""
    leastsq, iterate = fwdti.opt.leastsq, fwdti.nls_iter
    sums = []

    def watch_solver(function, start, args=(), **options):
        solution = leastsq(function, start, args=args, **options)
        sums[-1] = [np.sum(function(solution[0], *args) ** 2)]
        return solution

    params = []
    design = dti.design_matrix(table)
    fwdti.opt.leastsq = watch_solver
    try:
        for voxel in voxels:
            sums.append([0.0])
            params.append(iterate(design, voxel, np.mean(voxel[table.b0s_mask])))
    finally:
        fwdti.opt.leastsq = leastsq
    params = np.array(params)
    return {
        "fa": dti.fractional_anisotropy(params[:, :3])[:, None],
        "f": params[:, 12:13],
        "sse": sums,
        "fitted": [[float(s[0] > 0)] for s in sums],
    }


def found(name, model, voxels):
    if name.startswith("csdm"):
        return csd_path(model, voxels)
    if name.startswith("msmt"):
        return {"prediction": model.fit(voxels).predict()}
    if name == "fwdtim nls":
        return watched(model, voxels)
    fit = model.fit(voxels)
    if name.startswith("sfm"):
        return {"weights": folded(fit.model, fit.beta)}
    values = {"fa": np.reshape(fit.fa, (-1, 1))}
    if name.startswith("fwdtim"):
        values["f"] = np.reshape(fit.f, (-1, 1))
    return values


models = {}


def prepare(name, voxels):
    models[name] = make(name)
    models[name].fit(signal[: min(voxels, 8)])
    arrays = {}
    for key, values in found(name, models[name], signal[:voxels]).items():
        values = np.ascontiguousarray(values, "<f8")
        values.tofile(os.path.join(folder, key + ".f64"))
        arrays[key] = values.shape[1]
    return {"columns": arrays, "what": getattr(models[name], "what", "")}


def time_once(name, voxels):
    data = signal[:voxels]
    begin = time.perf_counter()
    models[name].fit(data)
    return {"seconds": time.perf_counter() - begin}


for line in sys.stdin:
    call = json.loads(line)
    try:
        work = prepare if call["call"] == "prepare" else time_once
        answer(**work(call["model"], call["voxels"]))
    except Exception as e:
        answer(error=f"{type(e).__name__}: {e}")
