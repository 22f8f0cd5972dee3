"""Benchmark jobs: laws of known MI, drawn inside the daemon, finite and fresh."""

import csv
import io
import json
import math
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from conftest import pair_spec

TINY = {"kind": "benchmark", "critic": {"hidden": [8], "embed": 4}, "null_pairs": 1000}
FINITE = {**TINY, "laws": ["gaussian", {"name": "cubic", "dim": 2, "mi_bits": 1}], "n": 300, "repetitions": 2,
          "objectives": ["infonce-anchor", "ksg"], "split": {"folds": 2}, "train": {"batch": 64, "max_steps": 20}}
FRESH = {**TINY, "laws": [{"name": "gaussian", "dim": 3}], "repetitions": 1, "objectives": ["smile", "infonce"],
         "fresh": {"levels_bits": [1, 2], "steps": 30, "sample": 500}, "train": {"batch": 32}}


@pytest.fixture(scope="module")
def finite(shared):
    return shared.run_job(FINITE)


@pytest.fixture(scope="module")
def fresh(shared):
    return shared.run_job(FRESH)


def test_each_law_and_objective_has_its_cell(finite):
    assert finite["state"] == "succeeded" and finite["kind"] == "benchmark", finite["error"]
    result = finite["result"]
    assert result["mi"] is None and result["pmi"] is None and finite["progress"]["runs"] == 8
    cells = result["benchmark"]["cells"]
    assert [(c["law"]["label"], c["label"]) for c in cells] == [
        ("gaussian dim=5", "infonce-anchor"), ("gaussian dim=5", "ksg"), ("cubic dim=2", "infonce-anchor"), ("cubic dim=2", "ksg")]
    assert cells[2]["levels"][0]["truth_bits"] == pytest.approx(1)
    assert cells[0]["levels"][0]["truth_nats"] == pytest.approx(-2.5 * math.log(1 - 0.75**2))


def test_figures_follow_from_the_estimates(finite):
    for cell in finite["result"]["benchmark"]["cells"]:
        (level,) = cell["levels"]
        estimates = np.array(level["estimates_nats"])
        assert level["repetitions"] == len(estimates) == 2 and estimates[0] != estimates[1]
        assert level["mean_nats"] == pytest.approx(estimates.mean())
        assert level["bias_nats"] == pytest.approx(estimates.mean() - level["truth_nats"])
        assert level["std_nats"] == pytest.approx(estimates.std(ddof=1))
        assert level["rmse_nats"] == pytest.approx(np.sqrt(np.mean((estimates - level["truth_nats"]) ** 2)))
        assert abs(level["bias_nats"]) < 1.5 and level["sampling95_coverage"] in (0, 0.5, 1) and cell["error"] is None
    summary = finite["result"]["benchmark"]["summary"]
    assert [s["label"] for s in summary] == ["infonce-anchor", "ksg"] and all(s["laws"] == 2 for s in summary)
    anchor = [c["levels"][0] for c in finite["result"]["benchmark"]["cells"] if c["label"] == "infonce-anchor"]
    assert summary[0]["mean_abs_error_nats"] == pytest.approx(np.mean([a["mean_abs_error_nats"] for a in anchor]))
    assert abs(summary[0]["worst"]["error_nats"]) == pytest.approx(max(abs(a["bias_nats"]) for a in anchor))


def test_a_staircase_has_a_row_per_level(fresh):
    assert fresh["state"] == "succeeded", fresh["error"]
    assert fresh["result"]["benchmark"]["samples"] == "fresh"
    for cell in fresh["result"]["benchmark"]["cells"]:
        assert [level["truth_bits"] for level in cell["levels"]] == [1, 2]
        assert all(level["std_nats"] is None and abs(level["bias_nats"]) < 1 for level in cell["levels"])
    assert fresh["result"]["timing"]["steps"] == 2 * 2 * 30


