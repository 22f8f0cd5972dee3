"""All 400 million pairs of 20,000 rows with 20,000 by a model of 1,219 pairs of 1,024 columns: the best 100, two workers, from POST to the answer; and memory.

The baseline is numpy's product of the same 1,024 columns in blocks of rows, of each of which it keeps the best 100: no model, no features, no lists on disk.
It runs in a process of its own, alternating with the daemon.
"""
import json
import subprocess
import sys
import threading
import time

import numpy

from server import daemon, gaussian
from sides import HERE, tuned

ROWS, COLUMNS, PAIRS = 20000, 1024, 1219
MIB_LIMIT, SECONDS_LIMIT = 1024, 60


class Peak:
    """The most memory of the daemon's own (not of files that it maps) while a block runs, MiB."""

    def __init__(self, one):
        self.one, self.most, self.over = one, 0, threading.Event()

    def _watch(self):
        while not self.over.wait(0.02):
            self.most = max(self.most, self.one.memory("RssAnon"))

    def __enter__(self):
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def numpy_seconds(rows):
    answer = subprocess.run([sys.executable, HERE / "numpy_screen.py", str(rows), str(COLUMNS)], env=tuned(2), capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def seconds(one, **spec):
    begun = time.perf_counter()
    one.run(**spec)
    return time.perf_counter() - begun


def run(report, quick):
    rows, runs = (4000, 1) if quick else (ROWS, 3)
    times, lists, memory = [], [], []
    with daemon("--workers", "2") as one:
        x, y = gaussian(rows, COLUMNS, 40.0)
        for name, values in (("x", x), ("y", y), ("pairs_x", x[:PAIRS]), ("pairs_y", y[:PAIRS])):
            one.upload(name, numpy.ascontiguousarray(values))
        trained = one.run(x={"dataset": "pairs_x"}, y={"dataset": "pairs_y"}, outputs={"model": True})
        spec = {"kind": "screen", "model": trained["result"]["model"], "x": {"dataset": "x"}, "y": {"dataset": "y"}}
        for _ in range(runs):
            with Peak(one) as peak:
                plain = seconds(one, **spec, top=100)
            memory.append(peak.most)
            times.append((plain, numpy_seconds(rows)["seconds"]))
            lists.append((seconds(one, **spec, top=100, top_per_x=10, top_per_y=10, above={"fpr": 1e-5}), plain))
    report.figure("screen.top", times, "s", "numpy, product of the raw columns and the best of each block", better="lower",
                  target=("<=", SECONDS_LIMIT), note=f"{rows * rows} pairs", columns=COLUMNS)
    report.value("screen.top.memory", memory, "MiB", target=("<=", MIB_LIMIT))
    report.figure("screen.all_lists", lists, "s", "the best 100 alone", better="lower", note="and the best 10 of each row, and all above an FPR of 1e-5")
