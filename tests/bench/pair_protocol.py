"""How well held-out pairs of proteins are told from mismatched ones: models trained and asked over HTTP, beside a CCA of the same folds.

random_pairs  the pairs in 5 folds; a model of the other four scores all combinations of the held-out pairs' proteins
both_unseen   the proteins in 4 groups; a model of the pairs with neither protein in the group scores all combinations of the proteins of the pairs
              with both in it
A fold's AUROC is of its held-out pairs against the combinations that are no known pair; the figure is the mean over folds. No time is taken.
"""
import io
import itertools
import statistics
import sys

import numpy

from cca import Cca, coordinates
from server import daemon
from sides import ROOT, Missing

sys.path.append(str(ROOT / "clients/examples"))
import paper_protocol  # noqa: E402

LEAST = {("ligand-receptor", "random_pairs", "default"): 0.84, ("ligand-receptor", "both_unseen", "default"): 0.72}
SETS = {"ligand-receptor": ("ppi_ligrec/pairs.tsv", "ligand", "receptor"), "kinase-substrate": ("ppi_kinase/pairs.tsv", "kinase", "substrate")}
FOLDS, GROUPS, CHUNK = 5, 4, 50000


def embeddings(data):
    """ids and (n, 768) float32."""
    folder = data / "tape_bert_lrks" if data else None
    if not (folder and folder.is_dir()):
        raise Missing("no protein embeddings; --data names the folder that has tape_bert_lrks")
    return (folder / "ids.txt").read_text().split(), numpy.load(folder / "embeddings.npy")


def known_pairs(data, name, ids):
    """Distinct pairs of which both have an embedding."""
    file, *columns = SETS[name]
    there = set(ids)
    return [pair for pair in paper_protocol.read_pairs(data / file, *columns)[2] if there.issuperset(pair)]


def random_pairs(pairs, seed):
    """(training pairs, held-out pairs) of each fold."""
    order = numpy.random.default_rng(seed).permutation(len(pairs))
    for fold in numpy.array_split(order, FOLDS):
        held = set(fold.tolist())
        yield [p for k, p in enumerate(pairs) if k not in held], [pairs[k] for k in fold]


def both_unseen(pairs, seed):
    proteins = sorted(set(itertools.chain(*pairs)))
    order = numpy.random.default_rng(seed).permutation(len(proteins))
    for fold in numpy.array_split(order, GROUPS):
        group = {proteins[k] for k in fold}
        yield [p for p in pairs if group.isdisjoint(p)], [p for p in pairs if group.issuperset(p)]


def combinations(held, known):
    """All (x, y) of the held-out pairs' ids: the held-out pairs first, then those that no table knows."""
    xs, ys = (list(dict.fromkeys(side)) for side in zip(*held))
    return [*held, *(pair for pair in itertools.product(xs, ys) if pair not in known)]


def submit(one, training, objective):
    more = {"objective": objective} if objective else {}
    return one.submit(x={"dataset": "proteins"}, y={"dataset": "proteins"}, pairs={"data": training}, outputs={"model": True}, **more)


def model_scores(one, job, asked):
    done = one.wait(job)
    if done["state"] != "succeeded":
        raise RuntimeError(f"job {job} {done['state']}: {done.get('error')}")
    found = []
    for first in range(0, len(asked), CHUNK):
        answer = one.want("POST", f"/v1/models/{done['result']['model']}/pmi?format=npy", {"pairs": asked[first:first + CHUNK]})
        found.append(numpy.load(io.BytesIO(answer))[:, 0])
    one.want("DELETE", f"/v1/models/{done['result']['model']}")
    return numpy.concatenate(found)


def evaluate(one, pairs, split, seed, objective, rows):
    """(mean AUROC of the models, of the CCA). rows: {id: its coordinates}."""
    known, folds = set(pairs), list(split(pairs, seed))
    jobs = [submit(one, training, objective) for training, _ in folds]
    ours, reference = [], []
    for job, (training, held) in zip(jobs, folds):
        asked = combinations(held, known)
        first = numpy.arange(len(asked)) < len(held)
        ours.append(paper_protocol.auroc(model_scores(one, job, asked), first))
        side = lambda listed, k: numpy.array([rows[pair[k]] for pair in listed])
        fitted = Cca(side(training, 0), side(training, 1))
        reference.append(paper_protocol.auroc(fitted.score(side(asked, 0), side(asked, 1)), first))
    return statistics.mean(ours), statistics.mean(reference)


def run(report, quick, data, objectives, seeds, sets):
    ids, values = embeddings(data)
    rows = dict(zip(ids, coordinates(values)))
    file = io.BytesIO()
    numpy.savez(file, embeddings=values, ids=numpy.array(ids))
    with daemon() as one:
        one.want("PUT", "/v1/datasets/proteins", file.getvalue(), {"Content-Type": "application/octet-stream"})
        for name, split, (label, objective) in itertools.product(sets, (random_pairs, both_unseen), objectives):
            pairs = known_pairs(data, name, ids)
            found = [evaluate(one, pairs, split, seed, objective, rows) for seed in range(1 if quick else seeds)]
            least = LEAST.get((name, split.__name__, label))
            report.figure(f"pairs.auroc.{name}.{split.__name__}.{label}", found, "AUROC", "CCA in numpy, 50 components, rank to Gaussian",
                          target=least and (">=", least), note=f"{len(pairs)} pairs; by seed {', '.join(f'{a:.3f} ({b:.3f})' for a, b in found)}")
