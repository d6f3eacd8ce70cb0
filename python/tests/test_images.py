"""Files and nibabel's images are read as nibabel reads them, and fitted as their arrays would be."""

import numpy as np
import pytest

import voxfit

nibabel = pytest.importorskip("nibabel")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A signal of 7 x 6 x 5 voxels in files of several kinds, its gradient table and a mask."""
    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(4)
    bvals = np.r_[np.zeros(3), np.full(30, 1000.0)]
    bvecs = random.normal(size=(33, 3))
    bvecs /= np.linalg.norm(bvecs, axis=1)[:, None]
    bvecs[:3] = 0
    signal = 1000 * np.exp(-bvals * 7e-4) * random.uniform(0.5, 1.5, (7, 6, 5, 1)) + random.normal(0, 10, (7, 6, 5, 33))
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    inside = random.random((7, 6, 5)) > 0.4
    for name, values in {
        "float.nii": signal.astype(np.float32), "float.nii.gz": signal.astype(np.float32),
        "whole.nii": signal.astype(np.int16), "mask.nii.gz": inside.astype(np.uint8),
        "flat.nii": inside[..., None].astype(np.uint8),
    }.items():  # fmt: skip
        nibabel.Nifti1Image(values, affine).to_filename(folder / name)
    scaled = nibabel.Nifti1Image(signal.astype(np.float32), affine)
    scaled.set_data_dtype(np.int16)
    scaled.to_filename(folder / "scaled.nii.gz")
    nibabel.Nifti1Image(inside.astype(np.uint8), np.diag([2.0, 2.0, 2.0, 1.0])).to_filename(folder / "elsewhere.nii")
    return folder, (bvals, bvecs), inside


@pytest.mark.parametrize("name", ["float.nii", "float.nii.gz", "whole.nii", "scaled.nii.gz"])
def test_load_gives_what_nibabel_gives_rounded_to_single_precision(name, files):
    folder, _, inside = files
    theirs = nibabel.load(folder / name).get_fdata().astype(np.float32)
    for path in (folder / name, str(folder / name), nibabel.load(folder / name)):
        np.testing.assert_array_equal(voxfit.load(path), theirs)
    for mask in (inside, folder / "mask.nii.gz", nibabel.load(folder / "mask.nii.gz"), folder / "flat.nii"):
        found = voxfit.load(folder / name, mask, n_threads=2)
        assert found.dtype == np.float32 and found.flags.c_contiguous
        np.testing.assert_array_equal(found, theirs[inside])
    assert voxfit.load(folder / name, dtype=np.float64).dtype == np.float64


def test_a_fit_of_a_file_is_that_of_its_array(files):
    folder, gtab, inside = files
    array = nibabel.load(folder / "whole.nii").get_fdata().astype(np.float32)
    for mask in (None, inside):
        want = voxfit.fit_dti(array, gtab, mask=mask)
        given = None if mask is None else folder / "mask.nii.gz"
        for data in (
            folder / "whole.nii",
            nibabel.load(folder / "whole.nii"),
            nibabel.load(folder / "whole.nii").dataobj,
        ):
            found = voxfit.fit_dti(data, gtab, mask=given)
            np.testing.assert_array_equal(found.params, want.params)
            np.testing.assert_array_equal(found.fa, want.fa)
            assert found.fa.shape == (7, 6, 5)
    in_memory = nibabel.Nifti1Image(array, np.eye(4))
    np.testing.assert_array_equal(voxfit.fit_dti(in_memory, gtab).params, voxfit.fit_dti(array, gtab).params)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_changes_of_an_image_in_memory_are_fitted(dtype, files):
    folder, gtab, inside = files
    image, mask = nibabel.load(folder / "whole.nii"), nibabel.load(folder / "mask.nii.gz")
    values, chosen = image.get_fdata(dtype=dtype), mask.get_fdata(dtype=dtype)
    values *= 2
    chosen[...] = ~inside
    want = voxfit.fit_dti(values.copy(), gtab, mask=~inside)
    np.testing.assert_array_equal(voxfit.fit_dti(image, gtab, mask=mask).params, want.params)
    with pytest.raises(TypeError, match="not read yet"):
        voxfit.load(image)
    np.testing.assert_array_equal(voxfit.load(folder / "whole.nii", mask), voxfit.load(folder / "whole.nii")[~inside])


def test_the_grid_of_an_image_is_checked_after_its_data_were_read(files):
    folder, gtab, _ = files
    image, mask = nibabel.load(folder / "whole.nii"), nibabel.load(folder / "elsewhere.nii")
    for read in (image, mask):
        read.get_fdata()
        with pytest.raises(ValueError, match="elsewhere.nii"):
            voxfit.fit_dti(image, gtab, mask=mask)


def test_the_grids_of_images_made_in_memory_are_checked(files):
    vd = pytest.importorskip("voxfit.dipy")
    from dipy.core.gradients import gradient_table

    folder, (bvals, bvecs), inside = files
    loaded = nibabel.load(folder / "whole.nii")
    made = nibabel.Nifti1Image(loaded.get_fdata(), loaded.affine)
    there = nibabel.Nifti1Image(inside.astype(np.uint8), loaded.affine)
    elsewhere = nibabel.Nifti1Image(inside.astype(np.uint8), np.diag([-1.0, 1, 1, 1]) @ loaded.affine)
    want = voxfit.fit_dti(loaded.get_fdata(), (bvals, bvecs), mask=inside).params
    model = vd.TensorModel(gradient_table(bvals, bvecs=bvecs))
    for data in (made, loaded, folder / "whole.nii"):
        for fit in (voxfit.Model("dti", (bvals, bvecs)).fit, model.fit):
            fit(data, mask=there)
            with pytest.raises(ValueError, match="in memory.*affine"):
                fit(data, mask=elsewhere)
    with pytest.raises(ValueError, match="affine"):
        voxfit.load(folder / "whole.nii", elsewhere)
    one_volume = nibabel.Nifti1Image(inside.astype(np.uint8)[..., None], loaded.affine)
    np.testing.assert_array_equal(voxfit.fit_dti(made, (bvals, bvecs), mask=one_volume).params, want)


def test_axes_after_the_fourth_are_in_nibabels_order(tmp_path):
    values = np.arange(2 * 3 * 4 * 2 * 5 * 3, dtype=np.int16).reshape(2, 3, 4, 2, 5, 3)
    inside = np.arange(24).reshape(2, 3, 4) % 3 > 0
    for name in ("six.nii", "six.nii.gz"):
        nibabel.Nifti1Image(values, np.eye(4)).to_filename(tmp_path / name)
        np.testing.assert_array_equal(voxfit.load(tmp_path / name), values)
        np.testing.assert_array_equal(voxfit.load(tmp_path / name, inside), values[inside])


def test_drop_ins_take_files_and_images(files):
    vd = pytest.importorskip("voxfit.dipy")
    from dipy.core.gradients import gradient_table

    folder, (bvals, bvecs), inside = files
    model = vd.TensorModel(gradient_table(bvals, bvecs=bvecs))
    array = nibabel.load(folder / "whole.nii").get_fdata().astype(np.float32)
    want = model.fit(array, mask=inside).model_params
    for data in (folder / "whole.nii", nibabel.load(folder / "whole.nii")):
        np.testing.assert_array_equal(model.fit(data, mask=folder / "mask.nii.gz").model_params, want)


def test_what_cannot_be_read_is_an_error_that_names_the_file(files, tmp_path):
    folder, gtab, _ = files
    whole = (folder / "float.nii.gz").read_bytes()
    (tmp_path / "short.nii.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.nii").write_text("no image")
    for path, says in (
        (tmp_path / "short.nii.gz", "short.nii.gz"),
        (tmp_path / "text.nii", "text.nii"),
        (tmp_path / "none.nii", "none.nii"),
    ):
        with pytest.raises(ValueError, match=says):
            voxfit.load(path)
        with pytest.raises(ValueError, match=says):
            voxfit.fit_dti(path, gtab)
    for mask, says in (
        (folder / "elsewhere.nii", "elsewhere.nii"),
        (np.zeros((7, 6, 5)), "empty"),
        (np.ones((6, 7, 5)), "shape"),
        (folder / "float.nii", "shape"),
    ):
        with pytest.raises(ValueError, match=says):
            voxfit.load(folder / "float.nii", mask)
        with pytest.raises(ValueError, match=says):
            voxfit.fit_dti(folder / "float.nii", gtab, mask=mask)
    with pytest.raises(ValueError, match="mask.nii.gz: found shape"):
        voxfit.fit_dti(folder / "mask.nii.gz", gtab)
    with pytest.raises(TypeError, match="float32 or float64"):
        voxfit.load(folder / "float.nii", dtype=np.int16)
    with pytest.raises(TypeError, match="path of a NIfTI file"):
        voxfit.load(np.zeros(3))


def test_reading_reports_its_progress(files):
    told = []
    voxfit.load(files[0] / "float.nii", progress=lambda done, voxels: told.append((done, voxels)))
    assert told and told[-1] == (210, 210)
