"""Files that are not what they claim: each gets a 4xx problem that names the byte, line or cell, and the daemon lives on."""

import io
import json
import struct

import numpy as np
import pytest
from conftest import npy

GOOD = npy(np.arange(12.0).reshape(4, 3))


def header(text, version=(1, 0)):
    body = text.encode("latin-1")
    length = struct.pack("<H" if version[0] == 1 else "<I", len(body))
    return b"\x93NUMPY" + bytes(version) + length + body


def v1(descr="'<f4'", fortran="False", shape="(4, 3)", data=b"\x00" * 48):
    return header(f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}".ljust(117) + "\n") + data


def pickled():
    out = io.BytesIO()
    np.save(out, np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    return out.getvalue()


def put(server, body, query=""):
    answer = server.put("bad", body, query)
    assert 400 <= answer.status < 500, answer
    problem = answer.problem(answer.status)
    server.get("/v1/datasets/bad").problem(404)
    return answer.status, json.dumps(problem)


@pytest.mark.parametrize("body, statuses", [
    pytest.param(GOOD[:-1], (422,), id="one byte short"),
    pytest.param(GOOD[:100], (422,), id="header cut"),
    pytest.param(GOOD[:7], (415, 422), id="magic alone"),
    pytest.param(GOOD + b"x", (422,), id="one byte more"),
    pytest.param(b"\x93NUMPX" + GOOD[6:], (415, 422), id="wrong magic"),
    pytest.param(header("", (9, 0)), (415, 422), id="version 9"),
    pytest.param(header("x" * 70000, (2, 0)), (413,), id="header of 70 kB"),
    pytest.param(b"\x93NUMPY\x02\x00\xff\xff\xff\xff", (413,), id="header of 4 GiB"),
    pytest.param(pickled(), (415, 422), id="object dtype"),
    pytest.param(v1(descr="'|O'"), (415, 422), id="object dtype by hand"),
    pytest.param(v1(descr="[('a', '<f4'), ('b', '<f4')]"), (415, 422), id="structured"),
    pytest.param(v1(descr="'<c8'"), (415, 422), id="complex"),
    pytest.param(v1(descr="'<U3'"), (415, 422), id="text"),
    pytest.param(v1(descr="'<f16'"), (415, 422), id="f16"),
    pytest.param(v1(descr="'<f4"), (415, 422), id="quote open"),
    pytest.param(v1(fortran="Maybe"), (415, 422), id="fortran_order"),
    pytest.param(v1(shape="(4, -3)"), (415, 422), id="negative shape"),
    pytest.param(v1(shape="(2, 2, 3)"), (415, 422), id="three dimensions"),
    pytest.param(v1(shape="()", data=b"\x00" * 4), (415, 422), id="no dimension"),
    pytest.param(v1(shape="(0, 3)", data=b""), (422,), id="no rows"),
    pytest.param(v1(shape="(4294967296, 4294967296)"), (413, 422), id="shape overflows"),
    pytest.param(v1(shape="(99999999999999999999, 1)"), (413, 415, 422), id="shape beyond 64 bits"),
    pytest.param(v1(shape="(1000000000, 1000)"), (413, 422), id="claims 4 TB"),
    pytest.param(v1(shape="__import__('os')"), (415, 422), id="code"),
])
def test_broken_npy(shared, body, statuses):
    status, told = put(shared, body)
    assert status in statuses, told


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_npy_with_a_value_that_is_no_float32_names_row_and_column(shared, value):
    values = np.zeros((50, 4))
    values[17, 3] = value
    status, told = put(shared, npy(values, "<f8"))
    assert status == 422 and "17" in told and "3" in told, told


@pytest.mark.parametrize("body, where", [
    pytest.param(b"a,b\n1,2\n3\n", "line 3", id="ragged, short"),
    pytest.param(b"a,b\n1,2\n3,4,5\n", "line 3", id="ragged, long"),
    pytest.param(b"1,2\n3,nan\n", "line 2", id="nan"),
    pytest.param(b"1,2\n3,inf\n", "line 2", id="inf"),
    pytest.param(b"1,2\n3,1e400\n", "line 2", id="huge"),
    pytest.param(b"a,b\n1,2\n3,x\n", "line 3", id="no number"),
    pytest.param(b"a,b\n1,\n", "line 2", id="empty field"),
    pytest.param(b'a,b\n1,"2\n', "line", id="quote open"),
    pytest.param(b'a,b\n1,"2"x\n', "line 2", id="text after a quote"),
    pytest.param(b"a,b\n1,2\x00\n", "line 2", id="NUL"),
    pytest.param(b"a,b\n1,\xff\n", "line 2", id="no UTF-8"),
    pytest.param(b"id,a\nr1,1\nr1,2\n", "r1", id="id twice"),
    pytest.param(b"a,b\n", "row", id="header alone"),
    pytest.param(b"\n\n\n", "", id="blank lines"),
])
def test_broken_csv_says_the_line(shared, body, where):
    status, told = put(shared, body, "?format=csv")
    assert status == 422 and where in told, told


@pytest.mark.parametrize("body", [b"\x7fELF" + bytes(200), b"\x89HDF\r\n\x1a\n" + bytes(100), b"%PDF-1.4\n", b"\x00" * 100, b"PK\x03\x04" + bytes(50)])
def test_an_unknown_format_is_refused(shared, body):
    status, told = put(shared, body)
    assert status in (415, 422), told


def test_an_empty_body_is_refused(shared):
    status, told = put(shared, b"")
    assert status == 422 and "empty" in told


def test_random_mutations_of_good_files_never_stop_the_daemon(shared):
    rng = np.random.default_rng(11)
    csv = b"id,u,v\na,1.5,2\nb,3,-4e2\nc,0,\"7\"\n"
    for i in range(150):
        body = bytearray(GOOD if i % 2 else csv)
        for _ in range(rng.integers(1, 4)):
            body[rng.integers(len(body))] = rng.integers(256)
        answer = shared.put(f"mutant{i}", bytes(body[: rng.integers(1, len(body) + 1)]))
        assert answer.status in (201, 413, 415, 422), (bytes(body), answer)
    assert shared.get("/livez").status == 200


def test_limits_are_413(server_factory):
    server = server_factory("--max-body", "10k", "--max-rows", 100, "--max-columns", 10, "--max-cells", 500)
    server.put("a", bytes(10241)).problem(413, "too_large")
    server.put("a", iter([bytes(4000)] * 3)).problem(413, "too_large")
    server.put("a", npy(np.zeros((101, 1)))).problem(413, "too_large")
    server.put("a", npy(np.zeros((2, 11)))).problem(413, "too_large")
    server.put("a", npy(np.zeros((60, 9)))).problem(413, "too_large")
    server.put("a", b"1\n" * 101).problem(413, "too_large")
    server.put("a", b",".join([b"1"] * 11) + b"\n").problem(413, "too_large")
    assert server.put("a", npy(np.zeros((50, 9)))).status == 201
