"""Files of the server's machine: only below --data-root, only regular ones, and nothing leads out of it."""

import gzip
import os
import socket
import time

import numpy as np
import pytest
from conftest import npy

X = np.random.default_rng(5).standard_normal((50, 3)).astype("<f4")


def register(server, name, path, **options):
    return server.request("POST", "/v1/datasets", json_body={"name": name, "path": str(path), **options})


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "files"
    (folder / "deep").mkdir(parents=True)
    (tmp_path / "secret.npy").write_bytes(npy(X))
    (folder / "x.npy").write_bytes(npy(X))
    (folder / "deep" / "pairs.tsv.gz").write_bytes(gzip.compress(b"P1\tP2\nP3\tP4\n"))
    return folder


def test_files_below_the_root_become_data_sets(server_factory, root):
    server = server_factory("--data-root", root)
    assert server.get("/v1/info").json()["data_root"] is True
    answer = register(server, "x", "x.npy")
    assert answer.status == 201 and answer.headers["Location"] == "/v1/datasets/x", answer
    put = server.put("same", npy(X)).json()
    found = answer.json()
    assert {k: found[k] for k in ("rows", "sha256", "matrix_sha256", "format", "bytes")} == {
        k: put[k] for k in ("rows", "sha256", "matrix_sha256", "format", "bytes")}
    assert register(server, "x", root / "x.npy").status == 200
    assert register(server, "x", "deep/../x.npy").status == 200
    pairs = register(server, "pairs", "deep/pairs.tsv.gz", kind="pairs", header=False).json()
    assert (pairs["kind"], pairs["rows"], pairs["columns"]) == ("pairs", 2, 2)
    np.savez(root / "two.npz", a=X, b=X)
    assert register(server, "two", "two.npz", key="b").status == 201
    (root / "x.npy").write_bytes(npy(X + 1))
    register(server, "x", "x.npy").problem(409, "conflict")


def test_nothing_leads_out_of_the_root(server_factory, root, tmp_path):
    server = server_factory("--data-root", root)
    os.symlink(tmp_path / "secret.npy", root / "link.npy")
    os.symlink("../secret.npy", root / "relative.npy")
    os.symlink(tmp_path, root / "folder")
    os.symlink("x.npy", root / "inside.npy")
    os.symlink("/proc/self", root / "magic")
    os.mkfifo(root / "fifo")
    (root / "empty").touch()
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()
        os.chdir(root)
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
    for path in ("../secret.npy", "deep/../../secret.npy", "/etc/passwd", str(tmp_path / "secret.npy"), f"{root}/../secret.npy", f"{root}evil",
                 "link.npy", "relative.npy", "folder/secret.npy", "inside.npy", "magic/environ", "/proc/self/environ"):
        assert register(server, "out", path).problem(403, "forbidden")["detail"], path
    for path in ("none.npy", "x.npy/more", "deep/none", "a" * 300):
        register(server, "out", path).problem(404, "not_found")
    begun = time.monotonic()
    for path in ("fifo", "socket", "deep", ".", str(root), "/".join((str(root), ""))):
        problem = register(server, "out", path).problem(422, "bad_data")
        assert "no regular file" in problem["detail"] and problem["errors"][0]["pointer"] == "/path", path
    assert "empty" in register(server, "out", "empty").problem(422)["detail"]
    assert time.monotonic() - begun < 30
    server.get("/v1/datasets/out").problem(404)


def test_bad_documents_and_files_say_why(server_factory, root):
    server = server_factory("--data-root", root, "--max-body", "1k")
    register(server, "large", "two").problem(404)
    (root / "large").write_bytes(b"1," * 600)
    register(server, "large", "large").problem(413, "too_large")
    (root / "bad.csv").write_bytes(b"a,b\n1,2\n3\n")
    assert "line 3" in register(server, "bad", "bad.csv").problem(422)["detail"]
    problem = register(server, "-bad", "bad.csv", format="xls", header=3, color="red").problem(422, "invalid_spec")
    assert {e["pointer"] for e in problem["errors"]} == {"/name", "/format", "/header", "/color"}
    assert server.request("POST", "/v1/datasets", json_body={}).problem(422)["errors"][1]["pointer"] == "/path"
    assert server.request("POST", "/v1/datasets", json_body=[]).problem(422)
    server.request("POST", "/v1/datasets", b"{", {"Content-Type": "application/json"}).problem(400, "bad_json")
    server.request("POST", "/v1/datasets", b"x", {"Content-Type": "text/csv"}).problem(415)


def test_without_a_root_there_are_no_files(server):
    assert "--data-root" in register(server, "x", "x.npy").problem(403, "forbidden")["detail"]
    assert server.get("/v1/info").json()["data_root"] is False
