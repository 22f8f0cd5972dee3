"""Screens: all pairs of two data sets by a model, held against brute force over the same PMIs; what is left out, what is above a threshold."""

import csv
import io
import json
import re
import subprocess
import time

import numpy as np
import pytest
from conftest import QUICK, npy
from test_pairs import ids_csv, partners

N_X, N_Y = 60, 50


def make_model(server, x="ligands", y="receptors", pairs=None, **changes):
    spec = {"x": {"dataset": x}, "y": {"dataset": y}, **QUICK, "outputs": {"model": True}, **changes}
    if pairs:
        spec["pairs"] = {"data": pairs}
    job = server.run_job(spec)
    assert job["state"] == "succeeded", job
    return job["result"]["model"]


def populate(server):
    """Data with twins among the rows, so that PMIs tie; a model of pairs by id, called "lr"."""
    x, y, pairs = partners()
    x[7], x[23], y[11] = x[41], x[41], y[30]
    server.put("ligands", ids_csv("L", x))
    server.put("receptors", ids_csv("R", y))
    server.pairs = [list(p) for p in pairs]
    server.model = make_model(server, pairs=server.pairs)
    server.request("PATCH", f"/v1/models/{server.model}", json_body={"alias": "lr"})
    return server


@pytest.fixture(scope="module")
def scored(shared):
    populate(shared)
    job = screen(shared, top=N_X * N_Y, exclude_known=False)
    shared.everything = lists(shared, job, "top")
    shared.pmi = np.full((N_X, N_Y), np.nan)
    for row in shared.everything:
        shared.pmi[row["x_row"], row["y_row"]] = row["pmi"]
    assert not np.isnan(shared.pmi).any()
    return shared


def screen(server, model=None, wait=True, **spec):
    answer = server.request("POST", f"/v1/models/{model or server.model}/screen", json_body=spec)
    assert answer.status in (200, 202), answer
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json()['id']}"
    if not wait:
        return answer.json()
    job = server.wait_job(answer.json()["id"])
    assert job["state"] == "succeeded", job
    return job


def lists(server, job, name, query=""):
    rows, after = [], ""
    while after is not None:
        page = server.get(f"/v1/jobs/{job['id']}/screen?list={name}&limit=997{query}{after and '&after=' + after}").json()
        rows += page["data"]
        after = page["next"]
    assert page["list"] == name and page["unit"] == "nats" and page["total"] == len(rows)
    return rows


def brute(pmi, keep=None):
    """Pairs by PMI, ties by row of x, then of y."""
    found = [(-pmi[i, j], i, j) for i in range(pmi.shape[0]) for j in range(pmi.shape[1]) if keep is None or keep[i, j]]
    return [(i, j, -negative) for negative, i, j in sorted(found)]


def triples(rows):
    return [(r["x_row"], r["y_row"], r["pmi"]) for r in rows]


def known_mask(server):
    keep = np.ones((N_X, N_Y), bool)
    for a, b in server.pairs:
        keep[int(a[1:]), int(b[1:])] = False
    return keep


def test_lists_are_those_of_brute_force_with_ties(scored):
    order = brute(scored.pmi)
    assert len({p for *_, p in order}) < len(order)  # there are ties
    assert triples(scored.everything) == order and [r["rank"] for r in scored.everything] == list(range(1, N_X * N_Y + 1))
    job = screen(scored, top=25, top_per_x=4, top_per_y=7, exclude_known=False)
    assert job["kind"] == "screen" and job["progress"]["phase"] == "done"
    assert triples(lists(scored, job, "top")) == order[:25]
    by_x, by_y = lists(scored, job, "x"), lists(scored, job, "y")
    assert triples(by_x) == [t for i in range(N_X) for t in [o for o in order if o[0] == i][:4]]
    assert triples(by_y) == [t for j in range(N_Y) for t in [o for o in order if o[1] == j][:7]]
    assert triples(lists(scored, job, "x", "&id=L41")) == [o for o in order if o[0] == 41][:4]
    assert triples(lists(scored, job, "y", "&id=R30")) == [o for o in order if o[1] == 30][:7]
    result = job["result"]
    assert result["scored"] == result["pairs"] == N_X * N_Y and result["model"] == scored.model
    assert result["max"] == order[0][2] and abs(result["mean"] - scored.pmi.mean()) < 1e-5
    counted = result["histogram"]
    expected, _ = np.histogram(scored.pmi, counted["edges"])
    assert counted["below"] + sum(counted["counts"]) + counted["above"] == N_X * N_Y
    assert np.abs(np.cumsum(expected) - np.cumsum(counted["counts"])).max() <= 2  # scores on an edge
    assert result["links"] == {"top": f"/v1/jobs/{job['id']}/screen?list=top", "x": f"/v1/jobs/{job['id']}/screen?list=x",
                               "y": f"/v1/jobs/{job['id']}/screen?list=y", "above": None}


