"""Several objectives in one job: the same folds and seeds, a row each, and how far they agree."""

import io
import math

import numpy as np
import pytest
from conftest import QUICK, pair_spec

THREE = ["infonce-anchor", "infonce", {"name": "nwj"}]
NPY = {"Accept": "application/x-npy"}


def correlated(n=300, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    return [[float(v)] for v in x.round(4)], [[float(v)] for v in (0.8 * x + 0.6 * rng.standard_normal(n)).round(4)]


def inline(**changes):
    x, y = correlated()
    return {**QUICK, "x": {"data": x}, "y": {"data": y}, **changes}


@pytest.fixture(scope="module")
def job(shared):
    return shared.run_job(inline(objectives=THREE))


def table(server, job_id, query=""):
    answer = server.get(f"/v1/jobs/{job_id}/pmi{query}", headers=NPY)
    assert answer.status == 200, answer
    return np.load(io.BytesIO(answer.body))


def test_each_objective_has_its_row_in_order(job):
    assert job["state"] == "succeeded", job["error"]
    rows = job["result"]["comparison"]
    assert [r["label"] for r in rows] == ["infonce-anchor", "infonce", "nwj"]
    assert [r["objective"]["name"] for r in rows] == [o["name"] for o in job["spec"]["objectives"]]
    assert "objective" not in job["spec"] and job["progress"]["runs"] == 6
    for row in rows:
        assert math.isfinite(row["mi"]["nats"]) and len(row["mi"]["per_run"]) == 2 and row["steps"] > 0
        assert 0 < row["train_s"] <= row["run_s"] and 0 < row["time_share"] < 1
    assert sum(r["time_share"] for r in rows) == pytest.approx(1)
    assert rows[1]["pmi"] is None and rows[1]["null_mean_ratio"] is None and rows[1]["calibration"] is None
    assert rows[0]["null_mean_ratio"] == rows[0]["calibration"]["null_mean_ratio"] > 0


def test_readers_of_a_single_estimate_find_the_first_objective(shared, job):
    result = job["result"]
    for member in ("mi", "bracket_nats", "calibration", "null", "permutation", "warnings"):
        assert result[member] == result["comparison"][0][member]
    assert result["timing"]["steps"] == sum(r["steps"] for r in result["comparison"])
    assert (table(shared, job["id"]) == table(shared, job["id"], "?objective=0")).all()


def test_an_objective_of_a_comparison_is_what_it_is_alone(shared, job):
    for place, objective in enumerate(THREE):
        alone = shared.run_job(inline(objective=objective))
        row = job["result"]["comparison"][place]
        assert {k: row[k] for k in ("mi", "bracket_nats", "calibration", "null", "warnings")} == {
            k: alone["result"][k] for k in ("mi", "bracket_nats", "calibration", "null", "warnings")}
        if row["pmi"]:
            mine = shared.get(row["pmi"], headers=NPY).body
            assert mine == shared.get(alone["result"]["pmi"], headers=NPY).body


def test_pmi_of_an_objective_by_place_name_and_label(shared):
    twice = shared.run_job(inline(objectives=["nwj", {"name": "infonce-anchor", "nu": 1}, {"name": "infonce-anchor", "nu": 16}, "infonce"]))
    labels = [r["label"] for r in twice["result"]["comparison"]]
    assert labels == ["nwj", "infonce-anchor nu=1", "infonce-anchor nu=16", "infonce"]
    path = f"/v1/jobs/{twice['id']}/pmi?limit=1&objective="
    assert (table(shared, twice["id"], "?objective=2") == table(shared, twice["id"], "?objective=infonce-anchor%20nu%3D16")).all()
    assert (table(shared, twice["id"], "?objective=nwj") == table(shared, twice["id"], "?objective=0")).all()
    assert (table(shared, twice["id"], "?objective=1") != table(shared, twice["id"], "?objective=2")).any()
    assert "2 objectives" in shared.get(path + "infonce-anchor").problem(400)["detail"]
    shared.get(path + "4").problem(400)
    shared.get(path + "smile").problem(400)
    assert "no PMI" in shared.get(path + "3").problem(409)["detail"]


def test_curves_say_their_objective(shared, job):
    runs = shared.get(f"/v1/jobs/{job['id']}/curve").json()["runs"]
    assert [(r["variant"], r["objective"], r["fold"]) for r in runs] == [
        (v, name, fold) for v, name in enumerate(["infonce-anchor", "infonce", "nwj"]) for fold in (0, 1)]
    array = np.load(io.BytesIO(shared.get(f"/v1/jobs/{job['id']}/curve", headers=NPY).body))
    assert array.shape[1] == 8 and set(array[:, 0]) == {0, 1, 2}
    lines = shared.get(f"/v1/jobs/{job['id']}/curve?format=csv").body.decode().splitlines()
    assert lines[0].startswith("variant,objective,replicate,fold,step,") and lines[1].startswith("0,infonce-anchor,0,0,0,")


def test_agreement_follows_from_the_rows(shared, job):
    rows, agreement = job["result"]["comparison"], job["result"]["agreement"]
    nats = [r["mi"]["nats"] for r in rows]
    assert agreement["median_nats"] == sorted(nats)[1] and agreement["range_nats"] == [min(nats), max(nats)]
    for entry in agreement["to_median"]:
        row = rows[entry["objective"]]
        assert entry["difference_nats"] == row["mi"]["nats"] - agreement["median_nats"]
        unit = math.hypot(row["mi"]["std_err"], agreement["median_std_err"])
        assert entry["std_errs"] == pytest.approx(entry["difference_nats"] / unit)
    ranks = agreement["pmi_rank_correlation"]
    assert ranks["objectives"] == [0, 2] and ranks["pairs"] == 300

    def rank(values):
        return (values[:, None] > values).sum(1) + 0.5 * (values[:, None] == values).sum(1)

    a, b = (rank(table(shared, job["id"], f"?objective={i}")[:, 0]) for i in (0, 2))
    assert ranks["matrix"][0][1] == ranks["matrix"][1][0] == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-9)
    assert ranks["matrix"][0][0] == 1 and "median" in agreement["detail"]


