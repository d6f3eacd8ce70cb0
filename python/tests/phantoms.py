"""A phantom for tests: crossing fibres and free water on three shells, with noise."""

import numpy as np
from dipy.data import get_3shell_gtab


def acquisition(voxels, dtype=np.float32, snr=30, seed=0):
    """DIPY's gradient table of three shells, and a signal (voxels, measurements)."""
    rng = np.random.default_rng(seed)
    gtab = get_3shell_gtab()
    b, g = gtab.bvals, gtab.bvecs
    axes = rng.normal(size=(2, voxels, 3))
    axes /= np.linalg.norm(axes, axis=-1, keepdims=True)
    shares = rng.dirichlet([2, 1, 1], size=voxels)
    signal = shares[:, 2:] * np.exp(-3e-3 * b)
    for share, axis in zip(shares.T, axes):
        signal += share[:, None] * np.exp(-b * (0.3e-3 + 1.4e-3 * (axis @ g.T) ** 2))
    signal = 100 * signal
    signal += rng.normal(scale=100 / snr, size=signal.shape)
    return gtab, np.abs(signal).astype(dtype)