def test_pmis_are_those_of_the_model_pair_by_pair(scored):
    pairs = [[r["x_id"], r["y_id"]] for r in scored.everything[::7]]
    answer = scored.request("POST", f"/v1/models/{scored.model}/pmi", json_body={"pairs": pairs})
    if answer.status in (404, 405):
        pytest.skip("this server scores no single pairs")
    for ours, theirs in zip(scored.everything[::7], answer.json()["data"]):
        assert (ours["x_id"], ours["y_id"]) == (theirs["x_id"], theirs["y_id"])
        assert abs(ours["pmi"] - theirs["pmi"]) < 1e-4 and abs(ours["p_value"] - theirs["p_value"]) < 0.01


def test_known_pairs_are_left_out(scored):
    keep = known_mask(scored)
    job = screen(scored, top=40, top_per_x=3)
    assert triples(lists(scored, job, "top")) == brute(scored.pmi, keep)[:40]
    assert job["result"]["left_out"] == {"known": 300, "known_of": 300, "same": 0}
    assert job["result"]["scored"] == N_X * N_Y - 300


def test_rows_by_id_and_ids_that_are_not_there(scored):
    chosen = [41, 3, 59, 0, 8]
    job = screen(scored, x={"ids": [f"L{i}" for i in chosen] + ["L?", "nobody"]}, top=100, top_per_x=2, exclude_known=True)
    keep = known_mask(scored)
    mask = np.zeros((N_X, N_Y), bool)
    mask[chosen] = keep[chosen]
    rows = lists(scored, job, "top")
    assert sorted(triples(rows)) == sorted(brute(scored.pmi, mask)[:100])
    assert [r["x_row"] for r in lists(scored, job, "x")] == [i for i in chosen for _ in range(2)]
    assert [r["x_id"] for r in lists(scored, job, "x", "&id=L59")] == ["L59", "L59"]
    assert job["result"]["missing"]["x"] == {"count": 2, "listed": 2, "ids": ["L?", "nobody"]}
    assert job["result"]["x"]["used"] == 5 and job["result"]["x"]["rows"] == N_X
    assert "not among the screen's rows" in scored.get(f"/v1/jobs/{job['id']}/screen?list=x&id=L1").problem(404)["detail"]
    problem = scored.request("POST", "/v1/models/lr/screen", json_body={"y": {"ids": ["a", "b"]}, "top": 1}).problem(422)
    assert problem["errors"][0]["pointer"] == "/y/ids" and "none of the 2 ids" in problem["errors"][0]["detail"]


def test_above_a_threshold_is_everything_above_it(scored):
    order = brute(scored.pmi)
    value = order[200][2]
    job = screen(scored, above={"pmi": value}, exclude_known=False)
    rows = lists(scored, job, "above")
    assert triples(rows) == [o for o in order if o[2] >= value]
    above = job["result"]["above"]
    assert above["threshold_nats"] == value and above["pairs"] == len(rows)
    assert abs(above["expected_false"] - min(len(rows), above["fpr"] * N_X * N_Y)) < 1e-6
    assert above["expected_fdr"] == above["expected_false"] / len(rows)

    job = screen(scored, above={"fpr": 0.02}, exclude_known=False)
    threshold = job["result"]["above"]["threshold_nats"]
    assert triples(lists(scored, job, "above")) == [o for o in order if o[2] >= threshold]
    assert 0.01 < job["result"]["above"]["fpr"] <= 0.02


