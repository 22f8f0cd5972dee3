"""A whole default estimate, upload and JSON included, beside the same recipe in torch: wall time and peak memory."""
import pathlib
import statistics
import tempfile
import time

import numpy

from server import daemon, gaussian
from sides import PYTHON, HERE, need_module, run_json, tuned

N, DIM, NATS = 10000, 20, 1.5
WALL_TARGET, MEMORY_TARGET = 5.0, 5.0


def ours(x, y):
    """A daemon that has just started, so that the peak of its memory is that of this estimate."""
    with daemon() as one:
        begun = time.perf_counter()
        one.upload("x", x)
        one.upload("y", y)
        job = one.run(x={"dataset": "x"}, y={"dataset": "y"})
        result = job["result"]
        seconds = time.perf_counter() - begun
        return {"seconds": seconds, "peak_mb": one.memory(), "mi_nats": result["mi"]["nats"],
                "steps": result["timing"]["steps"], "kernels": result["timing"]["kernel"]}


def theirs(folder, how):
    """Its time is without the import of torch, ours includes uploads, HTTP and the store."""
    form, jobs = how
    argv = [PYTHON, str(HERE / "torch_estimate.py"), str(folder / "x.npy"), str(folder / "y.npy"), "--jobs", str(jobs), "--form", form]
    return run_json(argv, tuned(1))[0]


def run(report, quick):
    need_module("torch")
    x, y = gaussian(2000 if quick else N, DIM, NATS)
    runs = 3 if quick else 5
    forms = [("hand", 1), ("hand", 2), ("autograd", 1), ("autograd", 2)]
    with tempfile.TemporaryDirectory(prefix="mutuald-bench-") as name:
        folder = pathlib.Path(name)
        numpy.save(folder / "x.npy", x)
        numpy.save(folder / "y.npy", y)
        found = {how: [] for how in ["ours", *forms]}
        for _ in range(runs):
            found["ours"].append(ours(x, y))
            for how in forms:
                found[how].append(theirs(folder, how))
    mi = {"kernels": found["ours"][-1]["kernels"], "truth_nats": NATS, "mi_nats": round(found["ours"][-1]["mi_nats"], 4), "n": len(x), "d": DIM}
    for form, words in (("hand", "backward by hand"), ("autograd", "autograd, foreach Adam")):
        jobs = min((1, 2), key=lambda j: statistics.median(f["seconds"] for f in found[form, j]))
        best, one = found[form, jobs], found[form, 1]
        processes = "one process of one thread" if jobs == 1 else "two processes of one thread each"
        more = {**mi, "baseline_mi_nats": round(best[-1]["mi_nats"], 4), "steps": found["ours"][-1]["steps"], "baseline_steps": best[-1]["steps"]}
        report.figure(f"estimate.wall.vs_{form}", [(a["seconds"], b["seconds"]) for a, b in zip(found["ours"], best)], "s",
                      f"torch, {words}, {processes} (the faster of both), without its import", better="lower", target=WALL_TARGET, **more)
        report.figure(f"estimate.peak_memory.vs_{form}", [(a["peak_mb"], b["peak_mb"]) for a, b in zip(found["ours"], one)], "MiB",
                      f"torch, {words}, one process (two need more)", better="lower", target=MEMORY_TARGET, **mi)
