"""paper_table.py: what it prints of figures, and the whole of it against a daemon on made proteins."""

import json
import os
import pathlib
import subprocess
import sys
import types

import numpy as np
import pytest

import paper_table
import service

SCRIPT = pathlib.Path(paper_table.__file__)
MUTUALD = os.environ.get("MUTUALD_BIN", str(service.BUILT))
QUICK = {"split": {"folds": 2}, "train": {"max_steps": 60}, "null_pairs": 1000}


def drawn(*aurocs):
    return {n: {"auroc": a, "within_roles": a - 0.1, "train": 800 + n, "known": 30, "scored": 28730, "redrawn": 0, "seconds": 2.0}
            for n, a in enumerate(aurocs)}


MEASURED = [{"x": "ligand", "y": "receptor", "listed": 1683, "pairs": 1219, "proteins": 900, "rows": {
    "lmi": {"draws": {}, "no_model": "the job kept none", "failures": []},
    "js": {"draws": drawn(0.70, 0.80), "no_model": None, "failures": ["draw 3: diverged"]},
    "infonce-anchor": {"draws": drawn(0.75, 0.83), "no_model": None, "failures": []},
}}]


def test_a_row_has_its_mean_its_paired_difference_and_the_published_figure(capsys):
    paper_table.print_table(MEASURED, types.SimpleNamespace(draws=3, holdout=170, seed=1))
    lines = capsys.readouterr().out.splitlines()
    assert "ligand and receptor: 1,219 pairs of 900 proteins with an embedding (464 pairs without)" in lines
    assert "3 draws of 170 proteins: 800 to 801 pairs to train on, 30 known pairs among 28,730 scored; seed 1" in lines
    js = next(line for line in lines if "js (anchor" in line)
    assert js.split("  ")[-1].strip() == "2.0" and "0.750 ± 0.071" in js and "-0.040 ± 0.010" in js and "0.650 ± 0.071" in js and "0.95 ± 0.02" in js
    lmi = next(line for line in lines if line.startswith("  lmi"))
    assert "no model: the job kept none" in lmi and "0.87 ± 0.04" in lmi
    assert any(line.strip() == "draw 3: diverged" for line in lines)


def test_json_and_csv_hold_the_same_figures(capsys):
    paper_table.print_json(MEASURED, types.SimpleNamespace(draws=3, holdout=170, seed=1, spec={}, estimators=paper_table.ESTIMATORS))
    rows = {row["estimator"]: row for row in json.loads(capsys.readouterr().out)["tables"][0]["rows"]}
    assert rows["js"]["auroc"] == pytest.approx(0.75) and rows["js"]["objective"] == {"name": "infonce-anchor", "k": 1, "nu": 1}
    assert rows["lmi"]["auroc"] is None and rows["lmi"]["no_model"]
    paper_table.print_csv(MEASURED)
    header, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and header.startswith("x,y,estimator,draws,auroc,sd,difference,difference_std_err")


def test_figures_of_a_stopped_run_are_read_again(tmp_path):
    notebook = paper_table.Notebook(tmp_path / "figures")
    assert notebook.get("a", lambda: {"auroc": 0.5}) == {"auroc": 0.5}
    again = paper_table.Notebook(tmp_path / "figures")
    assert again.get("a", pytest.fail) == {"auroc": 0.5} and again.get("b", lambda: {"auroc": 0.6}) == {"auroc": 0.6}


def made_proteins(folder, n=70, columns=6, partners=5):
    """Ligands L0.. and receptors R0..: known pairs are those whose hidden places lie closest."""
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((2, n, 2))
    embeddings = np.vstack([side @ rng.standard_normal((2, columns)) + 0.3 * rng.standard_normal((n, columns)) for side in (x, y)])
    np.save(folder / "embeddings.npy", embeddings.astype("<f4"))
    (folder / "ids.txt").write_text("".join(f"{letter}{i}\n" for letter in "LR" for i in range(n)))
    nearest = np.argsort(((x[:, None] - y[None]) ** 2).sum(2), axis=1)[:, :partners]
    lines = [f"L{i}\tR{j}" for i in range(n) for j in nearest[i]] + ["L0\tR_unknown"]
    (folder / "pairs.tsv").write_text("\n".join(["ligand\treceptor", *lines, ""]))
    return n + len(np.unique(nearest))


def test_the_whole_on_made_proteins(tmp_path):
    proteins = made_proteins(tmp_path)
    with service.connected(types.SimpleNamespace(server=None, token=None, mutuald=MUTUALD)) as server:
        command = [sys.executable, SCRIPT, "--server", server.url, "--embeddings", tmp_path / "embeddings.npy", "--ids", tmp_path / "ids.txt",
                   "--pairs", tmp_path / "pairs.tsv", "--draws", "2", "--holdout", "40", "--estimators", "lmi:max_steps=40:width=16,infonce-anchor,gaussian",
                   "--spec", json.dumps(QUICK), "--chunk", "500", "--resume", tmp_path / "figures", "-o", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        table = json.loads(done.stdout)["tables"][0]
        assert (table["listed"], table["pairs"], table["proteins"]) == (351, 350, proteins)
        rows = {row["estimator"]: row for row in table["rows"]}
        for name in ("infonce-anchor", "gaussian"):
            assert rows[name]["draws"] == 2 and rows[name]["auroc"] > 0.65, rows[name]
        assert rows["lmi:max_steps=40:width=16"]["draws"] == 2, rows
        for what in ("models", "jobs", "datasets"):
            assert server.request(f"/v1/{what}")["data"] == [], "nothing stays on the server"
        again = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert json.loads(again.stdout) == json.loads(done.stdout), "a table from kept figures"
