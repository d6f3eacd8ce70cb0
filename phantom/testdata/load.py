"""Read a folder that Phantom.Write made, with nibabel and DIPY, and print its contents as JSON."""
import glob
import hashlib
import json
import os
import sys

import nibabel as nib
import numpy as np
from dipy.core.gradients import gradient_table
from dipy.io.gradients import read_bvals_bvecs
from dipy.reconst.dti import TensorModel

directory = sys.argv[1]


def load(name):
    return nib.load(os.path.join(directory, name))


mask = load("mask.nii.gz")
inside = np.flatnonzero(mask.get_fdata().ravel(order="F") == 1)


def rows(image):
    """Return an image as voxels x components in float32. x runs fastest over the voxels."""
    data = np.asanyarray(image.dataobj).astype("<f4")
    return data.reshape(int(np.prod(image.shape[:3])), -1, order="F")


found = {"Shapes": {}, "Dtypes": {}, "Sums": {}, "Outside": {}, "Index": inside.tolist()}
for path in glob.glob(os.path.join(directory, "*.nii.gz")):
    name, image = os.path.basename(path), nib.load(path)
    values = rows(image)
    found["Shapes"][name] = list(image.shape)
    found["Dtypes"][name] = str(image.get_data_dtype())
    found["Sums"][name] = hashlib.sha256(np.ascontiguousarray(values[inside]).tobytes()).hexdigest()
    found["Outside"][name] = float(np.abs(np.delete(values, inside, axis=0)).max(initial=0))
    if not np.array_equal(image.affine, mask.affine):
        sys.exit(name + " has another affine than the mask")

bvals, bvecs = read_bvals_bvecs(os.path.join(directory, "bvals"), os.path.join(directory, "bvecs"))
gtab = gradient_table(bvals, bvecs=bvecs)
found.update(Affine=mask.affine.tolist(), Determinant=float(np.linalg.det(mask.affine[:3, :3])),
             Bvals=gtab.bvals.tolist(), Bvecs=gtab.bvecs.tolist(), B0s=int(gtab.b0s_mask.sum()))

single = inside[(rows(load("truth_fibres.nii.gz"))[inside, 0] == 1) & (rows(load("truth_fwf.nii.gz"))[inside, 0] == 0)]
fit = TensorModel(gtab, fit_method="WLS").fit(rows(load("dwi.nii.gz"))[single].astype(float))
truth = rows(load("truth_diffusivities.nii.gz"))[single].astype(float)
axes = rows(load("truth_directions.nii.gz"))[single, :3].astype(float)
first = fit.evecs[..., 0]
chord = np.minimum(np.linalg.norm(first - axes, axis=-1), np.linalg.norm(first + axes, axis=-1))
found.update(Fitted=len(single), FitError=float(np.abs(fit.evals[:, :2] - truth[:, :2]).max()),
             FitAngle=float(np.degrees(2 * np.arcsin(chord / 2)).max()))
json.dump(found, sys.stdout)
