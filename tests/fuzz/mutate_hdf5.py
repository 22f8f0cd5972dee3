#!/usr/bin/python3
"""Mutated HDF5 files through mutuald-hdf5 alone: what came of each, counted. Run by hand, not by ctest.

    /usr/bin/python3 tests/fuzz/mutate_hdf5.py [--runs 100000] [--seed 1] [--jobs 2] [--keep FOLDER] [--reader build/release/server/mutuald-hdf5]

An outcome is "read" (a whole stream), "refused" (an error that says why), "signal N" or "exit N" (the file broke libhdf5 inside its sandbox), or
"broken stream". The daemon turns all but the first into a 4xx; here the figures say how much of libhdf5's weakness the sandbox is needed for. Only
a "broken stream", or an exit with 3 (no sandbox), is a fault of ours, and makes the run fail. --keep writes the files that did not end as read or
refused. The same seed makes the same files.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import signal
import struct
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from hdf5_files import mutate, seeds  # noqa: E402

MEMORY, CPU_S, ROWS = 512 << 20, 2, 10_000_000
OPTIONS = [("", ""), ("x", ""), ("x", "ids"), ("P00003", "")]
SHAPE, IDS, ROWS_FRAME, END, ERROR = range(1, 6)


def stream_outcome(stream):
    """What the frames say: "read", "refused", or None when they end in the middle."""
    at = 0
    while at + 16 <= len(stream):
        kind, zero, n = struct.unpack_from("<IIQ", stream, at)
        if zero or not SHAPE <= kind <= ERROR:
            return "broken stream"
        at += 16 + n
        if at > len(stream):
            return None
        if kind in (END, ERROR):
            return ("read" if kind == END else "refused") if at == len(stream) else "broken stream"
    return None


def run(reader, data, key, ids_key):
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        ours, theirs = os.pipe()
        source = os.dup2(file.fileno(), 100)
        pid = os.posix_spawn(reader, ["mutuald-hdf5", str(os.getpid()), str(MEMORY), str(CPU_S), str(ROWS), key, ids_key], {},
                             file_actions=[(os.POSIX_SPAWN_DUP2, theirs, 1), (os.POSIX_SPAWN_DUP2, source, 3)])
        os.close(source)
        os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        stream = pipe.read(64 << 20)  # more claims a shape that the daemon refuses
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    if os.WEXITSTATUS(status):
        return "too large" if len(stream) == 64 << 20 else f"exit {os.WEXITSTATUS(status)}"
    return stream_outcome(stream) or "broken stream"


def work(reader, seed, first, last, keep):
    files = list(seeds().items())
    counts = collections.Counter()
    slowest = 0.0
    for i in range(first, last):
        rng = np.random.default_rng([seed, i])
        name, data = files[i % len(files)]
        data = mutate(data, rng)
        key, ids_key = OPTIONS[0] if rng.integers(3) else OPTIONS[rng.integers(len(OPTIONS))]
        begun = time.monotonic()
        outcome = run(reader, data, key, ids_key)
        slowest = max(slowest, time.monotonic() - begun)
        counts[outcome] += 1
        if keep and outcome not in ("read", "refused"):
            (pathlib.Path(keep) / f"{outcome.replace(' ', '_')}-{name}-{seed}-{i}.h5").write_bytes(data)
    return counts, slowest


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--keep")
    parser.add_argument("--reader", default=str(ROOT / "build/release/server/mutuald-hdf5"))
    args = parser.parse_args()
    if args.keep:
        pathlib.Path(args.keep).mkdir(parents=True, exist_ok=True)
    total, slowest, begun, part = collections.Counter(), 0.0, time.monotonic(), 500
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        parts = [pool.submit(work, args.reader, args.seed, first, min(first + part, args.runs), args.keep) for first in range(0, args.runs, part)]
        for done in concurrent.futures.as_completed(parts):
            counts, longest = done.result()
            total += counts
            slowest = max(slowest, longest)
    n = sum(total.values())
    print(f"{n} files in {time.monotonic() - begun:.0f} s, the slowest {slowest:.1f} s")
    for outcome, count in total.most_common():
        print(f"  {outcome:16} {count:8}  {100 * count / n:.3f} %")
    return 1 if total["broken stream"] or total["exit 3"] else 0


if __name__ == "__main__":
    sys.exit(main())