def test_the_threshold_of_an_expected_fdr_is_the_lowest(scored):
    order = brute(scored.pmi)
    p = {r["pmi"]: r["p_value"] for r in scored.everything}
    values = np.array([o[2] for o in order])
    for target in (0.3, 0.6):
        best = 0
        for k in range(1, len(order) + 1):
            at_least = int((values >= values[k - 1]).sum())
            if p[values[k - 1]] * len(order) / at_least <= target:
                best = max(best, at_least)
        job = screen(scored, above={"fdr": target}, exclude_known=False)
        above = job["result"]["above"]
        assert above["pairs"] == best and triples(lists(scored, job, "above")) == order[:best]
        if best:
            assert above["expected_fdr"] <= target and above["threshold_nats"] == values[best - 1]
            assert above["expected_fdr95"][0] <= above["expected_fdr"] <= above["expected_fdr95"][1]
        else:
            assert above["threshold_nats"] is None


def test_more_above_than_is_taken_says_what_to_do(scored):
    job = screen(scored, wait=False, above={"pmi": -100}, max_above=50)
    job = scored.wait_job(job["id"])
    assert job["state"] == "failed" and job["error"]["code"] == "too_large"
    assert "more than 50 pairs" in job["error"]["detail"] and "max_above" in job["error"]["detail"]
    assert screen(scored, above={"pmi": -100}, max_above=N_X * N_Y)["result"]["above"]["pairs"] == N_X * N_Y - 300


def test_what_the_store_does_not_take_is_refused_at_once(server_factory):
    """Lists of 560 MB from one run: of 70,000 rows of y the best 1,000 each."""
    server = server_factory("--workers", "1")
    rng = np.random.default_rng(6)
    server.put_pair(rows=100, cols=1)
    server.put("some", npy(rng.standard_normal((4000, 1))))
    server.put("many", npy(rng.standard_normal((70000, 1))))
    model = make_model(server, "x", "y")
    asked = {"x": {"dataset": "some"}, "y": {"dataset": "many"}, "top_per_y": 1000}
    problem = server.request("POST", f"/v1/models/{model}/screen", json_body=asked).problem(413, "too_large")
    assert "at most 512 MiB are kept" in problem["detail"] and "shorter lists" in problem["detail"]


def test_one_set_with_itself(scored):
    rng = np.random.default_rng(5)
    values = rng.standard_normal((40, 3))
    scored.put("things", ids_csv("T", values))
    pairs = [[f"T{i}", f"T{j}"] for i in range(40) for j in range(i + 1, 40) if ((values[i] - values[j]) ** 2).sum() < 3]
    model = make_model(scored, "things", "things", pairs)
    full = screen(scored, model, top=1600, exclude_known=False, skip_same=False)
    pmi = np.zeros((40, 40))
    for i, j, value in triples(lists(scored, full, "top")):
        pmi[i, j] = value
    job = screen(scored, model, top=1600, exclude_known=False)
    off_diagonal = ~np.eye(40, dtype=bool)
    assert triples(lists(scored, job, "top")) == brute(pmi, off_diagonal) and job["result"]["left_out"]["same"] == 40
    job = screen(scored, model, top=1600, exclude_known=False, symmetric=True)
    upper = np.triu(off_diagonal)
    assert triples(lists(scored, job, "top")) == brute(pmi, upper) and job["result"]["scored"] == 780
    known = {tuple(sorted((int(a[1:]), int(b[1:])))) for a, b in pairs}
    for i, j in known:
        upper[i, j] = False
    job = screen(scored, model, top=1600, symmetric=True)
    assert triples(lists(scored, job, "top")) == brute(pmi, upper)
    # other rows on each side: somebody with itself is left out all the same
    job = screen(scored, model, top=1600, exclude_known=False, x={"ids": ["T3", "T1"]}, y={"ids": ["T1", "T2", "T3"]})
    assert sorted((r["x_id"], r["y_id"]) for r in lists(scored, job, "top")) == [("T1", "T2"), ("T1", "T3"), ("T3", "T1"), ("T3", "T2")]
    assert job["result"]["left_out"]["same"] == 2


