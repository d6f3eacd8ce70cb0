"""DIPY's models by DIPY's engines and by voxfit, timed in one process that stays warm.

``python -m voxfit.bench serve`` is what kbench drives: JSON lines in, JSON lines out. The first line names a
folder with signal.f32 (voxels x measurements, little-endian) and the acquisition::

    {"folder": ..., "bvals": [...], "bvecs": [[...]], "b0": 50, "response": {"evals": [...], "s0": ...}}

Each further line is a run, and is answered with its times::

    {"engine": "dipy-ray", "model": "csdm", "chunks": 64, "cpus": 8, "scale": 1}
    {"time": 12.3, "set_up": 9.1, "spilled_bytes": 0, "peak_rss": 123456789}

``time`` is that of ``model.fit(data, engine=...)`` alone. ``set_up`` is what came before and is done once for
an engine, a model and a number of CPUs: the model, Ray, and a fit of a few voxels.

``python -m voxfit.bench end-to-end DWI`` measures DIPY against DIPY patched, from ``model.fit(data,
mask=mask)`` to ``fit.shm_coeff`` and ``fit.f``, on one thread, in interleaved rounds. It counts CPU time,
which other programs on the machine disturb least.

``python -m voxfit.bench two-nodes DWI`` fits a subject on a cluster of two nodes, see :mod:`voxfit.twonodes`.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time
import warnings

import numpy as np

ENGINES = ("serial", "ray", "joblib", "dask")
FAMILIES = ("dipy", "voxfit")
WARM_UP_VOXELS = 64
IMAGE = "4D image as `kbench phantom` writes it: bvals and bvecs in the same folder"


def models_of(family):
    """The classes of the study, of DIPY or of voxfit."""
    if family == "voxfit":
        import voxfit.dipy as found

        return {"csdm": found.ConstrainedSphericalDeconvModel, "fwdtim": found.FreeWaterTensorModel}
    from dipy.reconst import csdeconv, fwdti

    return {"csdm": csdeconv.ConstrainedSphericalDeconvModel, "fwdtim": fwdti.FreeWaterTensorModel}


class Bench:
    """An acquisition, and what is kept warm for it.

    Parameters
    ----------
    gtab : GradientTable
    response : tuple or AxSymShResponse
        For csdm.
    signal : ndarray, shape (voxels, measurements)
    """

    def __init__(self, gtab, response, signal):
        self.gtab = gtab
        self.response = response
        self.signal = signal
        self._warm = {}
        self._cpus_of_ray = None

    def make(self, family, model):
        """A model, set up."""
        make = models_of(family)[model]
        return make(self.gtab, self.response) if model == "csdm" else make(self.gtab)

    def run(self, engine, model, chunks, cpus, scale=1):
        """One run: its time, and what was measured beside it."""
        family, _, engine = engine.partition("-")
        if family not in FAMILIES or engine not in ENGINES:
            raise ValueError(f"there is no engine {family}-{engine}")
        begin = time.perf_counter()
        data = np.tile(self.signal, (scale, 1)) if scale > 1 else self.signal
        options = self._options(family, engine, max(1, len(data) // chunks), cpus)
        if engine == "ray":
            self._start_ray(cpus)
        key = family, engine, model, cpus
        if key not in self._warm:
            self._warm[key] = self.make(family, model)
            self._warm[key].fit(data[:WARM_UP_VOXELS], **dict(options, vox_per_chunk=WARM_UP_VOXELS // cpus or 1))
        spilled = self._spilled(engine)
        set_up = time.perf_counter() - begin
        begin = time.perf_counter()
        self._warm[key].fit(data, **options)
        seconds = time.perf_counter() - begin
        after = self._spilled(engine)
        return {
            "time": seconds,
            "set_up": set_up,
            "spilled_bytes": None if after is None else after - spilled,
            "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }

    @staticmethod
    def _options(family, engine, vox_per_chunk, cpus):
        if engine == "serial":
            return {"n_threads": 1} if family == "voxfit" else {}
        return {"engine": engine, "n_jobs": cpus, "vox_per_chunk": vox_per_chunk}

    def _start_ray(self, cpus):
        from voxfit.dipy import connect, shutdown

        if self._cpus_of_ray != cpus:
            shutdown()
            for key in [key for key in self._warm if key[1] == "ray"]:
                del self._warm[key]
            connect(num_cpus=cpus)
            self._cpus_of_ray = cpus

    @staticmethod
    def _spilled(engine):
        from voxfit.dipy import spilled_bytes

        return spilled_bytes() if engine == "ray" else 0


def serve(lines, answers):
    """Answer one line after another until there are no more."""
    setting = json.loads(next(lines))
    from dipy.core.gradients import gradient_table
    from dipy.reconst.csdeconv import AxSymShResponse

    gtab = gradient_table(
        np.array(setting["bvals"]), bvecs=np.array(setting["bvecs"]), b0_threshold=setting["b0"]
    )
    response = setting.get("response") or {}
    if "zonal" in response:
        response = AxSymShResponse(response["s0"], np.array(response["zonal"]))
    elif response:
        response = np.array(response["evals"]), response["s0"]
    signal = np.fromfile(os.path.join(setting["folder"], "signal.f32"), "<f4").reshape(-1, len(gtab.bvals))
    bench = Bench(gtab, response, signal)
    _answer(answers, {"ready": True})
    for line in lines:
        try:
            _answer(answers, bench.run(**json.loads(line)))
        except Exception as error:
            _answer(answers, {"error": f"{type(error).__name__}: {error}"})


def _answer(answers, message):
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def read_phantom(dwi):
    """Gradient table, response, data and mask of an image that `kbench phantom` wrote."""
    import nibabel
    from dipy.core.gradients import gradient_table
    from dipy.io.gradients import read_bvals_bvecs

    folder = os.path.dirname(dwi)
    bvals, bvecs = read_bvals_bvecs(os.path.join(folder, "bvals"), os.path.join(folder, "bvecs"))
    gtab = gradient_table(bvals, bvecs=bvecs)
    data = np.asarray(nibabel.load(dwi).dataobj)
    mask = data[..., gtab.b0s_mask].mean(-1) > 0
    S0 = data[mask][:, gtab.b0s_mask].mean()
    return gtab, (np.array([1.7e-3, 0.3e-3, 0.3e-3]), S0), data, mask


def end_to_end(arguments):
    """Time DIPY and DIPY patched side by side, and print a table."""
    gtab, response, data, mask = read_phantom(arguments.dwi)
    spare = np.flatnonzero(mask)[arguments.voxels :]
    mask.flat[spare] = False
    bench = Bench(gtab, response, None)
    print(f"{mask.sum()} voxels x {len(gtab.bvals)}, {data.dtype}; microseconds of CPU time per voxel, one thread")
    for model in arguments.models:
        attribute = {"csdm": "shm_coeff", "fwdtim": "f"}[model]
        families = {"dipy": {}, "voxfit": {"n_threads": 1}}
        made = {family: bench.make(family, model) for family in families}
        times, found = {family: [] for family in families}, {}
        for _ in range(arguments.rounds):
            for family, options in families.items():
                begin = time.process_time()
                found[family] = getattr(made[family].fit(data, mask=mask, **options), attribute)
                times[family].append(1e6 * (time.process_time() - begin) / mask.sum())
        ratios = [d / v for d, v in zip(times["dipy"], times["voxfit"])]
        best = {family: min(t) for family, t in times.items()}
        difference = np.abs(found["dipy"] - found["voxfit"])
        print(
            f"{model:7} to fit.{attribute:9}  DIPY {statistics.median(times['dipy']):8.1f}"
            f"  patched {statistics.median(times['voxfit']):7.2f}"
            f"  ratio {statistics.median(ratios):6.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
            f"  best {best['dipy']:.1f} / {best['voxfit']:.2f} = {best['dipy'] / best['voxfit']:.1f}"
            f"  largest difference {difference.max():.1e}, median {np.median(difference[mask]):.1e}"
        )


def main():
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m voxfit.bench", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="JSON lines in and out, for kbench")
    compared = commands.add_parser("end-to-end", help="DIPY against DIPY patched on one thread")
    compared.add_argument("dwi", help=IMAGE)
    compared.add_argument("--voxels", type=int, default=4096)
    compared.add_argument("--models", nargs="+", choices=("csdm", "fwdtim"), default=("csdm", "fwdtim"))
    compared.add_argument("--rounds", type=int, default=3)
    distributed = commands.add_parser("two-nodes", help="a subject through Ray on two nodes, one of which is killed")
    distributed.add_argument("dwi", help=IMAGE)
    distributed.add_argument("--voxels", type=int, default=435686, help="the image's are repeated up to this number")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.command == "end-to-end":
        end_to_end(arguments)
        return
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what DIPY and Ray print
    if arguments.command == "two-nodes":
        from voxfit.twonodes import two_nodes

        gtab, response, data, mask = read_phantom(arguments.dwi)
        sys.exit(0 if two_nodes(gtab, response, data[mask], arguments.voxels, answers) else 1)
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
