"""Thresholds of a model's PMI: from its null, among its own pairs, and on labelled pairs, against scikit-learn."""

import models
import numpy as np
import pytest
from models import score
from test_openapi import check
from test_real_data import DATA, needs

metrics = pytest.importorskip("sklearn.metrics", reason="python3-sklearn is not installed")


def thresholds(server, model, body=None, **kwargs):
    return server.request("POST", f"/v1/models/{model}/thresholds", json_body=body or {}, **kwargs)


def found(server, model, body=None):
    answer = thresholds(server, model, body)
    assert answer.status == 200, answer
    return answer.json()


@pytest.fixture(scope="module")
def kept(shared):
    """A model of 300 near pairs of 60 x 50, and 200 labelled pairs that it has not seen."""
    shared.x, shared.y, shared.pairs = models.put_sides(shared)
    shared.model, shared.job = models.train(shared, null_pairs=5000)
    known = set(shared.pairs)
    unseen = [(f"L{i}", f"R{j}") for i, j in models.near(shared.x, shared.y, 900)[300:]]
    rng = np.random.default_rng(8)
    far = [(f"L{i}", f"R{j}") for i in range(60) for j in range(50) if (f"L{i}", f"R{j}") not in known | set(unseen)]
    far = [far[k] for k in rng.permutation(len(far))[:120]]
    shared.labelled = [(a, b, 1) for a, b in unseen[:80]] + [(a, b, 0) for a, b in far]
    shared.put("benchmark", models.pairs_tsv(shared.labelled, "ligand\treceptor\tlabel"), "?kind=pairs")
    shared.tensors = models.weights(shared, shared.model)[0]
    return shared


def pmi_of(server, pairs):
    rows = score(server, server.model, {"pairs": [[a, b] for a, b, *_ in pairs]}).json()["data"]
    return np.array([row["pmi"] for row in rows])


def test_from_the_model_alone(kept):
    answer = found(kept, kept.model, {"fpr": [0.05, 0.01, 1e-6], "fdr": [0.1]})
    null, held_out = kept.tensors["null.pmi"], kept.tensors["null.held_out"]
    own = kept.tensors["pairs.pmi"]
    assert answer["null"]["kind"] == "model" and answer["null"]["pairs"] == len(null)
    assert answer["null_held_out"]["kind"] == "held_out" and answer["null_held_out"]["pairs"] == len(held_out)
    assert answer["candidates"] == answer["known"] == np.isfinite(own).sum() and answer["labels"] is None
    for row in answer["fpr"][:2]:
        assert (1 + (null >= row["threshold"]).sum()) / (1 + len(null)) == pytest.approx(row["expected_fpr"], rel=1e-12)
        assert row["expected_fpr"] <= row["target"] and row["pairs_above"] == (own >= row["threshold"]).sum()
        lower = np.nextafter(row["threshold"], -np.inf)
        assert (1 + (null >= lower).sum()) / (1 + len(null)) > row["target"]
    assert answer["fpr"][2]["threshold"] is None and "null_too_small" in [note["code"] for note in answer["notes"]]
    fdr = answer["fdr"][0]
    assert fdr["threshold"] in own and fdr["expected_fdr"] <= 0.1 and fdr["pairs_above"] == (own >= fdr["threshold"]).sum()


def test_labelled_pairs_as_scikit_learn_has_them(kept):
    body = {"pairs": {"dataset": "benchmark"}, "precision": [0.8], "recall": [0.5], "fpr": [0.1]}
    answer = found(kept, kept.model, body)
    inline = found(kept, kept.model, {**body, "pairs": {"data": [list(row) for row in kept.labelled]}})
    assert inline == answer
    pmi, labels = pmi_of(kept, kept.labelled), np.array([row[2] for row in kept.labelled])
    told = answer["labels"]
    assert answer["null"]["kind"] == "model" and answer["candidates"] == 200 and told["negatives_are"] == "labelled"
    assert (told["positives"], told["negatives"], told["overlap_with_training"]) == (80, 120, 0)
    assert told["auroc"]["value"] == pytest.approx(metrics.roc_auc_score(labels, pmi), abs=1e-12)
    assert told["auprc"]["value"] == pytest.approx(metrics.average_precision_score(labels, pmi), abs=1e-12)
    assert told["auroc"]["interval95"][0] < told["auroc"]["value"] < told["auroc"]["interval95"][1]
    fpr, tpr, at = metrics.roc_curve(labels, pmi)
    best = np.argmax(tpr - fpr)
    assert told["youden"]["threshold"] == pytest.approx(at[best], rel=1e-12) and told["youden"]["youden"] == pytest.approx(tpr[best] - fpr[best])
    above = pmi >= told["precision"][0]["threshold"]
    assert told["precision"][0]["tp"] == labels[above].sum() and labels[above].mean() >= 0.8
    for f, t, threshold in zip(*(told["roc"][k] for k in ("fpr", "tpr", "threshold"))):
        above = pmi >= (np.inf if threshold is None else threshold)
        assert (f, t) == pytest.approx((above[labels == 0].mean(), above[labels == 1].mean()), abs=1e-12)
    assert metrics.auc(told["roc"]["fpr"], told["roc"]["tpr"]) == pytest.approx(told["auroc"]["value"], abs=1e-12)
    assert "unlabelled_is_not_negative" in [note["code"] for note in answer["notes"]]


