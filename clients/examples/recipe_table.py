#!/usr/bin/env python3
"""How much each part of the default recipe is worth: one benchmark job per recipe, over laws of known MI.

Prints the mean absolute error of each recipe in nats: on half a of the laws, where settings may be chosen, on half b, which is
only looked at to check, and on all. Every recipe sees the same data. Needs a running mutuald.
"""

import argparse

import service

EARLIER = {"train": {"learning_rate": 5e-4, "ema": 0.99}, "debias": "none"}
COPULA = {"recipe": "paper", "prepare": {"transform": "rank-gaussian"}, "calibrate": True}
RECIPES = [
    ("paper: z-score, nu 1, one direction, no baseline", {"recipe": "paper"}),
    ("+ rank to Gaussian, log-scale calibrated", COPULA),
    ("+ Gaussian baseline", {**COPULA, "critic": {"baseline": "gaussian"}}),
    ("+ rows and columns, weight average, nu 8", EARLIER),
    ("  the same with nu = K", {**EARLIER, "objective": {"name": "infonce-anchor", "nu": 127}}),
    ("  the same with nu 1, not calibrated", {**EARLIER, "objective": {"name": "infonce-anchor", "nu": 1}, "calibrate": False}),
    ("+ faster rate, longer average", {"debias": "none"}),
    ("+ half of the optimism (the default)", {}),
    ("Gaussian copula alone", {"objective": "gaussian"}),
    ("nearest neighbours, rank to Gaussian", {"objective": "ksg"}),
]


def errors_by_half(result):
    """(half, |error|) of each law's mean estimate, and the laws without one."""
    found, missing = [], 0
    for cell in result["benchmark"]["cells"]:
        level = cell["levels"][0]
        if cell["error"] or level["mean_nats"] is None:
            missing += 1
        else:
            found.append((cell["law"]["half"], level["mean_abs_error_nats"]))
    return found, missing


def mean(values):
    return sum(values) / len(values) if values else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    service.add_arguments(parser)
    parser.add_argument("--suite", default="beyond-normal", help="beyond-normal, further or own (default %(default)s)")
    parser.add_argument("--n", type=int, default=1000, help="pairs (default %(default)s)")
    parser.add_argument("--repetitions", type=int, default=1, help="samples of each law (default %(default)s)")
    parser.add_argument("--seed", default="1")
    args = parser.parse_args()

    server = service.Server(args.server, args.token)
    common = {"kind": "benchmark", "laws": {"suite": args.suite, "half": "both"}, "n": args.n,
              "repetitions": args.repetitions, "seed": args.seed, "timeout_s": 86400}
    print(f"mean |error|, nats; suite {args.suite}, {args.n} pairs, {args.repetitions} sample(s) of each law")
    print(f"{'recipe':50}  {'half a':>7}  {'half b':>7}  {'all':>7}  {'worst':>7}")
    for name, settings in RECIPES:
        errors, missing = errors_by_half(server.run({**common, **settings})["result"])
        halves = [mean([e for half, e in errors if half == which]) for which in "ab"]
        every = [e for _, e in errors]
        note = f"  ({missing} laws without an estimate)" if missing else ""
        print(f"{name:50}  {halves[0]:7.3f}  {halves[1]:7.3f}  {mean(every):7.3f}  {max(every):7.3f}{note}", flush=True)


if __name__ == "__main__":
    main()
