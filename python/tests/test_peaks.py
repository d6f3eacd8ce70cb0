"""find_peaks finds what DIPY's peak_directions finds, and refuses arrays that do not fit together."""

import numpy as np
import pytest

from voxfit.peaks import find_peaks

peak_directions = pytest.importorskip("dipy.direction.peaks").peak_directions
get_sphere = pytest.importorskip("dipy.data").get_sphere
HemiSphere = pytest.importorskip("dipy.core.sphere").HemiSphere


@pytest.mark.parametrize("settings", [(0.5, 25.0), (0.1, 10.0), (1.0, 90.0)])
def test_peaks_of_any_function_are_dipys(settings):
    sphere = HemiSphere.from_sphere(get_sphere(name="repulsion200"))
    values = np.random.default_rng(5).normal(1, 1, (300, len(sphere.vertices)))
    found = find_peaks(
        values, sphere.vertices, sphere.edges, threshold=settings[0], separation=settings[1], npeaks=7, n_threads=2
    )
    for odf, row in zip(values, found):
        _, _, at = peak_directions(odf, sphere, relative_peak_threshold=settings[0], min_separation_angle=settings[1])
        np.testing.assert_array_equal(row, np.concatenate((at, np.full(7, -1)))[:7])


def test_functions_that_are_nowhere_positive_or_have_a_nan_have_no_peaks():
    values = np.array([[-1.0, -2, -3], [0, 0, 0], [np.nan, 1, 2], [1, 2, 1]])
    found = find_peaks(values, np.eye(3), [[0, 1], [1, 2], [0, 2]], npeaks=5)
    np.testing.assert_array_equal(found[:, 0], [-1, -1, -1, 1])
    assert np.all(found[:, 1:] == -1)


def test_no_voxels_have_no_peaks():
    assert find_peaks(np.zeros((0, 3)), np.eye(3), [[0, 1]]).shape == (0, 5)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"values": np.zeros((2, 4))}, "expected (n, 3)"),
        ({"vertices": np.zeros((3, 2))}, "expected (vertices, 3)"),
        ({"vertices": 2 * np.eye(3)}, "unit vector"),
        ({"edges": [[0, 3]]}, "must name two of 3 directions"),
        ({"threshold": 1.5}, "must be from 0 to 1"),
        ({"separation": float("nan")}, "0 to 90"),
        ({"npeaks": 0}, "at least 1"),
        ({"n_threads": 0}, "1 to 8192"),
    ],
)
def test_what_does_not_fit_together_is_refused(changed, words):
    arguments = {"values": np.zeros((2, 3)), "vertices": np.eye(3), "edges": [[0, 1]], **changed}
    with pytest.raises(ValueError, match=words.replace("(", r"\(").replace(")", r"\)")):
        find_peaks(**arguments)
