"""Files as people publish them, over HTTP; and what becomes of those that are damaged or meant to do harm."""

import gzip

import numpy as np
import pytest

ROWS = b"id\ta\tb\n" + b"".join(b"P%d\t%d\t%d\n" % (i, i, i * i % 97) for i in range(2000))


def test_gzipped_text_is_the_text(server):
    plain, zipped = server.put("plain", ROWS).json(), server.put("zipped", gzip.compress(ROWS))
    assert zipped.status == 201, zipped
    zipped = zipped.json()
    assert (zipped["format"], zipped["rows"], zipped["columns"], zipped["ids"]) == ("tsv", 2000, 2, True)
    assert zipped["matrix_sha256"] == plain["matrix_sha256"]
    pairs = server.put("zipped-pairs", gzip.compress(b"a,b\nP1,P2\n"), "?kind=pairs").json()
    assert (pairs["kind"], pairs["rows"]) == ("pairs", 1)


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        (gzip.compress(ROWS)[:-5], 422, "ends inside its gzip data"),
        (gzip.compress(ROWS) + b"and more", 422, "the file goes on"),
        (gzip.compress(gzip.compress(ROWS)), 415, "gzip of gzip"),
        (gzip.compress(b"1" * (32 << 20)), 422, "a field of more than"),
        (gzip.compress(b"1,2\n" * 3 + b"\0" * (32 << 20)), 415, "NUL"),
    ],
    ids=["cut", "more", "twice", "bomb of digits", "bomb of zeros"],
)
def test_bad_gzip_says_why(server, body, status, part):
    assert part in server.put("bad-gzip", body).problem(status)["detail"]
