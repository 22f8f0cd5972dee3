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
    """`seconds` are without the import of torch, `script_seconds` with it; ours include uploads, HTTP and the store."""
    form, jobs = how
    argv = [PYTHON, str(HERE / "torch_estimate.py"), str(folder / "x.npy"), str(folder / "y.npy"), "--jobs", str(jobs), "--form", form]
    begun = time.perf_counter()
    found = run_json(argv, tuned(1))[0]
    return {**found, "script_seconds": time.perf_counter() - begun}


FORMS = [("hand", 1), ("hand", 2), ("autograd", 1), ("autograd", 2)]


def measure(runs, n):
    """Other data in every run: when training stops depends on them, for both sides alike."""
    found = {how: [] for how in ["ours", *FORMS]}
    with tempfile.TemporaryDirectory(prefix="mutuald-bench-") as name:
        folder = pathlib.Path(name)
        for run_number in range(runs):
            x, y = gaussian(n, DIM, NATS, seed=run_number)
            numpy.save(folder / "x.npy", x)
            numpy.save(folder / "y.npy", y)
            found["ours"].append(ours(x, y))
            for how in FORMS:
                found[how].append(theirs(folder, how))
    return found


def pairs(found, how, ours_key, key):
    return [(a[ours_key], b[key]) for a, b in zip(found["ours"], found[how])]


def median(runs, key):
    return round(statistics.median(r[key] for r in runs), 4)


def run(report, quick):
    need_module("torch")
    n = 2000 if quick else N
    found = measure(3 if quick else 5, n)
    mine = found["ours"]
    more = {"kernels": mine[-1]["kernels"], "truth_nats": NATS, "mi_nats": median(mine, "mi_nats"), "steps": median(mine, "steps"), "n": n, "d": DIM}
    for form, words in (("autograd", "autograd, foreach Adam"), ("hand", "backward by hand")):
        best = min(((form, 1), (form, 2)), key=lambda how: median(found[how], "seconds"))
        peer = {"baseline_mi_nats": median(found[best], "mi_nats"), "baseline_steps": median(found[best], "steps")}
        processes = "one process of one thread" if best[1] == 1 else "two processes of one thread each"
        report.figure(f"estimate.wall.vs_{form}", pairs(found, best, "seconds", "seconds"), "s",
                      f"torch, {words}, {processes} (the faster of both), without its import", better="lower", target=WALL_TARGET, **more, **peer)
        report.figure(f"estimate.wall.vs_{form}_script", pairs(found, best, "seconds", "script_seconds"), "s",
                      "the same as a script, from its start to its result", better="lower", **more)
        report.figure(f"estimate.wall.vs_{form}_one_process", pairs(found, (form, 1), "seconds", "seconds"), "s",
                      f"torch, {words}, one process of one thread, without its import", better="lower", **more)
        report.figure(f"estimate.peak_memory.vs_{form}", pairs(found, (form, 1), "peak_mb", "peak_mb"), "MiB",
                      f"torch, {words}, one process (two need more)", better="lower", target=MEMORY_TARGET, **more)
