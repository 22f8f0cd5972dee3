#!/usr/bin/env python3
"""The staircase figure of papers on neural estimators of mutual information, as text and csv.

Critics are trained on new pairs at every step, from a law whose MI is raised after so many steps: 2, 4, 6, 8 and 10 bits. The
law is Gaussian, or Gaussian with y cubed, which changes no MI. The settings are the paper's (recipe "paper", batches of 64):
z-scores, a plain network, no baseline, no weight average, no calibration. Panels show what each batch says before it is trained
on: of infonce, nwj and mine the bound that they train, of the others the mean log ratio. Tables are of held-out pairs, with each
estimator's own formula. Needs a running mutuald.
"""

import argparse
import csv
import math
import textwrap

import service

ESTIMATORS = ["infonce", "nwj", "mine", "smile", "js", "infonce-anchor"]
LEVELS = [2, 4, 6, 8, 10]
BATCH = 64
BITS = 1 / math.log(2)
ACROSS, HEIGHT, PANEL = 3, 9, 34  # panels side by side, and the size of one


def job_of(args):
    small = {"hidden": [128, 128], "embed": 32}
    full = {"hidden": [256, 256], "embed": 32}
    return {
        "kind": "benchmark",
        "laws": [{"name": name, "dim": args.dim} for name in ("gaussian", "cubic")],
        "fresh": {"levels_bits": LEVELS, "steps": args.steps, "sample": args.sample},
        "objectives": args.estimators.split(","),
        "repetitions": args.repetitions,
        "recipe": "paper",
        "critic": {"type": args.critic, **(small if args.quick else full)},
        "train": {"batch": BATCH, "early_stopping": False, **({"learning_rate": 2e-3} if args.quick else {})},
        "null_pairs": 100000,
        "seed": args.seed,
        "timeout_s": 604800,
    }


# ---- the figures ----


def bits(nats):
    return None if nats is None else nats * BITS


def shown(value, sign=""):
    return "-" if value is None else f"{value:{sign}.2f}" if abs(value) < 100 else f"{value:{sign}.1e}"


def print_tables(cells):
    """A row per estimator, a column per level: bias, spread over repetitions, root mean square error."""
    for law in dict.fromkeys(cell["law"]["label"] for cell in cells):
        print(f"\n{law}, bits: bias ± spread (root mean square error)")
        print(f"  {'':15}" + "".join(f"{f'{level} bits':>22}" for level in LEVELS))
        for cell in cells:
            if cell["law"]["label"] != law:
                continue
            texts = []
            for level in cell["levels"]:
                spread = f" ±{shown(bits(level['std_nats']))}" if level["std_nats"] is not None else ""
                texts.append(f"{shown(bits(level['bias_nats']), '+')}{spread} ({shown(bits(level['rmse_nats']))})")
            print(f"  {cell['label']:15}" + "".join(f"{text:>22}" for text in texts))
            if cell["error"]:
                print(f"  {'':15}  failed {cell['error']['repetitions']} times: {cell['error']['detail']}")


def write_figures(path, cells):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["law", "estimator", "truth_bits", "repetitions", "mean_bits", "bias_bits", "std_bits", "rmse_bits", "batch_sd_bits",
                      "null_mean_ratio"])
        for cell in cells:
            for level in cell["levels"]:
                nats = (level[key + "_nats"] for key in ("mean", "bias", "std", "rmse", "batch_sd"))
                out.writerow([cell["law"]["label"], cell["label"], level["truth_bits"], level["repetitions"], *map(bits, nats),
                              level["null_mean_ratio"]])


# ---- the curves ----


def estimate(objective, loss, mean_log_ratio):
    """What a batch says of the MI: where the loss is a bound, that bound; else the mean log ratio of its pairs."""
    if loss is None:
        return None
    if objective == "infonce":
        return math.log(BATCH) - loss
    return -loss if objective in ("nwj", "dv", "tuba", "mine") else mean_log_ratio


