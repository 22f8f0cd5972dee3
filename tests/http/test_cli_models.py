"""`mutual models`, `mutual score` and `mutual thresholds` against the real daemon."""

import csv
import io
import json
import re

import models
import numpy as np
import pytest
from test_cli import environment, mutual  # noqa: F401 (a fixture)


@pytest.fixture
def model(mutual, server, tmp_path):  # noqa: F811
    """A model trained from files, its pairs, and the files."""
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((60, 4)), rng.standard_normal((50, 4))
    pairs = [(f"L{i}", f"R{j}") for i, j in models.near(x, y, 400)]
    for name, content in (("ligands.csv", models.ids_csv("L", x)), ("receptors.csv", models.ids_csv("R", y)),
                          ("lr.tsv", models.pairs_tsv(pairs[:300]))):
        (tmp_path / name).write_bytes(content)
    labelled = [(a, b, 1) for a, b in pairs[300:]] + [(f"L{i}", f"R{(i * 7) % 50}", 0) for i in range(60) if (f"L{i}", f"R{(i * 7) % 50}") not in pairs]
    (tmp_path / "labelled.tsv").write_bytes(models.pairs_tsv([("-", *row) for row in labelled], "note\tfrom\tto\tknown"))
    done = mutual("estimate", tmp_path / "ligands.csv", tmp_path / "receptors.csv", "--pairs", tmp_path / "lr.tsv", "--model", "--folds", "2",
                  "--max-steps", "20", "--set", "/null_pairs=2000", "-o", "json")
    server.pairs, server.labelled = pairs, labelled
    return json.loads(done.stdout)["result"]["model"]


def test_models_are_listed_named_pinned_downloaded_and_removed(mutual, server, model, tmp_path):  # noqa: F811
    assert model in mutual("models").stdout
    (row,) = csv.DictReader(io.StringIO(mutual("models", "ls", "-o", "csv").stdout))
    assert row["id"] == model and row["pinned"] == "no"
    mutual("models", "alias", model, "best")
    mutual("models", "pin", "best")
    shown = json.loads(mutual("models", "show", "best", "-o", "json").stdout)
    assert shown["id"] == model and shown["pinned"] and shown["alias"] == "best"
    assert "infonce-anchor" in mutual("models", "show", "best").stdout and "best" in mutual("models", "ls").stdout
    assert "name" in mutual("models", "alias", model, "mdl_x", code=2).stderr
    assert "name" in mutual("models", "alias", model, "job_x", code=2).stderr
    mutual("models", "weights", "best", "--out", tmp_path / "w.safetensors")
    assert (tmp_path / "w.safetensors").read_bytes() == server.get(f"/v1/models/{model}/weights").body
    assert "tag" in mutual("models", "ls", "--tag", "a=b", "--tag", "c=d", code=2).stderr
    assert "too long" in mutual("models", "ls", *[f"--tag={'k' * 200}=v"] * 100, code=1).stderr
    mutual("models", "unpin", model)
    mutual("models", "alias", model)
    assert "404" in mutual("models", "show", "best", code=2).stderr
    mutual("models", "rm", model)
    assert model not in mutual("models", "ls").stdout


