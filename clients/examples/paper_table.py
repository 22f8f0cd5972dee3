#!/usr/bin/env python3
"""The table of held-out protein pairs: AUROC of estimators' PMIs for proteins that no training pair names.

Per draw, proteins are held out, a model trains on the pairs that name none of them, and every ordered pair of two held-out proteins is
scored; known pairs are the positives, all others the negatives ("not known", not proven absent). Every estimator sees the same draws.
Reads what fetch_proteins.py writes, or --embeddings and --pairs of yours. Uses a running mutuald (--server), or starts one. Needs numpy.
"""

import argparse
import csv
import hashlib
import io
import json
import pathlib
import sys
import textwrap
import time

import numpy as np

import paper_protocol
import service

FETCHED = pathlib.Path("protein_pairs")
REFERENCE = "infonce-anchor"
ESTIMATORS = {
    "lmi": {"name": "lmi"},
    "drf": {"name": "drf"},
    "js": {"name": "infonce-anchor", "k": 1, "nu": 1},
    "infonce-anchor": {"name": "infonce-anchor"},
    "spherical": {"name": "cpe", "rule": "spherical"},
    "gaussian": {"name": "gaussian"},
}
TITLES = {"drf": "drf (chi2)", "js": "js (anchor, K=1, nu=1)", "spherical": "spherical rule", "gaussian": "gaussian reference"}
# Ryu et al., ICLR 2026: mean and sd of 20 runs with ProtT5 embeddings, by the name of the x column.
PAPER = {
    "kinase": {"lmi": (.74, .08), "drf": (.76, .07), "js": (.77, .08), "infonce-anchor": (.80, .06), "spherical": (.73, .07)},
    "ligand": {"lmi": (.87, .04), "drf": (.92, .03), "js": (.95, .02), "infonce-anchor": (.97, .01), "spherical": (.87, .05)},
}


class NoModel(Exception):
    """The estimator cannot take part, whatever the draw."""


class Failed(Exception):
    """This draw has no figure."""


# ---- embeddings on the server ----


def content_of(path, ids):
    """What to upload: an HDF5 file as it is; an .npy and its ids together as an .npz."""
    if path.suffix != ".npy":
        return path.read_bytes()
    if not ids:
        sys.exit(f"{path}: an .npy has no ids; name the file that has one per line with --ids")
    rows, names = np.load(path, mmap_mode="r", allow_pickle=False), ids.read_text(encoding="utf-8").split()
    if rows.ndim != 2 or len(rows) != len(names):
        sys.exit(f"{path} has shape {rows.shape}, {ids} {len(names)} ids")
    packed = io.BytesIO()
    np.savez(packed, embeddings=rows, ids=np.array(names))
    return packed.getvalue()


def put_embeddings(server, path, ids):
    """(its name on the server, whether it is there because of us)."""
    content = content_of(path, ids)
    name = f"paper-table-{hashlib.sha256(content).hexdigest()[:16]}"
    try:
        server.request(f"/v1/datasets/{name}")
        return name, False
    except service.Problem as problem:
        if problem.status != 404:
            raise
    server.request(f"/v1/datasets/{name}", file=content, method="PUT")
    return name, True


# ---- one figure ----


def job_of(dataset, pairs, objective, args, seed, outputs):
    sides = {"x": {"dataset": dataset}, "y": {"dataset": dataset}}
    return {"kind": "estimate", **sides, "pairs": {"data": pairs}, "objective": objective, "outputs": outputs, "seed": str(seed),
            "timeout_s": 86400, "tags": {"example": "paper_table"}, **args.spec}


def embedded(server, dataset, pairs, args):
    """The pairs whose proteins both have an embedding: what a closed-form job over all of them can use."""
    job = server.run(job_of(dataset, pairs, {"name": "gaussian"}, args, 1, {"pmi": False}))
    absent, page = set(), f"/v1/jobs/{job['id']}/missing?limit=10000"
    while page:
        answer = server.request(page)
        absent.update(row["id"] for row in answer["data"])
        page = answer["next"] and f"/v1/jobs/{job['id']}/missing?limit=10000&after={answer['next']}"
    server.request(f"/v1/jobs/{job['id']}", method="DELETE")
    kept = [pair for pair in pairs if absent.isdisjoint(pair)]
    used = job["result"]["pairs"]["used"]
    if len(kept) != used:
        sys.exit(f"the server used {used} pairs, but {len(kept)} have no protein among those that it says are missing")
    return kept


