"""Pairs scored per second: listed pairs, and all pairs of two sides with the best kept, beside numpy."""
import contextlib

from sides import Worker, need_module, program, run_json, tuned

SCREEN_TARGET = 0.8  # of the rate of sgemm
KEEP = {"top100": ["--top", "100"], "top10": ["--top", "10"], "above": ["--top", "0", "--above", "30"]}  # of each row; of all, about one in 10^4 at width 64
PAIRS = 2_000_000  # of numpy's listed pairs; a rate does not depend on it


def ours(what, n, width, threads, seconds, *keep):
    argv = [program("tests/bench/bench_score"), "--what", what, "--n", str(n), "--width", str(width), "--threads", str(threads), "--seconds", str(seconds)]
    return run_json([*argv, *keep], tuned(threads))[0]


def of(found, key):
    return [r[key] for r in found]


def screen(report, numpy, n, width, threads, keep, runs, seconds):
    """The reference is numpy's product of the same size; beside it stands sgemm in cache-sized tiles, alternating within bench_score."""
    pairs, found = [], []
    for _ in range(runs):
        found.append(ours("screen", n, width, threads, seconds, *KEEP[keep]))
        pairs.append((found[-1]["pairs_per_s"], float(n) * n / numpy.ask(what="product", n=n, width=width)["seconds"]))
    name = f"scoring.screen.{n}x{n}x{width}.{keep}.{threads}t"
    baseline = f"numpy {numpy.about['numpy']} x @ y.T in blocks of rows, BLAS {numpy.about['blas']}, {threads} thread{'s' * (threads > 1)}"
    report.figure(name, pairs, "pairs/s", baseline, target=SCREEN_TARGET, gflops=found[-1]["gflops"],
                  peak_rss_mb=found[-1].get("peak_rss_mb"))
    if "ratio" in found[0]:
        report.value(name + ".of_sgemm", of(found, "ratio"), "", baseline=found[0].get("baseline"), target=(">=", SCREEN_TARGET),
                     sgemm_gflops=found[-1].get("sgemm_gflops"))


def listed(report, numpy, n, width, runs, seconds):
    pairs, products = [], []
    for _ in range(runs):
        rate = ours("pairs", n, width, 1, seconds)["pairs_per_s"]
        pairs.append((rate, PAIRS / numpy.ask(what="pairs", n=n, width=width, pairs=PAIRS)["seconds"]))
        products.append((rate, float(n) * n / numpy.ask(what="product", n=n, width=width)["seconds"]))
    about = f"numpy {numpy.about['numpy']}"
    report.figure(f"scoring.pairs.{n}.{width}.1t", pairs, "pairs/s", f"{about}, einsum of gathered rows, 1 thread")
    report.figure(f"scoring.pairs.{n}.{width}.1t.of_product", products, "pairs/s", f"{about}, all pairs by x @ y.T, BLAS {numpy.about['blas']}, 1 thread")


def run(report, quick):
    need_module("numpy")
    program("tests/bench/bench_score")
    runs, seconds = (3, 0.3) if quick else (5, 1.0)
    n = 4000 if quick else 20000
    for threads in (1, 2):
        with contextlib.ExitStack() as stack:
            numpy = Worker("numpy_score.py", tuned(threads))
            stack.callback(numpy.close)
            for width in (64,) if quick else (32, 64, 128):
                for keep in KEEP:
                    screen(report, numpy, n, width, threads, keep, runs, seconds)
                if threads == 1:
                    listed(report, numpy, n, width, runs, seconds)