def points_of(runs):
    """{(law, estimator): [(step, truth, estimate), ...]} of the first repetition, bits; of batches before they are trained on."""
    found = {}
    for run in runs:
        if run["repetition"] != 0:
            continue
        points = found.setdefault((run["law"], run["objective"]), [])
        for step, loss, mean in zip(run["step"], run["train_loss"], run["train_mi"]):
            value = estimate(run["objective"].split()[0], loss, mean)
            if value is not None:
                points.append((step, bits(run["truth_nats"]), bits(value)))
    return found


def write_points(path, found):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["law", "estimator", "step", "truth_bits", "estimate_bits"])
        for (law, estimator), points in found.items():
            out.writerows([law, estimator, *point] for point in points)


def draw(title, points, last_step, top):
    """Lines of one panel: the staircase as dashes, the estimate as stars."""
    rows = [[" "] * PANEL for _ in range(HEIGHT)]

    def mark(step, value, character):
        row = HEIGHT - 1 - round(value / top * (HEIGHT - 1))
        if 0 <= row < HEIGHT:
            rows[row][min(PANEL - 1, int(step / last_step * PANEL))] = character

    for step, truth, _ in points:
        mark(step - 1, truth, "-")
    for step, _, value in points:
        mark(step - 1, max(0.0, value), "*")
    labels = {0: f"{top:g}", HEIGHT - 1: "0"}
    lines = [f"{labels.get(i, ''):>3}|{''.join(row)}" for i, row in enumerate(rows)]
    return [f"    {title:{PANEL}}", *lines, "   +" + "-" * PANEL]


def print_panels(found):
    if not found:
        return
    last_step = max(points[-1][0] for points in found.values() if points)
    top = LEVELS[-1] + 2
    for law in dict.fromkeys(law for law, _ in found):
        print(f"\n{law}, bits over {last_step} steps: - truth, * batches before they are trained on")
        panels = [draw(name, points, last_step, top) for (where, name), points in found.items() if where == law]
        for first in range(0, len(panels), ACROSS):
            for lines in zip(*panels[first:first + ACROSS]):
                print("  ".join(lines).rstrip())


def main():
    paragraph = textwrap.dedent(__doc__).split("\n\n", maxsplit=1)
    parser = argparse.ArgumentParser(description=paragraph[0], epilog=paragraph[1])
    service.add_arguments(parser)
    parser.add_argument("--quick", action="store_true", help="small critics, few steps, one repetition: some seconds")
    parser.add_argument("--dim", type=int, default=None, help="columns of x and of y (default 20, quick: 10)")
    parser.add_argument("--steps", type=int, default=None, help="of each level (default 4000, quick: 600)")
    parser.add_argument("--repetitions", type=int, default=None, help="default 3, quick: 1")
    parser.add_argument("--sample", type=int, default=None, help="pairs beside training; a fifth is scored (default 50000, quick: 5000)")
    parser.add_argument("--critic", default="separable", help="separable or joint (default %(default)s)")
    parser.add_argument("--estimators", default=",".join(ESTIMATORS), help="default %(default)s")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--csv", metavar="FILE", help="write the figures of the tables")
    parser.add_argument("--points", metavar="FILE", help="write the points of the panels, as csv")
    args = parser.parse_args()
    for name, full, quick in (("dim", 20, 10), ("steps", 4000, 600), ("repetitions", 3, 1), ("sample", 50000, 5000)):
        if getattr(args, name) is None:
            setattr(args, name, quick if args.quick else full)

    server = service.Server(args.server, args.token)
    job = server.run(job_of(args))
    cells = job["result"]["benchmark"]["cells"]
    found = points_of(server.call(f"/v1/jobs/{job['id']}/curve?max_points=1000")["runs"])
    print_panels(found)
    print_tables(cells)
    if args.csv:
        write_figures(args.csv, cells)
    if args.points:
        write_points(args.points, found)


if __name__ == "__main__":
    main()
