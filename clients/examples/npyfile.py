"""Write a matrix as an .npy file (version 1.0, C order) with the standard library alone."""

import array
import sys


def write(path, rows, typecode):
    """rows: equally long sequences of numbers. typecode: of the array module, "f" (float32) or "B" (uint8)."""
    descr = {"f": "<f4", "B": "|u1"}[typecode]
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"  # the data begin at a multiple of 64
    values = array.array(typecode)
    for row in rows:
        values.extend(row)
    if sys.byteorder == "big":
        values.byteswap()
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode("ascii"))
        values.tofile(file)
