#!/usr/bin/env python3
"""Write x.npy and y.npy, a pair of Gaussian data sets whose mutual information is known.

Column j of y is correlated with column j of x by rho and with nothing else, so that
MI = -d/2 ln(1 - rho^2) nats. --cubic writes y^3 instead of y: MI does not change, for a one-to-one
map of a variable loses nothing. Prints the true MI as one line of JSON.
"""

import argparse
import json
import math
import pathlib
import random

import npyfile

MAX_NATS = 10.0  # per column: beyond, the noise in y is lost in float32's rounding


def draw(n, d, rho, cubic, seed):
    """n rows of x and of y."""
    gauss = random.Random(seed).gauss
    noise = math.sqrt(1.0 - rho * rho)
    x = [[gauss(0.0, 1.0) for _ in range(d)] for _ in range(n)]
    y = [[rho * value + noise * gauss(0.0, 1.0) for value in row] for row in x]
    return x, [[value**3 for value in row] for row in y] if cubic else y


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--d", type=int, default=5, help="columns of x and of y (default %(default)s)")
    parser.add_argument("--n", type=int, default=4000, help="rows (default %(default)s)")
    parser.add_argument("--nats", type=float, default=1.5, help="mutual information (default %(default)s)")
    parser.add_argument("--cubic", action="store_true", help="write y^3 for y")
    parser.add_argument("--seed", type=int, default=0, help="other seeds, other samples (default %(default)s)")
    parser.add_argument("--out", type=pathlib.Path, default=".", metavar="DIR", help="where to write (default here)")
    args = parser.parse_args()
    if args.d < 1 or args.n < 1 or not 0.0 <= args.nats <= MAX_NATS * args.d:
        parser.error(f"--d and --n are at least 1, --nats is from 0 to {MAX_NATS:g} per column")
    x, y = draw(args.n, args.d, math.sqrt(-math.expm1(-2.0 * args.nats / args.d)), args.cubic, args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    npyfile.write(args.out / "x.npy", x, "f")
    npyfile.write(args.out / "y.npy", y, "f")
    print(json.dumps({"mi_nats": args.nats}))


if __name__ == "__main__":
    main()
