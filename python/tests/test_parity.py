"""The same acquisition through kbench and through Python gives the same maps, bit for bit."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import voxfit

MODULE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def kbench(tmp_path_factory):
    """kbench, built from this checkout."""
    if not shutil.which("go"):
        pytest.skip("no Go to build kbench with")
    program = tmp_path_factory.mktemp("bin") / "kbench"
    subprocess.run(["go", "build", "-o", program, "./cmd/kbench"], cwd=MODULE, check=True)
    return program


@pytest.fixture(scope="module")
def phantom(kbench, tmp_path_factory):
    """A folder with dwi.nii.gz, bvals and bvecs."""
    pytest.importorskip("nibabel")
    folder = tmp_path_factory.mktemp("phantom")
    subprocess.run([kbench, "phantom", "-o", folder, "--voxels", "600"], check=True, capture_output=True)
    return folder


WM = [[3000.0, 0, 0, 0, 0], [1700, -600, 200, -50, 10], [1100, -600, 250, -80, 20], [800, -500, 260, -100, 30]]
CSF = [[4000.0], [300], [30], [5]]
CASES = {
    "csdm": (
        ["--response", "0.0017,0.0003,0.0003,1000"],
        lambda d, g: voxfit.fit_csd(d, g, ([0.0017, 0.0003, 0.0003], 1000.0)),
    ),
    "fwdtim": ([], voxfit.fit_free_water),
    "dti": (["--method", "nls"], lambda d, g: voxfit.fit_dti(d, g, method="nls")),
    "sfm": ([], voxfit.fit_sfm),
    "msmt": (
        ["--response", "WM.txt,CSF.txt", "--frame", "image"],
        lambda d, g: voxfit.fit_msmt(d, g, {"WM": WM, "CSF": CSF}),
    ),
}


@pytest.mark.parametrize("model", CASES)
def test_maps_are_those_of_kbench(kbench, phantom, tmp_path, model):
    import nibabel

    flags, fit = CASES[model]
    np.savetxt(phantom / "WM.txt", WM)
    np.savetxt(phantom / "CSF.txt", CSF)
    (dwi,) = phantom.glob("*dwi.nii.gz")
    subprocess.run(
        [kbench, "fit", model, dwi, "-o", tmp_path, "--maps", "all", *flags],
        cwd=phantom,
        check=True,
        capture_output=True,
    )
    (bvals,), (bvecs,) = phantom.glob("*bval*"), phantom.glob("*bvec*")
    data = np.asanyarray(nibabel.load(dwi).dataobj)
    result = fit(data, (np.loadtxt(bvals), np.loadtxt(bvecs)))
    compared = 0
    for field in result.model.map_fields:
        (path,) = tmp_path.glob(f"*_param-{field.name}_*.nii.gz")
        want = np.asanyarray(nibabel.load(path).dataobj)
        assert want.dtype == np.float32
        got = result.model.derive([field.name], result.params, result.status, result.iterations)[field.name]
        got = result.unpack(got).reshape(want.shape)
        assert np.array_equal(got.view(np.int32), want.view(np.int32)), field.name
        compared += 1
    assert compared == len(list(tmp_path.glob("*.nii.gz")))
