"""Small HDF5 files for tests/http/test_hdf5.py and tests/fuzz/mutate_hdf5.py, made by h5py, and their mutations."""

import io

import h5py
import numpy as np

NAMES = [f"P{i:05d}" for i in range(20)]
VALUES = np.random.default_rng(7).standard_normal((20, 8)).astype("<f2")


def build(fill, libver=None):
    """The bytes of a file that `fill` was given open."""
    out = io.BytesIO()
    with h5py.File(out, "w", libver=libver) as file:
        fill(file)
    return out.getvalue()


def per_protein(values=VALUES, names=NAMES, group=None, **how):
    """UniProt's layout."""

    def fill(file):
        where = file.create_group(group) if group else file
        for name, row in zip(names, values):
            where.create_dataset(name, data=row, **how)

    return fill


def matrix(values=VALUES, ids=NAMES, ids_type=None, **how):
    """One matrix "x", with strings "ids" beside it."""

    def fill(file):
        file.create_dataset("x", data=values, **how)
        if ids is not None:
            file.create_dataset("ids", data=np.array(ids, dtype=ids_type or h5py.string_dtype()))

    return fill


def seeds():
    """Valid files that reach every part of the reader, by name."""
    packed = {"chunks": (4, 3), "compression": "gzip", "shuffle": True, "fletcher32": True}
    return {
        "vectors": build(per_protein()),
        "vectors_latest": build(per_protein(), "latest"),
        "vectors_packed": build(per_protein(chunks=(5,), compression="gzip")),
        "matrix": build(matrix()),
        "matrix_latest": build(matrix(), "latest"),
        "matrix_packed": build(matrix(ids_type="S8", **packed)),
        "matrix_packed_latest": build(matrix(ids_type="S8", **packed), "latest"),
    }


def mutate(data, rng):
    """One to eight bytes changed, a few copied elsewhere, or the end cut off. Zeros, which fill much of these files, are changed less often."""
    out = bytearray(data)
    kind = rng.integers(10)
    if kind == 0:
        return bytes(out[: rng.integers(len(out))])
    if kind == 1:
        n, at, to = (int(rng.integers(1, 64)), *map(int, rng.integers(0, len(out) - 64, 2)))
        out[to : to + n] = out[at : at + n]
        return bytes(out)
    filled = np.flatnonzero(np.frombuffer(data, "u1"))
    for _ in range(rng.integers(1, 9)):
        at = int(rng.choice(filled) if rng.integers(4) else rng.integers(len(out)))
        out[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, out[at] ^ (1 << rng.integers(8)), rng.integers(256)])
    return bytes(out)
