"""Write csd_reference.json, DIPY's results for a few voxels of a small protocol.

With it, machines without Python can test parity. Run this with DIPY 1.12 in this folder:

    python csd_reference.py

Signals are whole numbers, except in one voxel of values about 1e-300. Peaks are indices on symmetric362's hemisphere.
GFA is computed from the values there, and is 0 if all squares vanish.
"""

import json
import warnings

import dipy
import numpy as np
from dipy.core.gradients import gradient_table
from dipy.data import small_sphere
from dipy.direction.peaks import peak_directions
from dipy.reconst.csdeconv import ConstrainedSphericalDeconvModel, csdeconv
from dipy.reconst.odf import gfa
from dipy.reconst.shm import SphHarmFit

warnings.simplefilter("ignore")
rng = np.random.default_rng(7)

# 60 directions on a spiral, b = 2000, and two b0s.
k = np.arange(60)
z = (k + 0.5) / 60
phi = k * np.pi * (3 - np.sqrt(5))
directions = np.stack((np.sqrt(1 - z * z) * np.cos(phi), np.sqrt(1 - z * z) * np.sin(phi), z), 1)
bvals = np.concatenate(([0, 0], np.full(60, 2000.0)))
bvecs = np.concatenate((np.zeros((2, 3)), directions))
table = gradient_table(bvals, bvecs=bvecs)
model = ConstrainedSphericalDeconvModel(table, (np.array([1.7e-3, 0.3e-3, 0.3e-3]), 1000.0))


def fibres(*axes):
    signal = 0
    for axis in axes:
        axis = np.array(axis) / np.linalg.norm(axis)
        signal = signal + np.exp(-bvals * (0.3e-3 + 1.4e-3 * (bvecs @ axis) ** 2)) / len(axes)
    noise = rng.normal(0, 30, (2, len(bvals)))
    return np.round(np.hypot(1000 * signal + noise[0], noise[1]))


spike = np.zeros(62)
spike[9] = 1000
signals = {
    "one fibre": fibres((1, 2, 3)),
    "two fibres": fibres((1, 0, 0), (0, 1, 1)),
    "three fibres": fibres((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "noise": np.round(np.abs(rng.normal(0, 100, 62))),
    "signed noise": np.round(rng.normal(0, 100, 62)),
    "negative": -fibres((3, 2, 1)),
    "constant": np.full(62, 500.0),
    "spike": spike,
    "tiny": fibres((0, 1, 0)) * 1e-300,
    "zero": np.zeros(62),
}
voxels = []
for name, signal in signals.items():
    fod, iterations = csdeconv(
        signal[model._where_dwi], model._X, model.B_reg, P=model._P
    )
    odf = SphHarmFit(model, fod, None).odf(sphere=small_sphere)
    _, values, indices = peak_directions(odf, small_sphere)
    voxels.append(
        {
            "name": name,
            "signal": signal.tolist(),
            "coefficients": fod.tolist(),
            "iterations": iterations,
            "gfa": float(np.nan_to_num(gfa(odf))),
            "peaks": indices.tolist(),
            "values": values.tolist(),
        }
    )
with open("csd_reference.json", "w") as file:
    json.dump(
        {
            "source": f"csd_reference.py with DIPY {dipy.__version__}",
            "bvals": bvals.tolist(),
            "bvecs": bvecs.tolist(),
            "voxels": voxels,
        },
        file,
    )
    file.write("\n")
