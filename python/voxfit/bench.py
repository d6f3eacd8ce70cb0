"""DIPY's models by DIPY's engines and by voxfit, timed in one process that stays warm.

kbench runs ``python -m voxfit.bench serve``, which reads a line of JSON for each request and writes one for each
answer. The first line names a folder with the acquisition, signal.f32 (voxels x measurements, little-endian) and
setting.json::

    {"bvals": [...], "bvecs": [[...]], "b0": 50, "response": {"evals": [...], "s0": ...},
     "tissues": {"response": [[...]], "bvals": [...], "directions": [[...]]}}

Each further line is a run, and is answered with its times::

    {"engine": "dipy-ray", "model": "csdm", "chunks": 64, "cpus": 8}
    {"time": 12.3, "set_up": 9.1, "spilled_bytes": 0, "peak_rss": 123456789, "call": "..."}

The line ``{"end": "ray"}`` ends Ray with the processes that it keeps between runs, and is answered with ``{}``.

``time`` is that of ``model.fit(data, engine=...)`` alone. ``set_up`` is what came before and is done once for
an engine, a model and a number of CPUs: the model, Ray, and a fit of a few voxels. DIPY's models of the tensor and
of sparse fascicles have no engines: there ``time`` is that of DIPY's ``paramap`` over ``model.fit`` of chunks.

``python -m voxfit.bench end-to-end DWI`` measures DIPY against DIPY patched, from ``model.fit(data,
mask=mask)`` to ``fit.shm_coeff`` and ``fit.f``, on one thread, in interleaved rounds. It counts CPU time,
which other programs on the machine disturb least.

``python -m voxfit.bench calls`` measures what one voxel costs: in a call of the plain function, in a call of a model
that is set up, and in a batch.

``python -m voxfit.bench two-nodes DWI`` fits a subject on a cluster of two nodes, see :mod:`voxfit.twonodes`.
"""

# DIPY, Ray and nibabel have no types.
# mypy: disable-error-code="no-untyped-call, untyped-decorator, no-any-return"

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any, TextIO

import numpy as np

FAMILIES = ("dipy", "voxfit")
WARM_UP_VOXELS = 64
IMAGE = "4D image as `kbench phantom` writes it: bvals and bvecs in the same folder"


