#!/usr/bin/env python3
"""Write npy files with numpy, and beside each the float32 values a reader must find.

    python3 tests/golden/make_npy_golden.py

NAME.npy is the input and NAME.f32 its values as little-endian float32 in row-major order, by numpy's own
conversion. manifest.txt lists name, rows and columns.
"""

import io
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).resolve().parent / "npy"


def cases():
    rng = np.random.default_rng(20240607)
    real = rng.normal(scale=100.0, size=(7, 3))
    for order in "<>":
        for size in (2, 4, 8):
            yield f"f{size}_{'le' if order == '<' else 'be'}", real.astype(f"{order}f{size}"), None
    for kind in "iu":
        for size in (1, 2, 4, 8):
            for order in "<>":
                if size == 1 and order == ">":
                    continue
                info = np.iinfo(f"{kind}{size}")
                whole = rng.integers(info.min, info.max, size=(5, 4), dtype=f"{kind}{size}", endpoint=True)
                whole[0, 0], whole[-1, -1] = info.min, info.max
                yield f"{kind}{size}_{'le' if order == '<' else 'be'}", whole.astype(f"{order}{kind}{size}"), None
    yield "bool", rng.integers(0, 2, size=(6, 5)).astype(bool), None
    yield "fortran_f4", np.asfortranarray(rng.normal(size=(37, 19)).astype("<f4")), None
    yield "fortran_f8_be", np.asfortranarray(rng.normal(size=(9, 33)).astype(">f8")), None
    yield "vector", rng.normal(size=11), None
    yield "one_row", rng.normal(size=(1, 6)), None
    yield "version_2", real, (2, 0)
    yield "version_3", real, (3, 0)
    tiny = np.array([[5e-324, 1e-45, 1.4e-45], [1.1754943e-38, 3.4028234663852886e38, -3.4028235e38],
                     [0.0, -0.0, 16777217.0]])
    yield "edges_f8", tiny, None


def write(name, array, version, manifest):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=version, allow_pickle=False)
    (OUT / f"{name}.npy").write_bytes(buffer.getvalue())
    values = array.reshape(len(array), -1).astype("<f4")
    assert np.isfinite(values).all(), name
    manifest.append(f"{name} {values.shape[0]} {values.shape[1]}")
    return values


def main():
    OUT.mkdir(exist_ok=True)
    manifest = []
    for name, array, version in cases():
        values = write(name, array, version, manifest)
        (OUT / f"{name}.f32").write_bytes(values.tobytes(order="C"))
    (OUT / "manifest.txt").write_text("\n".join(manifest) + "\n")


if __name__ == "__main__":
    main()