def test_the_resolved_spec_says_all_and_makes_the_same_job(shared, fresh):
    spec = fresh["spec"]
    assert spec["laws"] == [{"name": "gaussian", "dim": 3}] and spec["fresh"]["reset"] is False
    assert not {"x", "y", "n", "replicates", "permutations", "debias"} & set(spec) and "max_steps" not in spec["train"]
    again = shared.run_job(spec)
    assert again["spec"] == spec

    def figures(job):
        cells = job["result"]["benchmark"]["cells"]
        return [{k: v for k, v in cell.items() if k not in ("train_s", "run_s")} for cell in cells]

    assert figures(again) == figures(fresh)


def test_objectives_see_the_same_data(shared):
    """Two nearest-neighbor estimates of one law, alone and beside another objective, agree to the last digit."""
    one = shared.run_job({**TINY, "laws": ["cubic"], "n": 200, "repetitions": 2, "objective": "ksg"})
    two = shared.run_job({**TINY, "laws": ["gaussian", "cubic"], "n": 200, "repetitions": 2, "objectives": ["gaussian", "ksg"]})
    alone = one["result"]["benchmark"]["cells"][0]["levels"][0]["estimates_nats"]
    assert alone == two["result"]["benchmark"]["cells"][3]["levels"][0]["estimates_nats"]


def test_curves_name_law_objective_and_level(shared, fresh):
    path = f"/v1/jobs/{fresh['id']}/curve"
    runs = shared.get(path).json()["runs"]
    assert {(r["law"], r["objective"], r["level"], r["repetition"]) for r in runs} == {
        ("gaussian dim=3", name, level, 0) for name in ("smile", "infonce") for level in (0, 1)}
    assert runs[1]["truth_nats"] == pytest.approx(2 * math.log(2)) and runs[1]["step"][-1] == 60
    rows = list(csv.DictReader(io.StringIO(shared.get(path, headers={"Accept": "text/csv"}).body.decode())))
    assert rows[0]["law"] == "gaussian dim=3" and {row["level"] for row in rows} == {"0", "1"}
    table = np.load(io.BytesIO(shared.get(path, headers={"Accept": "application/x-npy"}).body))
    assert table.shape == (len(rows), 8)


def test_there_is_no_pmi_table(shared, finite):
    shared.get(f"/v1/jobs/{finite['id']}/pmi").problem(409)


def test_progress_events_say_the_level(shared, fresh):
    with shared.events(fresh["id"]) as events:
        seen = list(events)
    progress = [data for _, name, data in seen if name == "progress"]
    assert progress and all(p["levels"] == 2 and p["level"] < 2 for p in progress)
    assert seen[-1][1] == "done"


def test_info_lists_laws_and_suites(shared):
    info = shared.get("/v1/info").json()
    laws = {law["name"]: law for law in info["laws"]}
    assert {"gaussian", "cubic", "student", "ring"} <= set(laws)
    assert laws["gaussian"]["parameter"]["name"] == "rho" and laws["gaussian"]["chooses_mi"] and laws["ring"]["set"] == "own"
    suites = {suite["name"]: suite["laws"] for suite in info["suites"]}
    assert len(suites["beyond-normal"]) == 40 and set(suites) == {"beyond-normal", "further", "own"}


@pytest.mark.parametrize("change, pointer", [
    ({"laws": None}, "/laws"), ({"laws": ["gausian"]}, "/laws/0"), ({"laws": [{"name": "gaussian", "dim": -1}]}, "/laws/0/dim"),
    ({"laws": [{"name": "gaussian", "mi_nats": 1e6}]}, "/laws/0/mi_nats"), ({"laws": {"suite": "none"}}, "/laws/suite"),
    ({"x": {"dataset": "x"}}, "/x"), ({"pairs": {}}, "/pairs"), ({"outputs": {"pmi": True}}, "/outputs/pmi"), ({"replicates": 2}, "/replicates"),
    ({"n": 10}, "/n"), ({"n": 60, "split": {"folds": 40}}, "/split/folds"), ({"repetitions": 0}, "/repetitions"), ({"repetitions": 501}, "/repetitions"),
    ({"fresh": {"levels_bits": [1]}}, "/n"), ({"n": 10**9}, "/n"), ({"objectives": ["nwj", "nwj"]}, "/objectives/1"),
])
def test_a_bad_field_is_a_422_with_its_pointer(shared, change, pointer):
    spec = {key: value for key, value in {**FINITE, **change}.items() if value is not None}
    problem = shared.submit(spec).problem(422)
    assert pointer in [e["pointer"] for e in problem["errors"]], problem


