"""Files as people publish them, over HTTP; and what becomes of those that are damaged or meant to do harm."""

import gzip
import io
import json
import struct
import zipfile

import numpy as np
import pytest
from conftest import npy

ROWS = b"id\ta\tb\n" + b"".join(b"P%d\t%d\t%d\n" % (i, i, i * i % 97) for i in range(2000))


def test_gzipped_text_is_the_text(shared):
    plain, zipped = shared.put("plain", ROWS).json(), shared.put("zipped", gzip.compress(ROWS))
    assert zipped.status == 201, zipped
    zipped = zipped.json()
    assert (zipped["format"], zipped["rows"], zipped["columns"], zipped["ids"]) == ("tsv", 2000, 2, True)
    assert zipped["matrix_sha256"] == plain["matrix_sha256"]
    pairs = shared.put("zipped-pairs", gzip.compress(b"a,b\nP1,P2\n"), "?kind=pairs").json()
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
def test_bad_gzip_says_why(shared, body, status, part):
    assert part in shared.put("bad-gzip", body).problem(status)["detail"]


X = np.random.default_rng(1).standard_normal((40, 7)).astype("<f4")
IDS = [f"P{i:05d}" for i in range(len(X))]


def npz(save=np.savez, **arrays):
    out = io.BytesIO()
    save(out, **arrays)
    return out.getvalue()


def safetensors(tensors, metadata=None):
    """{name: (dtype, array)} as bytes."""
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, (dtype, array) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def same_matrix(server, name, body, query="", ids=False):
    """Uploaded under that name it is X."""
    found = server.put(name, body, query)
    assert found.status == 201, found
    found = found.json()
    columns = [c["mean"] for c in found["summary"]]
    assert (found["rows"], found["columns"], found["ids"]) == (*X.shape, ids)
    assert np.allclose(columns, X.mean(axis=0), rtol=1e-5, atol=1e-6)
    return found


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_is_read(shared, save):
    name = f"npz-{save.__name__}"
    plain = shared.put(f"{name}-npy", npy(X)).json()
    found = same_matrix(shared, name, npz(save, emb=X))
    assert found["format"] == "npz" and found["matrix_sha256"] == plain["matrix_sha256"]
    same_matrix(shared, f"{name}-f", npz(save, emb=np.asfortranarray(X.astype("f8"))))
    same_matrix(shared, f"{name}-ids", npz(save, emb=X, names=np.array(IDS), n=np.int64(3)), ids=True)
    both = npz(save, a=X, b=X[:3], i=np.array(IDS, "S"), k=np.array(IDS))
    same_matrix(shared, f"{name}-key", both, "?key=a&ids_key=i", ids=True)
    same_matrix(shared, f"{name}-member", both, "?member=a.npy")
    detail = shared.put(f"{name}-none", both).problem(422)["detail"]
    assert "say which with key" in detail and '"a" (40 x 7, <f4)' in detail and '"b" (3 x 7, <f4)' in detail


def test_safetensors_is_read(shared):
    plain = shared.put("st-npy", npy(X)).json()
    found = same_matrix(shared, "st", safetensors({"emb": ("F32", X)}))
    assert found["format"] == "safetensors" and found["matrix_sha256"] == plain["matrix_sha256"]
    two = {"bias": ("F64", np.zeros(3)), "emb": ("F32", X), "half": ("F16", X[:3].astype("<f2"))}
    same_matrix(shared, "st-key", safetensors(two, {"ids": "\n".join(IDS)}), "?key=emb", ids=True)
    same_matrix(shared, "st-json", safetensors({"emb": ("F32", X)}, {"accessions": json.dumps(IDS)}), "?ids_key=accessions", ids=True)
    assert shared.put("st-half", safetensors(two), "?key=half").json()["rows"] == 3


def bomb():
    """A small archive whose only member would inflate to 32 MiB of zeros, as it says itself."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", npy(X)[:128] + bytes(32 << 20))
    return out.getvalue()


def encrypted():
    body = bytearray(npz(emb=X))
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        body[body.index(signature) + at] |= 1
    return bytes(body)


@pytest.mark.parametrize(
    ("body", "query", "status", "part"),
    [
        (npz(emb=X)[:-30], "", 422, "zip: "),
        (npz(np.savez_compressed, emb=X)[:500], "", 422, "no end of the central directory"),
        (bomb(), "", 422, "bytes too many"),
        (encrypted(), "", 415, "encrypted"),
        (npz(o=np.array([{}], dtype=object)), "?key=o", 415, "Python objects"),
        (npz(t=np.zeros((2, 2, 2))), "", 422, "no array of numbers"),
        (npz(a=X, i=np.array(["P"] * len(X))), "", 422, "ids must be unique"),
        (npz(a=X), "?key=b", 422, 'no array "b" (key); it holds "a" (40 x 7, <f4)'),
        (safetensors({"emb": ("F32", X)})[:-1], "", 422, "take 1120 bytes; found 1119"),
        (safetensors({"emb": ("F64", X)}), "", 422, "do not hold its shape's bytes"),
        (struct.pack("<Q", 1 << 40) + b"{}", "?format=safetensors", 422, "inside its header"),
        (struct.pack("<Q", 2) + b"{]", "", 422, "not valid JSON"),
        (struct.pack("<Q", 5 << 20) + b"{" + b" " * (5 << 20), "", 413, "header of 5242880 bytes"),
    ],
    ids=["cut", "cut deflated", "bomb", "encrypted", "objects", "three dimensions", "ids twice", "key", "safetensors cut", "type", "length", "json",
         "long header"],
)
def test_bad_files_of_several_arrays_say_why(shared, body, query, status, part):
    assert part in shared.put("bad-arrays", body, query).problem(status)["detail"]


def test_flipped_bits_end_with_a_reason(shared):
    rng = np.random.default_rng(3)
    files = (npz(np.savez_compressed, emb=X, i=np.array(IDS)), safetensors({"emb": ("F32", X)}, {"ids": "\n".join(IDS)}), gzip.compress(ROWS[:2000]))
    for k in range(90):
        body = bytearray(files[k % 3])
        for at in rng.integers(0, len(body) if k % 2 else 200, 3):
            body[at] ^= 1 << int(rng.integers(8))
        answer = shared.put(f"flip-{k}", bytes(body))
        assert answer.status in (201, 400, 413, 415, 422), answer
        assert answer.status == 201 or answer.json()["detail"]
