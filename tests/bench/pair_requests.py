"""1,000 pairs by id of one request to a model, over a connection that stays open, beside numpy scoring the same pairs by the same model's features.

numpy has the features of all rows in memory, the pairs decoded, and ends with the bytes of its JSON: no HTTP, no decoding. Its numbers are compared with
the daemon's. The first request of a daemon just started opens the model and makes the features of what it asks for; beside it numpy does so from the files.
"""
import contextlib
import io
import json
import os
import pathlib
import tempfile
import time

import numpy

import pair_protocol
from figures import rounded
from server import daemon
from sides import Missing, Worker, need_module, tuned

PAIRS, REQUESTS = 1000, 300
P99_LIMIT_MS = 20
SYNTHETIC_ROWS, SYNTHETIC_COLUMNS, SYNTHETIC_PAIRS, SHARED = 4000, 768, 1200, 20


def real(data):
    ids, values = pair_protocol.embeddings(data)
    return "ligand-receptor", ids, values, pair_protocol.known_pairs(data, "ligand-receptor", ids)


def synthetic():
    """Pairs of each row with one that shares 20 directions with it."""
    rng = numpy.random.default_rng(4)
    half = SYNTHETIC_ROWS // 2
    latent, mix = rng.standard_normal((half, SHARED)), rng.standard_normal((SHARED, SYNTHETIC_COLUMNS))
    values = (numpy.concatenate([latent, latent]) @ mix + 2 * rng.standard_normal((SYNTHETIC_ROWS, SYNTHETIC_COLUMNS))).astype(numpy.float32)
    ids = [f"P{row:05d}" for row in range(SYNTHETIC_ROWS)]
    return "synthetic", ids, values, [(ids[k], ids[half + k]) for k in range(SYNTHETIC_PAIRS)]


class Asking:
    """The same requests for both sides."""

    def __init__(self, ids, requests):
        rng = numpy.random.default_rng(5)
        self.pairs = [[[ids[a], ids[b]] for a, b in rng.integers(0, len(ids), (PAIRS, 2)).tolist()] for _ in range(requests)]
        self.bodies = [json.dumps({"pairs": pairs}).encode() for pairs in self.pairs]


def answered(one, path, body):
    """Milliseconds until the answer is read, and its bytes."""
    begun = time.perf_counter()
    one.connection.request("POST", path, body=body, headers={"Content-Type": "application/json"})
    answer = one.connection.getresponse()
    data = answer.read()
    taken = 1000 * (time.perf_counter() - begun)
    if answer.status != 200:
        raise RuntimeError(f"POST {path}: {answer.status} {data[:300]}")
    return taken, data


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def warm(one, path, ids):
    """Features of all rows, on both sides."""
    answered(one, path, json.dumps({"pairs": [[name, name] for name in ids]}).encode())


def turn(folder, model, numpy_side, ids, asking):
    """One daemon: its cold request, then the warm ones, each after the same of numpy."""
    path, found = f"/v1/models/{model}/pmi", {"ours": [], "full": [], "lean": [], "cpu": 0.0, "error": 0.0}
    with daemon(folder=folder) as one:
        found["cold"] = (answered(one, path, asking.bodies[0])[0], 1000 * numpy_side.ask(cold=asking.pairs[0])["seconds"])
        warm(one, path, ids)
        begun, numpy_cpu = cpu_seconds(one.process.pid), 0.0
        for pairs, body in zip(asking.pairs, asking.bodies):
            taken, data = answered(one, path, body)
            other = numpy_side.ask(score=pairs)
            found["ours"].append(taken)
            numpy_cpu += other["cpu"]
            for form in ("full", "lean"):
                found[form].append(1000 * other[form])
            pmi = [row["pmi"] for row in json.loads(data)["data"]]
            found["error"] = max(found["error"], float(numpy.abs(numpy.subtract(pmi, other["pmi"])).max() / numpy.std(pmi)))
        found["cpu"] = numpy_cpu / (cpu_seconds(one.process.pid) - begun)
    return found


def prepare(folder, data):
    """A model of a daemon that lives in folder, and its files for numpy."""
    try:
        name, ids, values, pairs = real(data)
    except Missing:
        name, ids, values, pairs = synthetic()
    file = io.BytesIO()
    numpy.savez(file, embeddings=values, ids=numpy.array(ids))
    files = {"weights": str(folder / "weights"), "embeddings": str(folder / "embeddings.npz")}
    pathlib.Path(files["embeddings"]).write_bytes(file.getvalue())
    with daemon(folder=folder) as one:
        one.want("PUT", "/v1/datasets/proteins", file.getvalue(), {"Content-Type": "application/octet-stream"})
        model = one.wait(pair_protocol.submit(one, pairs, None))["result"]["model"]
        about = one.want("GET", f"/v1/models/{model}")
        pathlib.Path(files["weights"]).write_bytes(one.want("GET", f"/v1/models/{model}/weights"))
    return name, ids, model, about, files


def run(report, quick, data):
    need_module("numpy")
    runs, requests = (2, 50) if quick else (5, REQUESTS)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mutuald-bench-")))
        name, ids, model, about, files = prepare(folder, data)
        numpy_side = Worker("numpy_pairs.py", tuned(1))
        stack.callback(numpy_side.close)
        numpy_side.ask(open=files)
        found = [turn(folder, model, numpy_side, ids, Asking(ids, requests)) for _ in range(runs)]
    prefix, version = f"pairs.request.{PAIRS}.{name}", f"numpy {numpy_side.about['numpy']}"
    note = f"{about['members']} members, {about['width']} features; PMIs differ by {max(f['error'] for f in found):.1g} standard deviations at most"
    full = {"ratio_of_cpu_time": rounded(numpy.median([f["cpu"] for f in found])), "note": note}
    for form, suffix, baseline, more in (("full", "", "einsum and the same JSON", full), ("lean", ".vs_lean", "einsum and JSON of ids and PMI alone", {})):
        for which in (50, 99):
            pairs = [(numpy.percentile(f["ours"], which), numpy.percentile(f[form], which)) for f in found]
            target = ("<=", P99_LIMIT_MS) if which == 99 and form == "full" else None
            report.figure(f"{prefix}.p{which}{suffix}", pairs, "ms", f"{version}, {baseline}, in process", better="lower", target=target, **more)
    report.figure(f"{prefix}.cold", [f["cold"] for f in found], "ms", f"{version}, from the files to the same JSON, in process", better="lower",
                  note="first request of a daemon just started")
