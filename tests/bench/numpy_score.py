"""What numpy makes of scoring, as a server of lines of JSON: {"what": "product" | "pairs", "n", "width", "pairs"} in, seconds out.

product: all n x n scores in blocks of rows, into a block that stays: a whole product of 20,000 rows would be 1.6 GB written once, and slower. The best of
three block sizes counts. pairs: listed pairs, gathered in blocks and multiplied by einsum. Seconds are of CPU, shared evenly among the threads of BLAS, as
those of bench_score are: other processes use the machine as well.
"""
import ctypes
import json
import os
import sys
import time

import numpy

ROWS = (256, 1024, 4096)


THREADS = int(os.environ.get("OPENBLAS_NUM_THREADS", "1"))


def cpu():
    return time.process_time() / THREADS


def product(x, y, rows):
    out = numpy.empty((rows, len(y)), numpy.float32)
    turned = y.T
    begun = cpu()
    for first in range(0, len(x), rows):
        block = x[first:first + rows]
        numpy.matmul(block, turned, out=out[:len(block)])
    return cpu() - begun


def pairs(x, y, i, j, block=4096):
    out = numpy.empty(len(i), numpy.float32)
    begun = cpu()
    for first in range(0, len(i), block):
        part = slice(first, first + block)
        numpy.einsum("ij,ij->i", x[i[part]], y[j[part]], out=out[part])
    return cpu() - begun


def about():
    blas = ctypes.CDLL("libopenblas.so.0")
    blas.openblas_get_corename.restype = ctypes.c_char_p
    return {"numpy": numpy.__version__, "blas": blas.openblas_get_corename().decode()}


def main():
    print(json.dumps(about()), flush=True)
    data = {}
    for line in sys.stdin:
        ask = json.loads(line)
        n, width = ask["n"], ask["width"]
        if (n, width) not in data:
            rng = numpy.random.default_rng(1)
            data = {(n, width): [rng.standard_normal((n, width), dtype=numpy.float32) for _ in range(2)]}
        x, y = data[n, width]
        if ask["what"] == "product":
            seconds = min(product(x, y, rows) for rows in ROWS)
        else:
            i, j = numpy.random.default_rng(2).integers(0, n, (2, ask["pairs"]))
            seconds = pairs(x, y, i, j)
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