def test_an_objective_that_diverges_fails_alone(shared):
    # A rate that no training stands; nearest neighbours train nothing.
    spec = inline(objectives=["nwj", "ksg"], recipe="paper", train={"max_steps": 60, "learning_rate": 1, "early_stopping": False, "batch": 32})
    job = shared.run_job(spec)
    assert job["state"] == "succeeded", job["error"]
    failed, stands = job["result"]["comparison"]
    assert failed["error"]["code"] == "numeric_divergence" and failed["error"]["detail"] and "mi" not in failed
    assert "error" not in stands and job["result"]["mi"] == stands["mi"]
    assert [e["objective"] for e in job["result"]["agreement"]["to_median"]] == [1]
    assert "1 objective failed" in job["result"]["agreement"]["detail"]
    alone = shared.run_job({k: v for k, v in spec.items() if k != "objectives"} | {"objective": "nwj"})
    assert alone["state"] == "failed" and alone["error"]["code"] == "numeric_divergence"


def test_the_resolved_spec_of_a_comparison_may_be_posted_again(shared, job):
    again = shared.run_job(job["spec"])
    assert again["spec"] == job["spec"]
    assert [r["mi"] for r in again["result"]["comparison"]] == [r["mi"] for r in job["result"]["comparison"]]


@pytest.mark.parametrize("change, pointer", [
    ({"objectives": []}, "/objectives"), ({"objectives": "nwj"}, "/objectives"), ({"objectives": ["nwj", "nwj"]}, "/objectives/1"),
    ({"objectives": ["nwj"], "objective": "nwj"}, "/objectives"), ({"objectives": ["nwj", {"name": "infonce-anchor", "nux": 1}]}, "/objectives/1/nux"),
    ({"objectives": ["nwj", "magic"]}, "/objectives/1"), ({"objectives": ["nwj"] * 40}, "/objectives"),
    ({"objectives": [{"name": "infonce-anchor", "nu": i + 1} for i in range(33)]}, "/objectives"),
    ({"objectives": ["infonce-anchor", {"name": "js", "output": "native"}]}, "/objectives/1/output"),
    ({"objective": {"name": "js", "output": "native"}}, "/objective/output"),
])
def test_a_bad_comparison_is_refused_at_its_place(shared, change, pointer):
    problem = shared.submit(inline(**change)).problem(422)
    assert pointer in [e["pointer"] for e in problem["errors"]], problem


def test_runs_of_all_objectives_count_against_the_limit(server_factory):
    server = server_factory("--max-runs", 5)
    server.put_pair()
    assert server.submit(pair_spec(objectives=["nwj", "infonce"])).status == 202
    problem = server.submit(pair_spec(objectives=["nwj", "infonce", "infonce-anchor"])).problem(422)
    assert "objectives x folds x replicates is 6 runs" in problem["errors"][0]["detail"]


def test_every_objective_of_info_can_be_compared(shared):
    info = shared.get("/v1/info").json()
    names = [o["name"] for o in info["objectives"] if o["available"]]
    assert len(names) >= 5
    # LMI trains by a length of its own, which a sanitizer makes minutes of.
    job = shared.run_job(inline(objectives=[{"name": n, "max_steps": 50} if n == "lmi" else n for n in names]))
    assert job["state"] == "succeeded", job["error"]
    assert [r["objective"]["name"] for r in job["result"]["comparison"]] == names
    for entry in info["objectives"]:
        assert entry["method"] in ("critic", "closed-form", "nearest-neighbors", "latent")
        shown = next((r["objective"] for r in job["result"]["comparison"] if r["objective"]["name"] == entry["name"]), None)
        if shown:
            assert list(shown) == ["name"] + [p["name"] for p in entry["parameters"]]


def test_a_live_comparison_fits_the_schema(shared, job):
    from test_openapi import check
    document = shared.get("/openapi.json").json()
    check(document, document["components"]["schemas"]["Job"], job)
    check(document, document["components"]["schemas"]["Result"], job["result"])
    check(document, document["components"]["schemas"]["JobSpec"], job["spec"])
    check(document, document["components"]["schemas"]["Curve"], shared.get(f"/v1/jobs/{job['id']}/curve").json())
