"""Use voxfit from many threads for a while, so that whoever started this can watch its memory and its files.

    python soak.py SECONDS THREADS

Each thread fits with a shared model, with models of its own and through the plain functions, derives maps, and makes
mistakes. The program exits with 0 if every fit gave the same bits and every mistake raised its error.
"""

import sys
import threading
import time

import numpy as np

import voxfit


def acquisition():
    """Two b0s and thirty directions on a spiral."""
    turn, z = 2.399963 * np.arange(30), 1 - (2 * np.arange(30) + 1) / 30
    around = np.sqrt(1 - z**2)
    directions = np.stack([around * np.cos(turn), around * np.sin(turn), z], axis=1)
    return np.r_[0, 0, np.full(30, 1000.0)], np.r_[np.zeros((2, 3)), directions]


def main(seconds, count):
    bvals, bvecs = gtab = acquisition()
    random = np.random.default_rng(1)
    axes = random.normal(size=(200, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    data = 100 * np.exp(-bvals * (3e-4 + 1.4e-3 * (axes @ bvecs.T) ** 2)) + random.normal(size=(200, 32))
    shared = voxfit.Model("dti", gtab, method="nls")
    want = shared.fit(data)
    fa, params = want["fa"], want.params
    end, counts, failures = time.monotonic() + seconds, [0] * count, []

    def work(thread):
        try:
            while time.monotonic() < end:
                own = voxfit.Model("dti", gtab, method="nls")
                for result in (shared.fit(data), own.fit(data), voxfit.fit_dti(data, gtab, method="nls")):
                    assert np.array_equal(result.params, params) and np.array_equal(result["fa"], fa)
                    counts[thread] += 1
                try:
                    voxfit.Model("dti", gtab, method="none")
                except (ValueError, voxfit.Error):
                    continue
                raise AssertionError("a method that does not exist was taken")
        except BaseException as err:
            failures.append(err)
            raise

    threads = [threading.Thread(target=work, args=(t,)) for t in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(f"{sum(counts)} fits of {len(data)} voxels by {count} threads")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2])))
