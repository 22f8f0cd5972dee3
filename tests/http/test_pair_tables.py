"""Pair tables over HTTP: upload, describe, what is refused, and that a matrix's place is not theirs."""

import numpy as np
import pytest
from conftest import npy

PAIRS = b"ligand\treceptor\tknown\tnote\nP01135\tP00533\t1\tEGF receptor\nP05067\tP00533\t0\t\n"


def test_a_pair_table_is_described(shared):
    answer = shared.put("lr", PAIRS, "?kind=pairs")
    assert answer.status == 201, answer
    found = answer.json()
    assert (found["kind"], found["format"], found["rows"], found["columns"], found["ids"]) == ("pairs", "tsv", 2, 4, False)
    assert [c["name"] for c in found["summary"]] == ["ligand", "receptor", "known", "note"]
    assert found["summary"][3] == {"name": "note", "kind": "text", "empty": 1}
    assert shared.get("/v1/datasets/lr").json() == found
    assert shared.put("lr", PAIRS, "?kind=pairs").status == 200
    numbers = b"id,value\nP1,1\nP2,2\n"
    shared.put("lr-numbers", numbers, "?kind=pairs")
    assert "pair table of 2 x 2" in shared.put("lr-numbers", numbers).problem(409, "conflict")["detail"]
    listed = {d["name"]: d["kind"] for d in shared.get("/v1/datasets?limit=200").json()["data"]}
    assert listed["lr"] == "pairs"

    without = shared.put("lr-bare", b"P1,P2\nP3,P4\n", "?kind=pairs&header=no").json()
    assert without["rows"] == 2 and [c["name"] for c in without["summary"]] == ["0", "1"]


def test_a_pair_table_is_no_matrix(shared):
    shared.put("pairs-as-x", PAIRS, "?kind=pairs")
    shared.put("a-matrix", npy(np.random.default_rng(0).standard_normal((100, 2))))
    problem = shared.submit({"x": {"dataset": "pairs-as-x"}, "y": {"dataset": "a-matrix"}}).problem(422)
    assert any(e["pointer"] == "/x/dataset" and "pair table" in e["detail"] for e in problem["errors"])


@pytest.mark.parametrize(
    ("body", "query", "status", "part"),
    [
        (b"a,b\n1,2\n", "?kind=table", 400, "matrix or pairs"),
        (b"a,b\n1,2\n3\n", "?kind=pairs", 422, "line 3, row 2: 1 fields; expected 2"),
        (b"a,a\n1,2\n", "?kind=pairs", 422, 'both named "a"'),
        (b"a\n1\n", "?kind=pairs", 422, "at least two"),
        (b"a,b\n1,2\n", "?kind=pairs&ids=yes", 422, "leave ids"),
        (npy(np.zeros((2, 2))), "?kind=pairs", 415, "csv or tsv"),
        (b"a,b\n1,\xff\n", "?kind=pairs", 422, "not UTF-8"),
        (b"x,y\n" + b"".join(b"P%d,Q%d\n" % (i % 300, i) for i in range(301)), "", 422, "kind=pairs"),
        (b"x,y\n" + b"".join(b"P%d,Q%d\n" % (i, i) for i in range(300)), "", 422, "kind=pairs"),
    ],
)
def test_what_is_refused_says_why(shared, body, query, status, part):
    assert part in shared.put("no-pairs", body, query).problem(status)["detail"]
    shared.get("/v1/datasets/no-pairs").problem(404)
