"""Small models for tests: embeddings with ids, pairs of near ones, and a job that keeps what it trained."""

import json

import numpy as np
from conftest import QUICK

KEEP = {"pmi": True, "model": True}


def ids_csv(prefix, values):
    rows = "".join(f"{prefix}{i}," + ",".join(f"{v:.9g}" for v in row) + "\n" for i, row in enumerate(values))
    return ("id," + ",".join(f"c{j}" for j in range(values.shape[1])) + "\n" + rows).encode()


def pairs_tsv(pairs, header="ligand\treceptor"):
    return (header + "\n" + "".join("\t".join(map(str, row)) + "\n" for row in pairs)).encode()


def near(x, y, n):
    """The n pairs of rows that lie nearest to each other."""
    order = np.argsort(((x[:, None] - y[None]) ** 2).sum(2), axis=None, kind="stable")[:n]
    return [(int(k) // len(y), int(k) % len(y)) for k in order]


def put_sides(server, n_x=60, n_y=50, dim=4, pairs=300, seed=3):
    """Data sets "ligands" and "receptors" (ids L0.., R0..) and their pairs "lr"; returns both as float32 and the pairs by id."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n_x, dim)), rng.standard_normal((n_y, dim))
    named = [(f"L{i}", f"R{j}") for i, j in near(x, y, pairs)]
    assert server.put("ligands", ids_csv("L", x)).status in (200, 201)
    assert server.put("receptors", ids_csv("R", y)).status in (200, 201)
    assert server.put("lr", pairs_tsv(named), "?kind=pairs").status in (200, 201)
    return x.astype("f4"), y.astype("f4"), named


def spec(**changes):
    return {"x": {"dataset": "ligands"}, "y": {"dataset": "receptors"}, "pairs": {"dataset": "lr"}, **QUICK, "outputs": KEEP, **changes}


def train(server, **changes):
    """The id of the model of a quick job, and the job."""
    job = server.run_job(spec(**changes))
    assert job["state"] == "succeeded", job
    return job["result"]["model"], job


def score(server, model, body, accept=None, **kwargs):
    return server.request("POST", f"/v1/models/{model}/pmi", json_body=body, headers={"Accept": accept} if accept else None, **kwargs)


def weights(server, model):
    """The tensors of a model's file, and its metadata."""
    body = server.get(f"/v1/models/{model}/weights").body
    n = int.from_bytes(body[:8], "little")
    header = json.loads(body[8:8 + n])
    kinds = {"F32": "<f4", "F64": "<f8", "U32": "<u4", "U64": "<u8", "U8": "u1"}
    tensors = {}
    for name, t in header.items():
        if name != "__metadata__":
            a, b = t["data_offsets"]
            tensors[name] = np.frombuffer(body[8 + n + a:8 + n + b], kinds[t["dtype"]]).reshape(t["shape"])
    return tensors, header["__metadata__"]
