"""Optimiser steps per second of core beside torch, and the share of the FMA peak that core's products reach in the same run.

Two peers. The tuned one, on which the targets are, is what a skilled user of torch writes: autograd, foreach Adam, and every setting of the environment that
helps. The other is torch with the backward pass written by hand into buffers (torch_hand.py): a rewrite of what torch is used for, but its limit.
"""
import contextlib
import statistics

from sides import Missing, Worker, clean, need_module, program, run_json, tuned

CASES = [("separable", b) for b in (64, 128, 256, 512)] + [("joint", b) for b in (64, 128)]
QUICK = [("separable", 64), ("separable", 128), ("joint", 64)]
TARGET = {  # (critic, batch): {(precision, threads): ratio to tuned torch, on two threads to the best of one and two}
    ("separable", 64): {("fp32", 1): 3.0, ("fp32", 2): 4.5, ("bf16", 1): 4.0},
    ("separable", 128): {("fp32", 1): 2.1, ("fp32", 2): 3.5, ("bf16", 1): 3.0},
    ("joint", 64): {("fp32", 1): 1.2, ("bf16", 1): 2.1},
    ("joint", 128): {("fp32", 1): 1.2, ("bf16", 1): 2.1},
}
PEAK_TARGET = 0.8  # separable from B = 128 on, and joint
SIDES = [("fp32", 1), ("fp32", 2), ("bf16", 1), ("bf16", 2)]


class Torch:
    """Torch in its forms: as it comes, tuned on one thread, tuned with two threads in its products, and with a second Python thread."""

    def __init__(self, stack):
        self.workers = {}
        for name, env in (("default", clean()), ("one", tuned(1)), ("two", tuned(2))):
            self.workers[name] = Worker("torch_step.py", env)
            stack.callback(self.workers[name].close)

    def rate(self, form, critic, batch, seconds):
        worker, how = form
        return self.workers[worker].ask(form=how, critic=critic, batch=batch, seconds=seconds)

    def best(self, forms, critic, batch, seconds):
        rates = {form: max(self.rate(form, critic, batch, seconds)["steps_per_s"] for _ in range(2)) for form in forms}
        return max(rates, key=rates.get)


TUNED = {1: [("one", "autograd")], 2: [("one", "autograd"), ("two", "autograd")]}  # by threads allowed
BY_HAND = {1: [("one", "hand")], 2: [("one", "hand"), ("one", "threads"), ("two", "hand")]}
DEFAULT = ("default", "plain")
WORDS = {"autograd": "autograd, foreach Adam", "hand": "backward by hand", "threads": "backward by hand, two Python threads at once"}


def ours(critic, batch, precision, threads, seconds):
    argv = [program("tests/bench/bench_step"), "--critic", critic, "--batch", str(batch), "--threads", str(threads), "--precision", precision,
            "--seconds", str(seconds)]
    found = run_json(argv, clean())[0]
    if (found.get("precision"), found.get("threads"), found.get("batch")) != (precision, threads, batch):
        raise Missing(f"bench_step does not take --precision {precision} --threads {threads}")
    return found


def available():
    """The sides that bench_step can run; it grew with the engine."""
    sides, reason = [], None
    for side in SIDES:
        try:
            ours("separable", 64, *side, 0.05)
            sides.append(side)
        except Missing as missing:
            reason = missing
    if ("fp32", 1) not in sides:
        raise Missing(reason)
    return sides, reason


def describe(torch, form):
    worker, how = form
    about = torch.workers[worker].about
    threads = max(about["threads"], about["blas_threads"])
    return (f"torch {about['torch']}, {WORDS.get(how, 'as it comes')}, {threads} thread{'s' * (threads > 1)} in an operation, "
            f"BLAS {about['blas']}, {about['aten']}")


def measure(torch, sides, forms, critic, batch, runs, seconds):
    """{side or form: [result of each run]}, one after the other within a run."""
    found = {}
    for _ in range(runs):
        for form in forms:
            found.setdefault(form, []).append(torch.rate(form, critic, batch, seconds))
        for side in sides:
            found.setdefault(side, []).append(ours(critic, batch, *side, seconds))
    return found


def pairs(found, side, form, key="steps_per_s"):
    return [(a[key], b[key]) for a, b in zip(found[side], found[form])]


def by_cpu_time(found, side, form):
    """The ratio of rates per CPU second, one thread each: what is left of the noise of a shared machine."""
    return round(statistics.median(a / b for a, b in pairs(found, side, form, "cpu_steps_per_s")), 3)


def compare(report, torch, found, side, critic, batch, peers):
    precision, threads = side
    name = f"step.{critic}.{batch}.{precision}.{threads}t"
    for suffix, form in (("", peers["tuned"][threads]), (".vs_hand", peers["hand"][threads]), (".vs_plain", DEFAULT)):
        if form == DEFAULT and side != ("fp32", 1):
            continue
        more = {"kernels": found[side][0].get("kernels")}
        if threads == 1:
            more["ratio_of_cpu_time"] = by_cpu_time(found, side, form)
        target = TARGET.get((critic, batch), {}).get(side) if not suffix else None
        report.figure(name + suffix, pairs(found, side, form), "steps/s", describe(torch, form), target=target, **more)


def case(report, torch, sides, critic, batch, runs, seconds):
    peers = {name: {n: torch.best(forms[n], critic, batch, seconds) for n in forms} for name, forms in (("tuned", TUNED), ("hand", BY_HAND))}
    forms = list(dict.fromkeys([DEFAULT, *peers["tuned"].values(), *peers["hand"].values()]))
    found = measure(torch, sides, forms, critic, batch, runs, seconds)
    for side in sides:
        compare(report, torch, found, side, critic, batch, peers)
    wanted = (">=", PEAK_TARGET) if critic == "joint" or batch >= 128 else None
    report.value(f"step.{critic}.{batch}.fp32.1t.share_of_peak", [r["share_of_peak"] for r in found["fp32", 1]], "", target=wanted,
                 baseline="FMA peak of one thread, measured between the steps", gflops=found["fp32", 1][-1]["gflops"],
                 fma_peak_gflops=found["fp32", 1][-1]["fma_peak_gflops"])


def run(report, quick):
    need_module("torch")
    sides, reason = available()
    for side in SIDES:
        if side not in sides:
            report.skip(f"step.*.{side[0]}.{side[1]}t", reason)
    with contextlib.ExitStack() as stack:
        torch = Torch(stack)
        for critic, batch in QUICK if quick else CASES:
            case(report, torch, sides, critic, batch, 3 if quick else 5, 0.2 if quick else 0.5)
