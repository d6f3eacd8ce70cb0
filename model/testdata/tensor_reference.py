"""Write tensor_reference.json, DIPY's results for a few voxels of a small protocol.

With it, machines without Python can test parity. Run this with DIPY 1.12 in this folder:

    python tensor_reference.py

Signals are whole numbers, except in the water without noise. For the free-water NLS fit, sse is the sum of squares at
which leastsq stopped, or -1 if DIPY does not call leastsq.
"""

import json
import warnings

import dipy
import numpy as np
from dipy.core.gradients import gradient_table
from dipy.reconst import dti, fwdti

warnings.simplefilter("ignore")
rng = np.random.default_rng(7)

# Three b0s, and 24 directions on a spiral at b = 700 and, turned, at b = 2000.
k = np.arange(24)
z = (k + 0.5) / 24
shells = []
for turn in (0, 1):
    phi = k * np.pi * (3 - np.sqrt(5)) + turn
    shells.append(np.stack((np.sqrt(1 - z * z) * np.cos(phi), np.sqrt(1 - z * z) * np.sin(phi), z), 1))
bvals = np.concatenate((np.zeros(3), np.full(24, 700.0), np.full(24, 2000.0)))
bvecs = np.concatenate((np.zeros((3, 3)), *shells))
table = gradient_table(bvals, bvecs=bvecs, b0_threshold=50)
design = dti.design_matrix(table)


def noisy(fraction, sigma, *axes):
    signal = 0
    for axis in axes:
        axis = np.array(axis) / np.linalg.norm(axis)
        signal = signal + np.exp(-bvals * (0.3e-3 + 1.4e-3 * (bvecs @ axis) ** 2)) / len(axes)
    signal = 1000 * ((1 - fraction) * signal + fraction * np.exp(-bvals * 3e-3))
    noise = rng.normal(0, sigma, (2, len(bvals)))
    return np.round(np.hypot(signal + noise[0], noise[1]))


dark = noisy(0.2, 20, (1, 0, 0))
dark[[5, 17, 30, 44]] = 0
signed = noisy(0.2, 20, (1, 0, 0))
signed[40:45] *= -1
signals = {
    "fibre": noisy(0, 20, (1, 2, 3)),
    "fibre and water": noisy(0.3, 20, (1, 2, 3)),
    "crossing and water": noisy(0.5, 20, (1, 0, 0), (0, 1, 1)),
    "much water": noisy(0.8, 20, (1, 2, 0)),
    "nearly all water": noisy(0.95, 10, (1, 2, 0)),
    "low signal to noise": noisy(0.4, 150, (3, 2, 1)),
    "water": 1000 * np.exp(-bvals * 3e-3),
    "noisy water": noisy(1, 20, (1, 0, 0)),
    "noise": np.round(np.abs(rng.normal(0, 100, len(bvals)))),
    "some zeros": dark,
    "some negative": signed,
    "no b0 signal": np.where(bvals == 0, 0, noisy(0.3, 20, (1, 0, 0))),
    "zero": np.zeros(len(bvals)),
}

stopped = []
leastsq = fwdti.opt.leastsq


def watched(function, start, args=(), **kwargs):
    solution, flag = leastsq(function, start, args=args, **kwargs)
    stopped.append(float(np.sum(function(solution, *args) ** 2)))
    return solution, flag


fwdti.opt.leastsq = watched


def free_water(params):
    return {"evals": params[:3].tolist(), "f": float(params[12])}


voxels = []
for name, signal in signals.items():
    voxel = {"name": name, "signal": signal.tolist()}
    for method in ("OLS", "WLS", "NLLS"):
        fit = dti.TensorModel(table, fit_method=method, return_S0_hat=True).fit(signal)
        voxel[method] = {
            "fa": float(fit.fa),
            "md": float(fit.md),
            "ad": float(fit.ad),
            "rd": float(fit.rd),
            "s0": float(np.squeeze(fit.S0_hat)),
        }
    s0 = np.mean(signal[table.b0s_mask])
    voxel["water_wls"] = free_water(fwdti.wls_iter(design, signal, s0))
    stopped.clear()
    voxel["water_nls"] = free_water(fwdti.nls_iter(design, signal, s0, jac=False))
    voxel["water_nls"]["sse"] = stopped[0] if stopped else -1
    voxels.append(voxel)
with open("tensor_reference.json", "w") as file:
    json.dump(
        {
            "source": f"tensor_reference.py with DIPY {dipy.__version__}",
            "bvals": bvals.tolist(),
            "bvecs": bvecs.tolist(),
            "voxels": voxels,
        },
        file,
    )
    file.write("\n")