def test_training_pairs_are_refused_or_out_of_fold(kept):
    own = [(a, b, 1) for a, b in kept.pairs[:60]]
    mixed = {"pairs": {"data": [list(row) for row in own + kept.labelled]}}
    problem = thresholds(kept, kept.model, mixed).problem(422, "training_overlap")
    a, b, _ = own[0]
    assert "60 of the labelled pairs" in problem["detail"] and f"({a}, {b})" in problem["errors"][0]["detail"]
    assert problem["errors"][0]["pointer"] == "/pairs"
    told = found(kept, kept.model, {**mixed, "allow_training_pairs": True})
    assert told["labels"]["overlap_with_training"] == 60
    assert {"training_overlap", "mixed_scores"} <= {note["code"] for note in told["notes"]}
    held_out = {(r["x_id"], r["y_id"]): r["pmi"] for r in kept.get(f"/v1/jobs/{kept.job['id']}/pmi?limit=10000").json()["data"]}
    pmi = np.concatenate([[held_out[a, b] for a, b, _ in own], pmi_of(kept, kept.labelled)])
    labels = np.array([row[2] for row in own + kept.labelled])
    assert told["labels"]["auroc"]["value"] == pytest.approx(metrics.roc_auc_score(labels, pmi), abs=1e-12)


def test_training_pairs_alone_stand_against_the_null_of_members_that_have_not_seen_it(kept):
    """Out-of-fold PMIs spread more than those of the whole model: only their like is a measure of them."""
    own = kept.pairs[:200]
    told = found(kept, kept.model, {"pairs": {"data": [[a, b] for a, b in own]}, "allow_training_pairs": True})
    held_out = kept.tensors["null.held_out"]
    by_pair = {(r["x_id"], r["y_id"]): r["pmi"] for r in kept.get(f"/v1/jobs/{kept.job['id']}/pmi?limit=10000").json()["data"]}
    pmi = np.concatenate([[by_pair[pair] for pair in own], held_out])
    labels = np.repeat([1, 0], [200, len(held_out)])
    assert told["null_held_out"]["pairs"] == told["labels"]["negatives"] == len(held_out)
    assert told["labels"]["overlap_with_training"] == 200 and told["candidates"] == 200
    assert told["labels"]["auroc"]["value"] == pytest.approx(metrics.roc_auc_score(labels, pmi), abs=1e-12)
    assert "mixed_scores" not in [note["code"] for note in told["notes"]]


def test_without_negatives_mismatched_pairs_are_the_negatives(kept):
    positives = [row for row in kept.labelled if row[2] == 1]
    answer = found(kept, kept.model, {"pairs": {"data": [list(row) for row in positives]}})
    known = set(kept.pairs) | {(a, b) for a, b, _ in positives}
    rest = [(a, b) for a in sorted({p[0] for p in positives}) for b in sorted({p[1] for p in positives}) if (a, b) not in known]
    told = answer["labels"]
    assert told["negatives_are"] == "mismatched" and told["negatives"] == len(rest) and answer["candidates"] == len(positives)
    pmi = np.concatenate([pmi_of(kept, positives), pmi_of(kept, rest)])
    labels = np.repeat([1, 0], [len(positives), len(rest)])
    assert told["auroc"]["value"] == pytest.approx(metrics.roc_auc_score(labels, pmi), abs=1e-12)
    assert told["auprc"]["value"] == pytest.approx(metrics.average_precision_score(labels, pmi), abs=1e-12)


