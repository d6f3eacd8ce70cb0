"""Make one fit by DIPY, from file to maps. `kbench compare --from-file` times this program.

The argument is JSON: model, image, bvals, bvecs, mask, output (an existing folder), and setting, a file with the
threshold of b0s and the responses in DIPY's own form.
"""

import json
import os
import sys
import warnings

import nibabel as nib
import numpy as np
from dipy.core.gradients import gradient_table
from dipy.io.gradients import read_bvals_bvecs

warnings.simplefilter("ignore")
request = json.loads(sys.argv[1])
with open(request["setting"]) as file:
    setting = json.load(file)
image = nib.load(request["image"])
mask = np.asanyarray(nib.load(request["mask"]).dataobj).astype(bool)
voxels = np.asanyarray(image.dataobj)[mask]
bvals, bvecs = read_bvals_bvecs(request["bvals"], request["bvecs"])
table = gradient_table(bvals, bvecs=bvecs, b0_threshold=setting["b0"])


def save(name, values):
    """Write a map with the values of the voxels, and zero elsewhere."""
    values = np.reshape(values, (len(voxels), -1))
    grid = np.zeros(mask.shape + values.shape[1:], np.float32)
    grid[mask] = values
    nib.save(nib.Nifti1Image(np.squeeze(grid), image.affine), os.path.join(request["output"], name + ".nii.gz"))


class Known:
    """A stand-in for a model, so that peaks_from_model finds the peaks of functions that are computed already."""

    def fit(self, function):
        self.function = function
        return self

    def odf(self, sphere):
        return self.function


def save_peaks(functions, sphere):
    from dipy.direction import peaks_from_model

    found = peaks_from_model(
        Known(), functions, sphere, relative_peak_threshold=0.5, min_separation_angle=25, npeaks=5, return_sh=False
    )
    save("gfa", found.gfa)
    save("peaks", found.peak_dirs)
    save("peakvalues", found.peak_values)


def fit_dti():
    from dipy.reconst.dti import TensorModel

    fit = TensorModel(table, fit_method="WLS").fit(voxels)
    for name in ("fa", "md", "ad", "rd"):
        save(name, getattr(fit, name))
    save("tensor", fit.lower_triangular())


def fit_fwdtim():
    from dipy.reconst.fwdti import FreeWaterTensorModel

    fit = FreeWaterTensorModel(table, fit_method="NLS").fit(voxels)
    save("fwf", fit.f)
    save("fa", fit.fa)
    save("md", fit.md)
    save("tensor", fit.lower_triangular())


def fit_csdm():
    from dipy.data import default_sphere
    from dipy.reconst import csdeconv

    response = setting["response"]
    if "zonal" in response:
        response = csdeconv.AxSymShResponse(response["s0"], np.array(response["zonal"]))
    else:
        response = (np.array(response["evals"]), response["s0"])
    fit = csdeconv.ConstrainedSphericalDeconvModel(table, response, sh_order_max=8).fit(voxels)
    save("fod", fit.shm_coeff)
    save_peaks(fit.odf(default_sphere), default_sphere)


def fit_msmt():
    from dipy.core.sphere import Sphere
    from dipy.data import default_sphere
    from dipy.reconst import mcsd

    tissues = setting["tissues"]
    response = mcsd.MultiShellResponse(np.array(tissues["response"]), 8, np.array(tissues["bvals"]))
    directions = Sphere(xyz=np.array(tissues["directions"]))
    fit = mcsd.MultiShellDeconvModel(table, response, directions, sh_order_max=8, iso=2).fit(voxels)
    save("fod", fit.all_shm_coeff)
    save("fraction", fit.volume_fractions)
    save_peaks(fit.odf(default_sphere), default_sphere)


def fit_sfm():
    from dipy.data import get_sphere
    from dipy.reconst.sfm import SparseFascicleModel

    fit = SparseFascicleModel(table, solver="NNLS").fit(voxels)
    save("weights", fit.beta)
    save("s0", fit.S0)
    sphere = get_sphere(name="symmetric362")
    save_peaks(fit.odf(sphere), sphere)


globals()["fit_" + request["model"]]()