@pytest.mark.parametrize("change, pointer", [
    ({"fresh": {"levels_bits": [2, 80]}}, "/fresh/levels_bits/1"), ({"fresh": {"levels_bits": [-1]}}, "/fresh/levels_bits/0"),
    ({"fresh": {"steps": 10**7, "levels_bits": [1]}}, "/fresh/steps"), ({"fresh": {"sample": 10}}, "/fresh/sample"),
    ({"fresh": {"steep": 1}}, "/fresh/steep"), ({"objectives": ["smile", "ksg"]}, "/objectives/1/name"),
    ({"laws": [{"name": "gaussian", "mi_nats": 1}]}, "/laws/0/mi_nats"), ({"debias": "none"}, "/debias"), ({"split": {"folds": 2}}, "/split/folds"),
])
def test_a_bad_field_of_a_staircase_is_named(shared, change, pointer):
    problem = shared.submit({**FRESH, **change}).problem(422)
    assert [e["pointer"] for e in problem["errors"]] == [pointer], problem


def test_an_estimate_takes_no_laws(shared):
    shared.put_pair()
    for change in ({"laws": ["gaussian"]}, {"n": 500}, {"repetitions": 3}, {"fresh": {"steps": 3}}):
        problem = shared.submit(pair_spec(**change)).problem(422)
        assert "\"estimate\" does not take" in json.dumps(problem["errors"][0]["detail"]).replace('\\"', '"'), problem


def test_a_cell_that_is_too_large_is_a_413(server_factory):
    server = server_factory("--max-workspace", "16M")
    server.submit({**TINY, "laws": [{"name": "gaussian", "dim": 1000}], "n": 20000}).problem(413, "too_large")


def test_canceled_while_it_climbs(shared):
    spec = {**FRESH, "fresh": {"levels_bits": [1, 2], "steps": 400000, "sample": 500}}
    job = shared.submit(spec).json()
    with shared.events(job["id"]) as events:
        assert any(name == "progress" and data["phase"] == "train" and data["step"] > 0 for _, name, data in events)
    answer = shared.request("POST", f"/v1/jobs/{job['id']}/cancel")
    assert answer.status in (200, 202)
    assert shared.wait_job(job["id"])["state"] == "canceled"


def test_the_figure_of_the_paper_is_drawn_and_saved(shared, tmp_path):
    script = pathlib.Path(__file__).resolve().parents[2] / "clients/examples/paper_figure.py"
    done = subprocess.run([sys.executable, script, "--quick", "--steps", "10", "--sample", "200", "--dim", "2", "--server", shared.url,
                           "--csv", tmp_path / "figures.csv", "--points", tmp_path / "points.csv"], capture_output=True, text=True, timeout=120,
                          env={"LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stderr
    assert "cubic dim=2, bits over 50 steps" in done.stdout and "infonce-anchor" in done.stdout
    figures = list(csv.DictReader(io.StringIO((tmp_path / "figures.csv").read_text())))
    assert len(figures) == 2 * 6 * 5 and {row["truth_bits"] for row in figures} == {"2", "4", "6", "8", "10"}
    points = list(csv.DictReader(io.StringIO((tmp_path / "points.csv").read_text())))
    assert {row["estimator"] for row in points} == {"infonce", "nwj", "mine", "smile", "js", "infonce-anchor"}