def test_whole_lists_as_csv_and_lines(scored):
    job = screen(scored, top=30)
    path = f"/v1/jobs/{job['id']}/screen"
    rows = lists(scored, job, "top")
    answer = scored.get(path, headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    found = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert [{**r, "rank": int(r["rank"]), "x_row": int(r["x_row"]), "y_row": int(r["y_row"]), "pmi": float(r["pmi"]), "p_value": float(r["p_value"])}
            for r in found] == rows
    answer = scored.get(path, headers={"Accept": "application/x-ndjson"})
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line) for line in answer.body.decode().splitlines()] == rows
    assert scored.get(f"{path}?format=ndjson").body == answer.body
    scored.get(path, headers={"Accept": "application/x-npy"}).problem(406)
    scored.get(f"{path}?format=npy").problem(400)
    scored.get(f"{path}?list=best").problem(400)
    assert "top_per_x" in scored.get(f"{path}?list=x").problem(409)["detail"]
    scored.get(f"{path}?list=top&id=L1").problem(400)


def test_it_is_a_job_like_others(scored):
    spec = {"kind": "screen", "model": "lr", "x": {"dataset": "ligands"}, "top": 5, "tags": {"a": "b"}, "priority": 7}
    answer = scored.submit(spec, headers={"Prefer": "wait=20", "Idempotency-Key": "screen-1"})
    job = answer.json()
    assert answer.status in (200, 202) and answer.headers["Preference-Applied"] == "wait=20"
    assert scored.submit(spec, headers={"Idempotency-Key": "screen-1"}).json()["id"] == job["id"]
    job = scored.wait_job(job["id"])
    resolved = job["spec"]
    assert resolved["model"] == scored.model and resolved["x"]["dataset"] == "ligands" and resolved["y"]["dataset"] == "receptors"
    assert job["tags"] == {"a": "b"} and job["priority"] == 7
    again = scored.run_job(resolved)
    assert triples(lists(scored, again, "top")) == triples(lists(scored, job, "top")) and again["spec"] == resolved
    assert job["id"] in [j["id"] for j in scored.get("/v1/jobs?kind=screen").json()["data"]]
    with scored.events(job["id"]) as events:
        seen = list(events)
    assert seen[-1][1] == "done"
    key = {"Idempotency-Key": "screen-2"}
    first = scored.request("POST", "/v1/models/lr/screen", json_body={"top": 5}, headers=key).json()
    assert scored.request("POST", f"/v1/models/{scored.model}/screen", json_body={"top": 5}, headers=key).status == 409
    scored.wait_job(first["id"])
    estimate = next(j for j in scored.get("/v1/jobs").json()["data"] if j["kind"] == "estimate")
    assert "estimate" in scored.get(f"/v1/jobs/{estimate['id']}/screen").problem(409)["detail"]
    scored.get(f"/v1/jobs/{job['id']}/pmi").problem(409)


def test_every_bad_field_is_told(scored):
    def pointers(body, path="/v1/models/lr/screen"):
        return [e["pointer"] for e in scored.request("POST", path, json_body=body).problem(422, "invalid_spec")["errors"]]

    assert pointers({}) == ["/top"]
    assert pointers({"top": -1, "top_per_x": 1.5, "above": {"fdr": 2}, "tpo": 1, "symmetric": "no", "train": {"batch": 8}}) == \
        ["/tpo", "/top", "/top_per_x", "/above/fdr", "/symmetric", "/train/batch"]
    assert pointers({"top": 1, "above": {"pmi": 1, "fpr": 0.1}}) == ["/above"]
    assert pointers({"top": 1, "above": {"q": 1}}) == ["/above/q"]
    assert pointers({"top": 1, "above": {"fpr": 1e-9}}) == ["/above/fpr"]
    assert pointers({"top": 1, "x": {"data": [[1]], "ids": []}, "y": {"dataset": "no"}}) == ["/x/data", "/x/ids"]
    assert pointers({"top": 1, "y": {"dataset": "no"}}) == ["/y/dataset"]
    assert pointers({"top": 1, "x": {"ids": ["L1", 3, "L1"]}}) == ["/x/ids/1"]
    assert pointers({"top": 1, "x": {"ids": ["L1", "L2", "L1"]}}) == ["/x/ids/2"]
    assert pointers({"top": 1, "symmetric": True}) == ["/symmetric"]
    assert pointers({"kind": "estimate", "top": 1})[-1] == "/kind"
    assert pointers({"kind": "screen", "top": 1}, "/v1/jobs") == ["/model"]
    assert pointers({"kind": "screen", "model": "nobody", "top": 1}, "/v1/jobs") == ["/model"]
    scored.request("POST", "/v1/models/nobody/screen", json_body={"top": 1}).problem(404)
    scored.put("narrow", ids_csv("L", np.ones((4, 2))))
    assert pointers({"top": 1, "x": {"dataset": "narrow"}}) == ["/x"]
    joint = make_model(scored, pairs=scored.pairs, critic={"type": "joint", "hidden": [8]})
    problem = scored.request("POST", f"/v1/models/{joint}/screen", json_body={"top": 1}).problem(422)
    assert problem["errors"][0]["pointer"] == "/model" and "dot product" in problem["errors"][0]["detail"]