class Bench:
    """An acquisition, and what is kept warm for it.

    Parameters
    ----------
    gtab : GradientTable
    response : tuple or AxSymShResponse
        For csdm.
    signal : ndarray, shape (voxels, measurements)
    tissues : tuple of MultiShellResponse and Sphere, optional
        For msmt.
    folder : str, optional
        Where results go.
    """

    def __init__(
        self, gtab: Any, response: Any, signal: np.ndarray, tissues: Any = None, folder: str | None = None
    ) -> None:
        self.gtab = gtab
        self.response = response
        self.signal = signal
        self.tissues = tissues
        self.folder = folder
        self._warm: dict[tuple[str, str, str, int], Any] = {}
        self._cpus_of_ray: int | None = None

    def run(
        self,
        engine: str,
        model: str,
        chunks: int,
        cpus: int,
        voxels: int | None = None,
        results: bool = False,
    ) -> dict[str, Any]:
        """Make one run, and return its time and what else was measured.

        ``model`` is a name and perhaps a method, as "fwdtim wls"; ``voxels`` is how many voxels are fitted,
        from the first on. With ``results``, results are written to the folder, as NAME.f64, and "columns" says
        how many values a voxel has.
        """
        from voxfit.dipy._benched import make, results_of
        from voxfit.dipy._engines import ENGINES

        family, _, engine = engine.partition("-")
        if family not in FAMILIES or engine not in ENGINES:
            raise ValueError(f"there is no engine {family}-{engine}")
        begin = time.perf_counter()
        data = self.signal[:voxels]
        options = self._options(family, engine, max(1, len(data) // chunks), cpus)
        if engine == "ray":
            self._start_ray(cpus)
        key = family, engine, model, cpus
        if key not in self._warm:
            name, _, method = model.partition(" ")
            self._warm[key] = make(family, name, method, self.gtab, self.response, self.tissues)
            few = dict(options, vox_per_chunk=WARM_UP_VOXELS // cpus or 1) if "engine" in options else options
            self._warm[key].fit(data[:WARM_UP_VOXELS], **few)
        spilled = self._spilled(engine)
        set_up = time.perf_counter() - begin
        begin = time.perf_counter()
        fit = self._warm[key].fit(data, **options)
        seconds = time.perf_counter() - begin
        after = self._spilled(engine)
        return {
            "time": seconds,
            "set_up": set_up,
            "spilled_bytes": None if after is None or spilled is None else after - spilled,
            "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "call": self._call(self._warm[key], options),
            "columns": self._write(results_of(model.split()[0], fit)) if results else {},
        }

    @staticmethod
    def _call(model: Any, options: dict[str, Any]) -> str:
        arguments = ", ".join(["data", *(f"{name}={value!r}" for name, value in options.items())])
        from voxfit.dipy._benched import Chunked

        if isinstance(model, Chunked) and options:
            return f"paramap({type(model.model).__name__}.fit, {arguments})"
        return f"{type(getattr(model, 'model', model)).__name__}.fit({arguments})"

    def _write(self, results: dict[str, np.ndarray]) -> dict[str, int]:
        columns = {}
        for name, values in results.items():
            np.ascontiguousarray(values, "<f8").tofile(os.path.join(self.folder or "", name + ".f64"))
            columns[name] = values.shape[1]
        return columns

    @staticmethod
    def _options(family: str, engine: str, vox_per_chunk: int, cpus: int) -> dict[str, Any]:
        if engine == "serial":
            return {"n_threads": 1} if family == "voxfit" else {}
        return {"engine": engine, "n_jobs": cpus, "vox_per_chunk": vox_per_chunk}

    def _start_ray(self, cpus: int) -> None:
        from voxfit.dipy import connect

        if self._cpus_of_ray != cpus:
            self.end_ray()
            connect(num_cpus=cpus)
            self._cpus_of_ray = cpus

    def end_ray(self) -> None:
        """End Ray; the next run on it starts it anew."""
        from voxfit.dipy import shutdown

        shutdown()
        self._cpus_of_ray = None
        self._warm = {key: model for key, model in self._warm.items() if key[1] != "ray"}

    @staticmethod
    def _spilled(engine: str) -> int | None:
        from voxfit.dipy import spilled_bytes

        return spilled_bytes() if engine == "ray" else 0


def serve(lines: Iterator[str], answers: TextIO) -> None:
    """Answer one line after another until there are no more."""
    from importlib.metadata import version

    from dipy.core.gradients import gradient_table

    import voxfit

    folder = json.loads(next(lines))["folder"]
    with open(os.path.join(folder, "setting.json")) as file:
        setting = json.load(file)
    gtab = gradient_table(
        np.array(setting["bvals"]), bvecs=np.array(setting["bvecs"]), b0_threshold=setting["b0"]
    )
    signal = np.fromfile(os.path.join(folder, "signal.f32"), "<f4").reshape(-1, len(gtab.bvals))
    bench = Bench(gtab, _response(setting), signal, _tissues(setting), folder)
    _answer(answers, {"versions": {"dipy": version("dipy"), "voxfit": voxfit.__version__}})
    for line in lines:
        try:
            request = json.loads(line)
            if request == {"end": "ray"}:
                bench.end_ray()
                _answer(answers, {})
            else:
                _answer(answers, bench.run(**request))
        except Exception as error:
            _answer(answers, {"error": f"{type(error).__name__}: {error}"})


def _response(setting: dict[str, Any]) -> Any:
    from dipy.reconst.csdeconv import AxSymShResponse

    response = setting.get("response")
    if response and "zonal" in response:
        return AxSymShResponse(response["s0"], np.array(response["zonal"]))
    return response and (np.array(response["evals"]), response["s0"])


def _tissues(setting: dict[str, Any]) -> Any:
    from dipy.core.sphere import Sphere
    from dipy.reconst.mcsd import MultiShellResponse

    tissues = setting.get("tissues")
    return tissues and (
        MultiShellResponse(np.array(tissues["response"]), 8, np.array(tissues["bvals"])),
        Sphere(xyz=np.array(tissues["directions"])),
    )


def _answer(answers: TextIO, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def read_phantom(dwi: str) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    """Gradient table, response, data and mask of an image that `kbench phantom` wrote."""
    import nibabel
    from dipy.core.gradients import gradient_table
    from dipy.io.gradients import read_bvals_bvecs

    folder = os.path.dirname(dwi)
    bvals, bvecs = read_bvals_bvecs(os.path.join(folder, "bvals"), os.path.join(folder, "bvecs"))
    gtab = gradient_table(bvals, bvecs=bvecs)
    image: Any = nibabel.load(dwi)
    data = np.asarray(image.dataobj)
    mask = data[..., gtab.b0s_mask].mean(-1) > 0
    S0 = data[mask][:, gtab.b0s_mask].mean()
    return gtab, (np.array([1.7e-3, 0.3e-3, 0.3e-3]), S0), data, mask


def end_to_end(arguments: argparse.Namespace) -> None:
    """Time DIPY and DIPY patched side by side, and print a table."""
    from voxfit.dipy._benched import END_RESULTS, make

    models = arguments.models or list(END_RESULTS)
    if not set(models) <= set(END_RESULTS):
        sys.exit(f"--models {' '.join(models)}: expected some of {', '.join(END_RESULTS)}")
    gtab, response, data, mask = read_phantom(arguments.dwi)
    spare = np.flatnonzero(mask)[arguments.voxels :]
    mask.flat[spare] = False
    print(f"{mask.sum()} voxels x {len(gtab.bvals)}, {data.dtype}; microseconds of CPU time per voxel, one thread")
    for model in models:
        attribute = END_RESULTS[model]
        families: dict[str, dict[str, Any]] = {"dipy": {}, "voxfit": {"n_threads": 1}}
        made = {family: make(family, model, "", gtab, response, None) for family in families}
        times: dict[str, list[float]] = {family: [] for family in families}
        found = {}
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


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m voxfit.bench", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="JSON lines in and out, for kbench")
    compared = commands.add_parser("end-to-end", help="DIPY against DIPY patched on one thread")
    compared.add_argument("dwi", help=IMAGE)
    compared.add_argument("--voxels", type=int, default=4096)
    compared.add_argument("--models", nargs="+", help="of those that have engines in DIPY; both by default")
    compared.add_argument("--rounds", type=int, default=3)
    single = commands.add_parser("calls", help="one voxel a call, by every model")
    single.add_argument("--rounds", type=int, default=200)
    distributed = commands.add_parser("two-nodes", help="a subject through Ray on two nodes, one of which is killed")
    distributed.add_argument("dwi", help=IMAGE)
    distributed.add_argument("--voxels", type=int, default=435686, help="the image's are repeated up to this number")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.command == "end-to-end":
        end_to_end(arguments)
        return
    if arguments.command == "calls":
        from voxfit.calls import calls

        calls(arguments.rounds)
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
