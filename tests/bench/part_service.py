"""Requests per second and latency while all workers train, beside the same daemon when none does; start and idle memory beside importing torch."""
import json
import time

import wrk
from server import daemon, gaussian
from sides import PYTHON, Missing, clean, need_module, run_json

LIVEZ_P99_MS = 5.0
# A job small enough that a worker which takes one is not kept busy by it.
TINY = {"x": {"data": [[(i * 7 % 40) / 8.0] for i in range(40)]}, "y": {"data": [[(i * 11 % 40) / 8.0] for i in range(40)]}, "objective": "gaussian",
        "null_pairs": 1, "split": {"folds": 1}}
IMPORT = """
import json, resource, time
begun = time.perf_counter()
import torch
print(json.dumps({"seconds": time.perf_counter() - begun, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def train_for_ever(one):
    """A job with a run for each worker that does not end by itself; returns once they all train."""
    workers = one.want("GET", "/v1/queue")["workers"]
    job = one.submit(x={"dataset": "x"}, y={"dataset": "y"}, split={"folds": max(2, workers)}, train={"max_steps": 1000000, "early_stopping": False},
                     debias="none")
    deadline = time.monotonic() + 30
    while one.want("GET", "/v1/queue")["runs"]["leased"] < workers:
        if time.monotonic() > deadline:
            raise RuntimeError("the workers do not take the job")
        time.sleep(0.02)
    time.sleep(0.3)  # past preparation
    return job


def drain(one):
    """Nothing waits and nothing runs: the daemon idles."""
    while True:
        queue = one.want("GET", "/v1/queue")["jobs"]
        if queue["queued"] + queue["running"] + queue["canceling"] == 0:
            return
        time.sleep(0.05)


def load(one, done_job, seconds):
    """{endpoint: what wrk found}. Submissions last, for they leave jobs behind."""
    url = f"http://127.0.0.1:{one.port}"
    return {"livez": wrk.run(url + "/livez", seconds), "job_read": wrk.run(f"{url}/v1/jobs/{done_job}", seconds),
            "submit": wrk.run(url + "/v1/jobs", seconds, post=json.dumps(TINY))}


def rounds(runs, seconds):
    """[(busy, idle)], each of a daemon of its own: the jobs that one round submits would slow the next."""
    found = []
    x, y = gaussian(2000, 20, 1.5)
    for _ in range(runs):
        pair = []
        for busy in (True, False):
            with daemon("--max-queue", "1000000") as one:
                one.upload("x", x)
                one.upload("y", y)
                done_job = one.run(**TINY)["id"]
                job = train_for_ever(one) if busy else None
                pair.append(load(one, done_job, seconds))
                if job:
                    one.want("POST", f"/v1/jobs/{job}/cancel")
        found.append(pair)
    return found


def requests(report, runs, seconds):
    found = rounds(runs, seconds)
    baseline = "the same with no job training"
    notes = {"submit": {"note": "in the baseline the workers run the jobs that are submitted; while training they only queue"}}
    for endpoint in ("livez", "job_read", "submit"):
        pairs = [(busy[endpoint], idle[endpoint]) for busy, idle in found]
        more = {"connections": wrk.CONNECTIONS, "bad_answers": sum(a["bad"] + a["errors"] + b["bad"] + b["errors"] for a, b in pairs),
                **notes.get(endpoint, {})}
        report.figure(f"service.{endpoint}.rate", [(a["rate"], b["rate"]) for a, b in pairs], "requests/s", baseline, **more)
        for which in ("p50", "p99", "max"):
            report.figure(f"service.{endpoint}.{which}", [(a[which], b[which]) for a, b in pairs], "ms", baseline, better="lower")
    report.value("service.livez.p99.limit", [busy["livez"]["p99"] for busy, _ in found], "ms", baseline="a limit, all workers busy",
                 target=("<=", LIVEZ_P99_MS))


def starting(report, runs):
    """Start until /readyz says 200, and memory a second later, beside a Python that imports torch."""
    starts, memories = [], []
    try:
        need_module("torch")
    except Missing as missing:
        report.skip("service.start", missing)
        return
    for _ in range(runs):
        with daemon() as one:
            seconds = one.start_seconds
            time.sleep(1)
            memory = one.memory("VmRSS")
        other = run_json([PYTHON, "-c", IMPORT], clean())[0]
        starts.append((seconds, other["seconds"]))
        memories.append((memory, other["mb"]))
    report.figure("service.start", starts, "s", "import torch", better="lower")
    report.figure("service.idle_memory", memories, "MiB", "a Python that has imported torch", better="lower")


def run(report, quick):
    starting(report, 3 if quick else 5)
    wrk.need()
    requests(report, 3 if quick else 5, 1 if quick else 3)
