"""The held-out-proteins protocol (Gowri et al. 2024; Ryu et al., ICLR 2026) and the statistics of its table. Needs numpy.

A draw holds out some proteins of those that occur in pairs. A model trains on the pairs with neither protein held out, scores every
ordered pair of two held-out ones, and its AUROC is that of the known pairs among them. Both roles are open to every held-out protein:
a ligand is scored as a receptor too, so that a part of an AUROC is merely telling roles apart. AUROC "within roles" is of the pairs
whose x occurs as an x, and whose y as a y, in the table. A protein is not scored with itself.
"""

import csv
import dataclasses
import random

import numpy as np


@dataclasses.dataclass(frozen=True)
class Draw:
    held_out: tuple  # ids, ascending
    train: tuple  # pairs (x id, y id) with neither held out, in the table's order
    scored: tuple  # ordered pairs of two different held-out proteins
    known: np.ndarray  # (len(scored),) bool: the pair stands in the table
    within_roles: np.ndarray  # (len(scored),) bool
    redrawn: int  # draws before it that had no known pair


def read_pairs(path, x_id=None, y_id=None):
    """(name of x, name of y, distinct pairs in order of first appearance) of a tsv or csv with a header; its first two columns by default.

    Where a column is called label, the pairs are the rows that have 1 in it.
    """
    with open(path, encoding="utf-8", newline="") as file:
        first = file.readline()
        file.seek(0)
        rows = csv.reader(file, delimiter="\t" if "\t" in first else ",")
        header = next(rows, [])
        names = [x_id or (header + [""])[0], y_id or (header + ["", ""])[1]]
        missing = [name for name in names if name not in header]
        if missing:
            raise ValueError(f"{path}: no column called {', '.join(missing)}; there are {', '.join(header)}")
        x, y = (header.index(name) for name in names)
        label = header.index("label") if "label" in header else None
        pairs = {}
        for number, row in enumerate(rows, start=2):
            if len(row) != len(header):
                raise ValueError(f"{path}: line {number} has {len(row)} fields, the header {len(header)}")
            if label is None or row[label] == "1":
                pairs[row[x], row[y]] = None
    return names[0], names[1], list(pairs)


def draw(pairs, holdout, seed, number):
    """Draw `number` of a table: the same for every estimator, whatever else is drawn."""
    proteins = sorted({id_ for pair in pairs for id_ in pair})
    if not 2 <= holdout < len(proteins):
        raise ValueError(f"{holdout} proteins to hold out of {len(proteins)}")
    xs, ys, table = {x for x, _ in pairs}, {y for _, y in pairs}, set(pairs)
    source = random.Random(f"{seed}/{number}")
    for redrawn in range(1000):
        held_out = sorted(source.sample(proteins, holdout))
        out = set(held_out)
        train = tuple(pair for pair in pairs if pair[0] not in out and pair[1] not in out)
        scored = tuple((x, y) for x in held_out for y in held_out if x != y)
        known = np.array([pair in table for pair in scored])
        if known.any() and train:
            within = np.array([x in xs and y in ys for x, y in scored])
            return Draw(tuple(held_out), train, scored, known, within, redrawn)
    raise ValueError(f"no known pair among {holdout} held-out proteins in 1000 draws")


def auroc(scores, positive):
    """The probability that a positive has the higher score, ties counting one half; None where there are no two classes."""
    scores, positive = np.asarray(scores, dtype=float), np.asarray(positive, dtype=bool)
    n, m = int(positive.sum()), int((~positive).sum())
    if n == 0 or m == 0:
        return None
    if not np.isfinite(scores).all():
        raise ValueError("scores that are not finite")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # from 1, ties share their mean
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def mean_sd(values):
    """(mean, standard deviation of the sample or None of a single one); (None, None) of nothing."""
    values = [value for value in values if value is not None]
    if not values:
        return None, None
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


def paired_difference(ours, theirs):
    """(mean of ours - theirs over the draws that both have, its standard error or None, draws). ours, theirs: {draw: AUROC}."""
    differences = [ours[n] - theirs[n] for n in sorted(ours) if theirs.get(n) is not None and ours[n] is not None]
    mean, sd = mean_sd(differences)
    return mean, None if sd is None else sd / len(differences) ** 0.5, len(differences)