def test_a_model_of_rows_without_ids(scored):
    scored.put_pair("rx", "ry", rows=120)
    model = make_model(scored, "rx", "ry")
    job = screen(scored, model, top=10, top_per_x=1)
    rows = lists(scored, job, "top")
    assert job["result"]["left_out"]["known"] == 120 and all(r["x_row"] != r["y_row"] for r in rows)
    assert set(rows[0]) == {"rank", "x_row", "y_row", "pmi", "p_value"}
    assert lists(scored, job, "x", "&id=17")[0]["x_row"] == 17
    assert scored.get(f"/v1/jobs/{job['id']}/screen?format=csv").body.startswith(b"rank,x_row,y_row,pmi,p_value\n")


def test_nothing_to_find_is_found_as_often_as_expected(scored):
    """Other rows of the same distribution in which no pair is a true one: as many reach a threshold as its FPR says."""
    rng = np.random.default_rng(9)
    scored.put("noise_x", npy(rng.standard_normal((700, 4))))
    scored.put("noise_y", npy(rng.standard_normal((700, 4))))
    scored.put_pair("train_x", "train_y", rows=400, cols=4)
    model = make_model(scored, "train_x", "train_y", null_pairs=20000)
    job = screen(scored, model, x={"dataset": "noise_x"}, y={"dataset": "noise_y"}, above={"fpr": 0.02})
    above = job["result"]["above"]
    assert 0.5 < above["pairs"] / above["expected_false"] < 2 and above["expected_fdr"] > 0.5


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Rows enough for several parts and some seconds, of few columns."""
    rng = np.random.default_rng(11)
    return npy(rng.standard_normal((20000, 2))), npy(rng.standard_normal((6000, 2)))


def test_bytes_do_not_depend_on_workers(server_factory, wide):
    found = []
    for workers in (1, 2):
        server = server_factory("--workers", workers)
        server.put_pair("tx", "ty", rows=300)
        server.put("wx", wide[0])
        server.put("wy", wide[1])
        model = make_model(server, "tx", "ty")
        job = screen(server, model, x={"dataset": "wx"}, y={"dataset": "wy"}, top=500, top_per_x=3, top_per_y=2, above={"fpr": 0.001})
        found.append([server.get(f"/v1/jobs/{job['id']}/screen?format=csv&list={name}").body for name in ("top", "x", "y", "above")] +
                     [job["result"][name] for name in ("scored", "mean", "max", "histogram", "above")] + [job["progress"]["runs"]])
        server.stop()
    assert found[0][:-1] == found[1][:-1]
    assert found[0][-1] != found[1][-1]  # they were cut differently


def test_a_screen_is_canceled(server, wide):
    server.put_pair("tx", "ty", rows=300)
    server.put("wx", wide[0])
    model = make_model(server, "tx", "ty")
    job = screen(server, model, wait=False, x={"dataset": "wx"}, y={"dataset": "wx"}, top=100, top_per_x=50)
    phases = set()
    with server.events(job["id"]) as events:
        for _, name, data in events:
            phases.add(data.get("phase"))
            if name == "progress" and data["phase"] == "screen":
                server.request("POST", f"/v1/jobs/{job['id']}/cancel")
            if name == "done":
                break
    begun = time.monotonic()
    job = server.wait_job(job["id"])
    assert job["state"] == "canceled" and "screen" in phases and time.monotonic() - begun < 30
    server.get(f"/v1/jobs/{job['id']}/screen").problem(409)


def test_answers_fit_their_schemas(scored):
    from test_openapi import check
    document = scored.get("/openapi.json").json()
    job = screen(scored, x={"ids": ["L1", "L2", "none"]}, top=3, top_per_y=1, above={"fdr": 0.5})
    check(document, {"$ref": "#/components/schemas/ScreenResult"}, job["result"])
    check(document, {"$ref": "#/components/schemas/JobSpec"}, job["spec"])
    check(document, {"$ref": "#/components/schemas/ScreenSpec"}, job["spec"])
    check(document, {"$ref": "#/components/schemas/ScreenPage"}, scored.get(job["result"]["links"]["y"]).json())
    pointers = {f["pointer"] for f in scored.get("/v1/info").json()["fields"] if "screen" in f.get("kinds", ["screen"])}
    assert set("/" + name for name in job["spec"]) <= pointers


def test_the_client_asks_shows_and_saves(scored, tmp_path):
    from test_cli import MUTUAL, environment
    ids = tmp_path / "ids.txt"
    ids.write_text("L3\n\n L4 \nnobody\n")

    def mutual(*args, code=0):
        done = subprocess.run([MUTUAL, "--server", scored.url, *map(str, args)], capture_output=True, text=True, timeout=60, env=environment())
        assert done.returncode == code, done
        return done.stdout + done.stderr

    shown = mutual("screen", "lr", "--x-ids", ids, "--per-x", 2, "--above-fpr", 0.01, "--tag", "a=b")
    job = re.search(r"job_[0-9A-Z]{26}", shown).group()
    assert "2 rows of x, 50 of y" in shown
    assert "without an embedding" in shown and "L3" in shown and "RANK" in shown
    resolved = scored.get(f"/v1/jobs/{job}").json()["spec"]
    assert resolved["x"]["ids"] == ["L3", "L4", "nobody"] and resolved["top"] == 0 and resolved["above"] == {"fpr": 0.01}
    rows = list(csv.DictReader(io.StringIO(mutual("screen", job, "--list", "x", "--id", "L4", "-o", "csv"))))
    assert [(r["rank"], r["x_id"]) for r in rows] == [("1", "L4"), ("2", "L4")]
    out = tmp_path / "top.csv"
    assert "PMI" in mutual("screen", "lr", "--with-known", "--out", out)
    saved = list(csv.DictReader(out.open()))
    assert [(int(r["x_row"]), int(r["y_row"]), float(r["pmi"])) for r in saved] == brute(scored.pmi)[:100]
    assert json.loads(mutual("screen", job, "--list", "x", "-o", "json", "--limit", "1"))["total"] == 4
    assert "expected" in mutual("screen", "lr", "--above-fdr", 2, code=2)
    for args, said in ((("lr", "-o", "json", "--out", out), "as csv"), ((job, "-o", "json", "--out", out), "as csv"), (("lr", "--detach", "--out", out), "--detach"),
                       (("lr", "--detach", "--list", "x"), "--detach"), (("lr", "-o", "json", "--limit", 1), "-o json"), (("lr", "--out", out, "--limit", 1), "not paged"),
                       ((job, "-o", "csv", "--after", "a"), "not paged"), ((job, "--top", 5), "of a JOB"), ((job, "--per-x", 5), "of a JOB"),
                       ((job, "--x-ids", ids), "of a JOB"), ((job, "--tag", "a=b"), "of a JOB")):
        assert said in mutual("screen", *args, code=2), args


def test_files_of_ids_are_read_whole_before_anything_is_sent(scored, tmp_path):
    from test_cli import MUTUAL, environment
    ids, data = tmp_path / "ids.txt", tmp_path / "never_sent.csv"
    data.write_text("id,a\nL1,1\nL2,2\n")

    def refused(content):
        ids.write_bytes(content)
        done = subprocess.run([MUTUAL, "--server", scored.url, "screen", "lr", "--x", str(data), "--y-ids", str(ids)], capture_output=True, text=True,
                              timeout=60, env=environment())
        assert done.returncode == 2 and not [d for d in scored.get("/v1/datasets?limit=200").json()["data"] if d["name"].startswith("never_sent")]
        return done.stderr

    assert "line 2 is too long" in refused(b"R1\n" + b"R" * 1023 + b"\n")
    assert "has no ids" in refused(b"\n \n")
    assert "No such file" in subprocess.run([MUTUAL, "--server", scored.url, "screen", "lr", "--x-ids", str(tmp_path / "none")], capture_output=True, text=True,
                                            timeout=60, env=environment()).stderr