def scores_of(server, model, pairs, chunk):
    """PMIs, nats, in the order of pairs."""
    scores = []
    for first in range(0, len(pairs), chunk):
        asked = pairs[first:first + chunk]
        rows = server.request(f"/v1/models/{model}/pmi", {"pairs": asked})["data"]
        if [(row["x_id"], row["y_id"]) for row in rows] != list(asked):
            raise Failed("the server scored other pairs than asked for")
        if any(row.get("trained") for row in rows):
            raise Failed("a held-out pair was trained on")
        scores += [row["pmi"] for row in rows]
    if None in scores:
        raise Failed(f"{scores.count(None)} PMIs that are not finite")
    return scores


def figure(server, dataset, draw, objective, args, seed):
    """What one draw says of one estimator; the job and its model are gone afterwards."""
    begun = time.monotonic()
    try:
        job = server.finished(job_of(dataset, draw.train, objective, args, seed, {"model": True, "pmi": False, "curve": False}))
    except service.Problem as problem:
        raise NoModel(str(problem)) from problem
    model = None
    try:
        if job["state"] != "succeeded":
            raise Failed((job.get("error") or {}).get("detail") or job["state"])
        model = job["result"].get("model")
        if not model:
            raise NoModel("the job kept none")
        used = job["result"]["pairs"]["used"]
        if used != len(draw.train):
            raise Failed(f"trained on {used} pairs instead of {len(draw.train)}")
        scores = scores_of(server, model, draw.scored, args.chunk)
    finally:
        if model:
            server.request(f"/v1/models/{model}", method="DELETE")
        server.request(f"/v1/jobs/{job['id']}", method="DELETE")
    within = draw.within_roles
    return {"auroc": paper_protocol.auroc(scores, draw.known),
            "within_roles": paper_protocol.auroc(np.array(scores)[within], draw.known[within]),
            "train": len(draw.train), "known": int(draw.known.sum()), "scored": len(draw.scored), "redrawn": draw.redrawn,
            "seconds": round(time.monotonic() - begun, 2)}


# ---- all figures of a table of pairs ----


