"""Print which chunks DIPY makes when it is called as in the published study.

The output has lines "num_vox num_chunks vox_per_chunk count sizes" for several cases. They come from DIPY itself,
whose paramap is replaced by a function that looks at the list of chunks. dipy_chunks.txt is from DIPY 1.12.1:

    python dipy_chunks.py > dipy_chunks.txt
"""

import dipy.reconst.multi_voxel as multi_voxel
import numpy as np

seen = []


def look(func, chunks, **kwargs):
    seen.append([len(chunk) for chunk in chunks])
    return [[0] * len(chunk) for chunk in chunks]


multi_voxel.paramap = look


class Model:
    @multi_voxel.multi_voxel_fit
    def fit(self, data, **kwargs):
        return 0


print("# num_vox num_chunks vox_per_chunk count first-size last-size")
for voxels, chunks in [
    (1, 1), (10, 1), (10, 3), (10, 10), (9, 5), (100, 7), (4096, 1000), (65535, 2**15),
    (435686, 1), (435686, 2**5), (435686, 2**14), (435686, 2**15),
]:
    per_chunk = voxels // chunks
    Model().fit(np.zeros((voxels, 1)), engine="joblib", vox_per_chunk=per_chunk, n_jobs=1)
    sizes = seen[-1]
    assert set(sizes[:-1]) <= {per_chunk} and sum(sizes) == voxels
    print(voxels, chunks, per_chunk, len(sizes), sizes[0], sizes[-1])