def test_pairs_are_scored_from_the_command_line_and_from_files(mutual, server, model, tmp_path):  # noqa: F811
    own = ",".join(server.pairs[0])
    done = mutual("score", model, own, "L1,R?")
    assert "PMI (nats)" in done.stdout and "L?" not in done.stdout and "0 ids of x, 1 of y" in done.stderr
    assert "trained on 1 of the pairs" in done.stderr
    answer = json.loads(mutual("score", model, own, "L1,R2", "-o", "json").stdout)
    assert answer == models.score(server, model, {"pairs": [list(server.pairs[0]), ["L1", "R2"]]}).json()
    columns = ("--x-id", "from", "--y-id", "to")
    mutual("score", model, "--pairs", tmp_path / "labelled.tsv", *columns, "--out", tmp_path / "scores.csv")
    rows = list(csv.DictReader(open(tmp_path / "scores.csv")))
    assert [(r["x_id"], r["y_id"]) for r in rows] == [row[:2] for row in server.labelled]
    mutual("score", model, "--pairs", tmp_path / "labelled.tsv", *columns, "--x", tmp_path / "ligands.csv", "--out", tmp_path / "scores.npy")
    assert np.load(tmp_path / "scores.npy")[:, 0].tolist() == [float(r["pmi"]) for r in rows]
    table = mutual("score", model, "--pairs", tmp_path / "labelled.tsv", *columns, "--limit", 3)
    assert len(table.stdout.splitlines()) == 4 and "higher --limit" in table.stderr
    assert len(mutual("score", model, "--pairs", tmp_path / "labelled.tsv", *columns).stdout.splitlines()) == 21
    for args, said in ((("score", model), "needs pairs"), (("score", model, "L1"), "no pair of ids"), (("score", model, "L1,R1", "--x-id", "a"), "--pairs"),
                       (("score", model, "L1,R1", "--out", "a.txt"), "say which"), (("score", model, "L1,R1", "-o", "csv", "--limit", 1), "--limit is of the table"),
                       (("score", model, "L1,R1", "--out", "a.csv", "--limit", 1), "--limit is of the table"), (("score", "nobody", "L1,R1"), "404")):
        assert said in mutual(*args, code=2).stderr, args


def test_thresholds_come_as_tables_with_a_curve_and_as_data(mutual, server, model, tmp_path):  # noqa: F811
    alone = mutual("thresholds", model, "--fpr", "0.1,0.01", "--fdr", "0.1")
    assert "2000 mismatched pairs: mean PMI" in alone.stdout and "RECALL OF KNOWN" in alone.stdout
    assert [line.split()[:2] for line in alone.stdout.splitlines()[2:]] == [["FPR", "0.1"], ["FPR", "0.01"], ["FDR", "0.1"]]
    labels = ("--labels", tmp_path / "labelled.tsv", "--x-id", "from", "--y-id", "to", "--label", "known")
    done = mutual("thresholds", model, *labels, "--precision", "0.8", "--recall", "0.5")
    assert "AUROC 0." in done.stdout and "ROC: recall" in done.stdout and "youden" in done.stdout and re.search("[⠁-⣿]", done.stdout)
    assert "unlabelled_is_not_negative" in done.stderr
    plain = mutual("thresholds", model, *labels, LC_ALL="C")
    assert plain.stdout.isascii() and "false positive rate" in plain.stdout
    answer = json.loads(mutual("thresholds", model, *labels, "--precision", "0.8", "-o", "json").stdout)
    assert answer["labels"]["positives"] == 100 and answer["labels"]["precision"][0]["target"] == 0.8
    rows = list(csv.DictReader(io.StringIO(mutual("thresholds", model, *labels, "--precision", "0.8", "-o", "csv").stdout)))
    (precision,) = [r for r in rows if r["criterion"] == "labels.precision"]
    assert float(precision["threshold"]) == answer["labels"]["precision"][0]["threshold"]
    drawn = json.loads(mutual("thresholds", model, *labels, "--interval", "bootstrap", "--seed", 7, "-o", "json").stdout)
    assert (answer["labels"]["auroc"]["method"], drawn["labels"]["auroc"]["method"]) == ("delong", "bootstrap")
    (tmp_path / "own.tsv").write_bytes(models.pairs_tsv([(*p, 1) for p in server.pairs[:50]], "a\tb\tlabel"))
    assert "trained on 50" in mutual("thresholds", model, "--labels", tmp_path / "own.tsv", code=2).stderr
    assert "AUROC" in mutual("thresholds", model, "--labels", tmp_path / "own.tsv", "--allow-training").stdout
    assert "--labels" in mutual("thresholds", model, "--x-id", "a", code=2).stderr