class Notebook:
    """Figures by what they depend on; with a file, of earlier runs too."""

    def __init__(self, path):
        self.path, self.known = path, {}
        if path and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self.known[entry["key"]] = entry["figure"]

    def get(self, key, make):
        if key not in self.known:
            self.known[key] = make()
            if self.path:
                with open(self.path, "a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, "figure": self.known[key]}) + "\n")
        return self.known[key]


def measure(server, table, args, notebook):
    """{"x", "y", "pairs", ..., "rows": {estimator: {"draws": {number: figure}, "no_model", "failures"}}}."""
    path, x_id, y_id, dataset = table
    x_name, y_name, listed = paper_protocol.read_pairs(path, x_id, y_id)
    pairs = embedded(server, dataset, listed, args)
    rows = {name: {"draws": {}, "no_model": None, "failures": []} for name in args.estimators}
    base = json.dumps([dataset, hashlib.sha256(json.dumps(pairs).encode()).hexdigest(), args.holdout, args.seed, args.spec], sort_keys=True)
    for number in range(args.draws):
        draw = paper_protocol.draw(pairs, args.holdout, args.seed, number)
        if draw.redrawn:
            print(f"draw {number + 1}: redrawn {draw.redrawn} times, no known pair among the held-out proteins", file=sys.stderr)
        for name, row in rows.items():
            if row["no_model"]:
                continue
            objective = args.estimators[name]
            key = f"{base} {json.dumps(objective, sort_keys=True)} {number}"
            try:
                found = notebook.get(key, lambda d=draw, o=objective, n=number: figure(server, dataset, d, o, args, args.seed * 1000 + n))
                row["draws"][number] = found
                told = f"AUROC {found['auroc']:.3f}, {found['seconds']} s"
            except NoModel as error:
                row["no_model"] = told = f"no model: {error}"
            except Failed as error:
                row["failures"].append(f"draw {number + 1}: {error}")
                told = f"failed: {error}"
            print(f"{x_name} {y_name}, draw {number + 1} of {args.draws}, {name}: {told}", file=sys.stderr, flush=True)
    return {"x": x_name, "y": y_name, "listed": len(listed), "pairs": len(pairs), "proteins": len({i for p in pairs for i in p}), "rows": rows}


def summary(name, rows, x_name):
    """One line of the table, as numbers."""
    row = rows[name]
    per_draw = {key: {n: f[key] for n, f in row["draws"].items()} for key in ("auroc", "within_roles")}
    mean, sd = paper_protocol.mean_sd(per_draw["auroc"].values())
    roles, roles_sd = paper_protocol.mean_sd(per_draw["within_roles"].values())
    reference = {n: f["auroc"] for n, f in rows[REFERENCE]["draws"].items()} if REFERENCE in rows and name != REFERENCE else {}
    difference, error, _ = paper_protocol.paired_difference(per_draw["auroc"], reference)
    paper, paper_sd = PAPER.get(x_name, {}).get(name, (None, None))  # none of an estimator with other settings
    seconds, _ = paper_protocol.mean_sd(f["seconds"] for f in row["draws"].values())
    return {"estimator": name, "draws": len(row["draws"]), "auroc": mean, "sd": sd, "difference": difference, "difference_std_err": error,
            "within_roles": roles, "within_roles_sd": roles_sd, "paper": paper, "paper_sd": paper_sd, "seconds_per_draw": seconds,
            "failures": row["failures"], "no_model": row["no_model"]}


# ---- printing ----


def number(value, spread=None, form=".3f"):
    if value is None:
        return "-"
    return format(value, form) + (f" ± {spread:.3f}" if spread is not None else "")


def span(rows, key):
    values = [f[key] for row in rows.values() for f in row["draws"].values()]
    if not values:
        return "-"
    return f"{min(values):,}" if min(values) == max(values) else f"{min(values):,} to {max(values):,}"


def print_table(measured, args):
    for table in measured:
        rows = table["rows"]
        print(f"\n{table['x']} and {table['y']}: {table['pairs']:,} pairs of {table['proteins']:,} proteins with an embedding"
              f" ({table['listed'] - table['pairs']:,} pairs without)")
        print(f"{args.draws} draws of {args.holdout} proteins: {span(rows, 'train')} pairs to train on, {span(rows, 'known')} known pairs among"
              f" {span(rows, 'scored')} scored; seed {args.seed}")
        print(f"  {'':24}{'AUROC':>15}  {'to infonce-anchor':>17}  {'within roles':>15}  {'paper':>11}  {'s/draw':>6}")
        for name in rows:
            line = summary(name, rows, table["x"])
            title = TITLES.get(name, name)
            paper = "-" if line["paper"] is None else f"{line['paper']:.2f} ± {line['paper_sd']:.2f}"
            if line["no_model"]:
                print(f"  {title:24}{'-':>15}  {'-':>17}  {'-':>15}  {paper:>11}  {'-':>6}  no model: {line['no_model']}")
                continue
            print(f"  {title:24}{number(line['auroc'], line['sd']):>15}  {number(line['difference'], line['difference_std_err'], '+.3f'):>17}"
                  f"  {number(line['within_roles'], line['within_roles_sd']):>15}  {paper:>11}  {number(line['seconds_per_draw'], form='.1f'):>6}")
            for failure in line["failures"]:
                print(f"  {'':24}{failure}")
    print("\nmean ± sd over draws; to infonce-anchor: mean ± standard error of the differences draw by draw (draws share pairs, so that it is rather"
          "\ntoo small); within roles: of pairs whose x occurs as an x and whose y as a y; paper: other embeddings (ProtT5) and more pairs")


def print_csv(measured):
    out = None
    for table in measured:
        for name in table["rows"]:
            line = {"x": table["x"], "y": table["y"], **summary(name, table["rows"], table["x"])}
            line["failures"] = "; ".join(line["failures"])
            if not out:
                out = csv.DictWriter(sys.stdout, list(line), lineterminator="\n")
                out.writeheader()
            out.writerow(line)


def print_json(measured, args):
    tables = [{**table, "rows": [{**summary(name, table["rows"], table["x"]), "objective": args.estimators[name], "figures": row["draws"]}
                                 for name, row in table["rows"].items()]} for table in measured]
    print(json.dumps({"draws": args.draws, "holdout": args.holdout, "seed": args.seed, "spec": args.spec, "tables": tables}, indent=2))


# ---- the command ----


def objects(text):
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError
    return found


def estimators(text):
    """{as given: objective} of "drf,lmi:width=64:max_steps=500"."""
    found = {}
    for given in text.split(","):
        name, *settings = given.split(":")
        if name not in ESTIMATORS:
            raise argparse.ArgumentTypeError(f"no estimator called {name!r}; there are {', '.join(ESTIMATORS)}")
        found[given] = dict(ESTIMATORS[name])
        for setting in settings:
            key, equals, value = setting.partition("=")
            if not equals:
                raise argparse.ArgumentTypeError(f"{setting!r}: KEY=VALUE is expected")
            try:
                found[given][key] = json.loads(value)
            except ValueError:
                found[given][key] = value
    return found


def arguments():
    paragraph = textwrap.dedent(__doc__).split("\n\n", maxsplit=1)
    parser = argparse.ArgumentParser(description=paragraph[0], epilog=paragraph[1])
    service.add_arguments(parser, own=True)
    parser.add_argument("--embeddings", type=pathlib.Path, default=FETCHED / "per-protein.h5", metavar="FILE", help=".h5, or .npy with --ids (default %(default)s)")
    parser.add_argument("--ids", type=pathlib.Path, metavar="FILE", help="of an .npy: the id of each row, one a line")
    parser.add_argument("--pairs", type=pathlib.Path, action="append", metavar="FILE", help="a pair table, again for another one (default: those of fetch_proteins.py)")
    parser.add_argument("--x-id", action="append", default=[], metavar="COLUMN", help="of each --pairs in turn (default: its first column)")
    parser.add_argument("--y-id", action="append", default=[], metavar="COLUMN", help="of each --pairs in turn (default: its second column)")
    parser.add_argument("--draws", type=int, default=20, help="default %(default)s")
    parser.add_argument("--holdout", type=int, default=170, help="proteins of a draw (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the draws and of training (default %(default)s)")
    parser.add_argument("--estimators", type=estimators, default=dict(ESTIMATORS), metavar="NAMES",
                        help=f"with commas between; NAME:KEY=VALUE changes a setting, as in lmi:width=64 (default {','.join(ESTIMATORS)})")
    parser.add_argument("--spec", type=objects, default={}, metavar="JSON", help='members for every job, such as \'{"recipe": "paper"}\'')
    parser.add_argument("--chunk", type=int, default=10000, help="pairs scored by one request (default %(default)s)")
    parser.add_argument("--resume", type=pathlib.Path, metavar="FILE", help="keeps each figure as it comes, and reads those of a run that was stopped")
    parser.add_argument("-o", "--output", choices=["table", "json", "csv"], default="table")
    args = parser.parse_args()
    if not args.pairs:
        args.pairs = [path for path in (FETCHED / "ligand_receptor.tsv", FETCHED / "kinase_substrate.tsv") if path.exists()]
    if not args.pairs:
        parser.error(f"no --pairs, and nothing in {FETCHED}/: run fetch_proteins.py first")
    absent = [str(path) for path in [args.embeddings, *args.pairs] if not path.exists()]
    if absent:
        parser.error(f"no {', '.join(absent)}")
    return args


def main():
    args = arguments()
    notebook = Notebook(args.resume)
    measured = []
    with service.connected(args) as server:
        try:
            dataset, ours = put_embeddings(server, args.embeddings, args.ids)
            for i, path in enumerate(args.pairs):
                columns = [given[i] if i < len(given) else None for given in (args.x_id, args.y_id)]
                measured.append(measure(server, (path, *columns, dataset), args, notebook))
            if ours:
                server.request(f"/v1/datasets/{dataset}", method="DELETE")
        except service.Problem as problem:
            sys.exit(f"paper_table.py: HTTP {problem.status}: {problem}")
        except ValueError as error:
            sys.exit(f"paper_table.py: {error}")
    if args.output == "json":
        print_json(measured, args)
    elif args.output == "csv":
        print_csv(measured)
    else:
        print_table(measured, args)


if __name__ == "__main__":
    main()