def test_answers_fit_the_description(kept):
    document = kept.get("/openapi.json").json()
    operation = document["paths"]["/v1/models/{id}/thresholds"]["post"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    check(document, schema, found(kept, kept.model))
    check(document, schema, found(kept, kept.model, {"pairs": {"dataset": "benchmark"}, "precision": [0.9], "recall": [0.9], "prior": 0.01}))
    for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
        check(document, operation["requestBody"]["content"]["application/json"]["schema"], example["value"])


def test_what_is_refused(kept, server_factory):
    def first(body):
        problem = thresholds(kept, kept.model, body).problem(422)
        return problem["errors"][0]["pointer"], problem["errors"][0]["detail"]

    assert first({"fpr": [2]})[0] == "/fpr/0"
    assert first({"pairs": {"dataset": "nothing"}})[0] == "/pairs/dataset"
    pointer, detail = first({"pairs": {"dataset": "lr", "label": "known"}})
    assert pointer == "/pairs/label" and "known" in detail
    pointer, detail = first({"pairs": {"dataset": "lr"}})  # without labels all are positives, and all were trained on
    assert pointer == "/pairs" and "trained on" in detail
    assert first({"pairs": {"dataset": "benchmark", "label": "ligand"}})[0] == "/pairs"
    assert first({"pairs": {"data": [["L1", "R1", 1], ["L1", "R1", 0]]}})[0] == "/pairs/data/1"
    assert "none of 1 pairs" in first({"pairs": {"data": [["nobody", "R1", 1]]}})[1]
    assert first({"pairs": {"dataset": "benchmark"}, "x": {"dataset": "lr"}})[0] == "/x/dataset"
    thresholds(kept, "nobody").problem(404)
    few = server_factory("--max-labelled-pairs", "100")
    models.put_sides(few)
    few.put("benchmark", models.pairs_tsv(kept.labelled, "ligand\treceptor\tlabel"), "?kind=pairs")
    model, _ = models.train(few)
    thresholds(few, model, {"pairs": {"dataset": "benchmark"}}).problem(413, "too_large")


def test_the_fdr_that_is_told_is_the_share_of_shuffled_pairs(server):
    """Half of the pairs are related, half are shuffled; nobody tells the model which."""
    rng = np.random.default_rng(6)
    n, dim = 3000, 4
    x = rng.standard_normal((n, dim))
    y = 0.85 * x + np.sqrt(1 - 0.85**2) * rng.standard_normal((n, dim))
    partner = np.arange(n)
    partner[n // 2:] = np.roll(partner[n // 2:], 1)  # of another's
    server.put("ligands", models.ids_csv("L", x))
    server.put("receptors", models.ids_csv("R", y))
    order = rng.permutation(n)
    server.put("lr", models.pairs_tsv([(f"L{i}", f"R{partner[i]}") for i in order]), "?kind=pairs")
    model, job = models.train(server, train={"max_steps": 200}, null_pairs=50000)
    rows = server.get(f"/v1/jobs/{job['id']}/pmi?limit=10000").json()["data"]
    pmi = np.array([row["pmi"] for row in rows])
    shuffled = np.array([int(row["x_id"][1:]) >= n // 2 for row in rows])
    answer = found(server, model, {"fdr": [0.02, 0.05, 0.1, 0.2]})
    assert answer["pi0"] == pytest.approx(0.5, abs=0.1)
    for row in answer["fdr"]:
        above = pmi >= row["threshold"]
        false = shuffled[above].sum()
        print(row["target"], row["pairs_above"], row["expected_false"], false)
        assert above.sum() == row["pairs_above"] > 100
        assert abs(false - row["expected_false"]) <= 0.3 * row["expected_false"] + 3 * np.sqrt(row["expected_false"]), row


@pytest.mark.accuracy
def test_ligands_and_receptors(server):
    embeddings = np.load(needs(DATA / "tape_bert_lrks") / "embeddings.npy")
    ids = (DATA / "tape_bert_lrks" / "ids.txt").read_text().split()
    table = (needs(DATA / "ppi_ligrec") / "pairs.tsv").read_bytes()
    lines = ["id," + ",".join(f"c{j}" for j in range(embeddings.shape[1]))]
    lines += [i + "," + ",".join(f"{v:.7g}" for v in row) for i, row in zip(ids, embeddings)]
    server.put("proteins", "\n".join(lines).encode() + b"\n")
    server.put("lr", table, "?kind=pairs")
    sides = {"x": {"dataset": "proteins"}, "y": {"dataset": "proteins"}, "pairs": {"dataset": "lr", "x_id": "ligand", "y_id": "receptor"}}
    job = server.run_job({**sides, "outputs": models.KEEP}, timeout=600)
    model = job["result"]["model"]
    alone = found(server, model, {"fpr": [0.05, 0.01]})
    assert 0 < alone["fpr"][1]["recall_of_known"] < alone["fpr"][0]["recall_of_known"] and alone["known"] == 1219
    pairs = [line.split("\t")[:2] for line in table.decode().splitlines()[1:]]
    labelled = found(server, model, {"pairs": {"data": [[a, b, 1] for a, b in pairs]}, "allow_training_pairs": True})
    print({k: labelled["labels"][k] for k in ("positives", "negatives", "auroc", "auprc", "youden")}, alone["fpr"], alone["fdr"])
    assert labelled["labels"]["overlap_with_training"] == 1219 and labelled["labels"]["auroc"]["value"] > 0.75
