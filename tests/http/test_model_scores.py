"""Pairs scored by a model, now: by id, by pair table, as vectors; what is told of them; and what is refused."""

import csv
import io
import threading
import time

import models
import numpy as np
import pytest
from conftest import QUICK, npy
from models import score
from test_openapi import check


@pytest.fixture(scope="module")
def kept(shared):
    shared.x, shared.y, shared.pairs = models.put_sides(shared)
    shared.model, shared.job = models.train(shared)
    return shared


def numbers(answer, field="pmi"):
    assert answer.status == 200, answer
    return np.array([np.nan if row[field] is None else row[field] for row in answer.json()["data"]])


def vectors(server, pairs):
    rows = [(int(a[1:]), int(b[1:])) for a, b in pairs]
    return {"x": [server.x[i].tolist() for i, _ in rows], "y": [server.y[j].tolist() for _, j in rows]}


ASKED = [["L3", "R7"], ["L3", "R8"], ["L59", "R0"], ["L3", "R7"], ["L0", "R49"]]


def test_the_same_by_id_by_table_and_as_vectors(kept):
    by_id = score(kept, kept.model, {"pairs": ASKED})
    answer = by_id.json()
    assert [[row["x_id"], row["y_id"]] for row in answer["data"]] == ASKED
    assert answer["model"] == kept.model and answer["unit"] == "nats" and answer["total"] == 5
    assert answer["missing"] == {"x": {"count": 0, "ids": []}, "y": {"count": 0, "ids": []}}
    assert answer["data"][0] == answer["data"][3]
    pmi = numbers(by_id)
    assert np.isfinite(pmi).all() and len(set(pmi)) == 4
    as_vectors = score(kept, kept.model, vectors(kept, ASKED))
    np.testing.assert_allclose(numbers(as_vectors), pmi, rtol=1e-5, atol=1e-5)
    assert [row["row"] for row in as_vectors.json()["data"]] == list(range(5)) and as_vectors.json()["trained"] is None
    assert "missing" not in as_vectors.json() and {row["trained"] for row in as_vectors.json()["data"]} == {None}
    assert kept.put("asked", models.pairs_tsv([(1, b, a) for a, b in ASKED], "label\tto\tfrom"), "?kind=pairs").status in (200, 201)
    table = score(kept, kept.model, {"pairs": {"dataset": "asked", "x_id": "from", "y_id": "to"}})
    assert table.json()["data"] == answer["data"]
    assert score(kept, kept.model, {"pairs": {"data": ASKED}}).json() == answer
    # the same data under other names
    kept.put("ligands-2", models.ids_csv("L", kept.x[::-1]))  # other rows for the ids
    other = score(kept, kept.model, {"pairs": [["L56", "R7"]], "x": {"dataset": "ligands-2"}})
    np.testing.assert_allclose(numbers(other)[0], pmi[0], rtol=1e-5, atol=1e-5)


def test_percentiles_p_and_q_values_are_those_of_the_models_null(kept):
    rng = np.random.default_rng(5)
    pairs = [[f"L{a}", f"R{b}"] for a, b in zip(rng.integers(0, 60, 400), rng.integers(0, 50, 400))]
    answer = score(kept, kept.model, {"pairs": pairs})
    null = models.weights(kept, kept.model)[0]["null.pmi"]
    assert answer.json()["null"] == {"kind": "model", "pairs": len(null)}
    pmi = numbers(answer)
    above = len(null) - np.searchsorted(null, pmi, side="left")
    p = (1 + above) / (1 + len(null))
    np.testing.assert_allclose(numbers(answer, "p_value"), p, rtol=1e-12)
    np.testing.assert_allclose(numbers(answer, "percentile"), np.searchsorted(null, pmi, side="left") / len(null), rtol=1e-12)
    order = np.argsort(p, kind="stable")
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    np.testing.assert_allclose(numbers(answer, "q_value"), np.minimum(q, 1), rtol=1e-12)


def test_pairs_of_the_training_are_told(kept):
    strangers = [["L0", "R1"], ["L1", "R0"]]
    strangers = [pair for pair in strangers if tuple(pair) not in kept.pairs] or [["R1", "L0"]]
    answer = score(kept, kept.model, {"pairs": [list(pair) for pair in kept.pairs] + strangers}).json()
    assert [row["trained"] for row in answer["data"]] == [True] * len(kept.pairs) + [False] * len(strangers)
    assert answer["trained"] == len(kept.pairs)


def test_missing_ids_are_counted_and_their_rows_stay(kept):
    pairs = [["L?", "R1"], ["L1", "R1"], ["L?", "R?"], ["L??", "R1"], ["L2", "R2"]]
    answer = score(kept, kept.model, {"pairs": pairs})
    assert answer.json()["missing"] == {"x": {"count": 2, "ids": ["L?", "L??"]}, "y": {"count": 1, "ids": ["R?"]}}
    for field in ("pmi", "percentile", "p_value", "q_value"):
        assert np.isnan(numbers(answer, field)).tolist() == [True, False, True, True, False], field
    array = np.load(io.BytesIO(score(kept, kept.model, {"pairs": pairs}, "application/x-npy").body))
    assert array.shape == (5, 4) and array.dtype == np.float64
    for i, field in enumerate(("pmi", "percentile", "p_value", "q_value")):
        np.testing.assert_array_equal(array[:, i], numbers(answer, field))
    rows = list(csv.DictReader(io.StringIO(score(kept, kept.model, {"pairs": pairs}, "text/csv").body.decode())))
    assert [[r["x_id"], r["y_id"]] for r in rows] == pairs and rows[1]["trained"] in ("true", "false")
    assert [float(r["pmi"]) for r in rows[1::3]] == [row["pmi"] for row in answer.json()["data"][1::3]] and rows[0]["pmi"] == "nan"
    lone = score(kept, kept.model, {"pairs": [["nobody", "nothing"]]}).json()
    assert lone["data"][0]["pmi"] is None and lone["data"][0]["q_value"] is None


def test_answers_fit_the_description(kept):
    document = kept.get("/openapi.json").json()
    schema = document["paths"]["/v1/models/{id}/pmi"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    check(document, schema, score(kept, kept.model, {"pairs": [*ASKED, ["L?", "R?"]]}).json())
    check(document, schema, score(kept, kept.model, vectors(kept, ASKED)).json())
    check(document, document["components"]["schemas"]["Model"], kept.get(f"/v1/models/{kept.model}").json())
    request = document["paths"]["/v1/models/{id}/pmi"]["post"]["requestBody"]["content"]["application/json"]
    for example in request["examples"].values():
        check(document, request["schema"], example["value"])
    info = kept.get("/v1/info").json()
    assert 0 < info["model_cache"]["bytes"] <= info["model_cache"]["max_bytes"] and info["limits"]["max_score_pairs"] == 100000


@pytest.mark.parametrize("critic", [{"type": "joint"}, {"type": "cosine"}, {"type": "bilinear"}])
def test_every_critic_scores(kept, critic):
    model, _ = models.train(kept, critic=critic)
    by_id = numbers(score(kept, model, {"pairs": ASKED}))
    np.testing.assert_allclose(numbers(score(kept, model, vectors(kept, ASKED))), by_id, rtol=1e-4, atol=1e-4)


def test_one_data_set_on_both_sides(kept):
    rng = np.random.default_rng(2)
    values = rng.standard_normal((40, 3))
    kept.put("both", models.ids_csv("P", values))
    pairs = [(f"P{i}", f"P{j}") for i, j in models.near(values, values, 400) if i < j]
    kept.put("pp", models.pairs_tsv(pairs), "?kind=pairs")
    model, _ = models.train(kept, x={"dataset": "both"}, y={"dataset": "both"}, pairs={"dataset": "pp"})
    assert score(kept, model, {"pairs": pairs}).json()["trained"] == len(pairs)
    turned = score(kept, model, {"pairs": [[b, a] for a, b in pairs]}).json()
    assert turned["trained"] == 0 and turned["missing"]["x"]["count"] == 0


def test_many_rows_and_no_cache_give_the_same(kept, server_factory):
    every = [[f"L{a}", f"R{b}"] for a in range(60) for b in range(50)]
    pmi = numbers(score(kept, kept.model, {"pairs": every}))
    assert len(pmi) == 3000
    bare = server_factory("--model-cache", "0")
    models.put_sides(bare)
    model, _ = models.train(bare)
    np.testing.assert_array_equal(numbers(score(bare, model, {"pairs": every})), pmi)
    assert bare.get("/v1/info").json()["model_cache"]["bytes"] == 0


def test_alias_and_deletion_while_it_works(kept):
    model, job = models.train(kept)
    kept.request("PATCH", f"/v1/models/{model}", json_body={"alias": "quick"})
    every = {"pairs": [[f"L{a}", f"R{b}"] for a in range(60) for b in range(50)]}
    seen = []

    def ask():
        while not seen or seen[-1] == 200:
            seen.append(score(kept, "quick", every, "application/x-npy").status)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while len(seen) < 8 and set(seen) <= {200}:
        assert time.monotonic() < deadline, seen
        time.sleep(0.01)
    assert kept.request("DELETE", "/v1/models/quick").status == 204
    for thread in threads:
        thread.join()
    assert set(seen) <= {200, 404} and 404 in seen
    score(kept, model, every).problem(404, "not_found")


def test_the_models_own_data_may_change_their_name_and_be_gone(server):
    models.put_sides(server)
    model, job = models.train(server)
    before = numbers(score(server, model, {"pairs": ASKED}))
    assert server.request("DELETE", "/v1/datasets/ligands").status == 204
    server.put("ligands", models.ids_csv("L", np.zeros((3, 4)) + np.arange(4)))  # something else
    np.testing.assert_array_equal(numbers(score(server, model, {"pairs": ASKED})), before)
    digest = server.get(f"/v1/models/{model}").json()["spec"]["x"]["sha256"]
    server.stop()
    (server.folder / "data" / "blobs" / digest[:2] / digest[2:]).unlink()
    server.start()
    gone = score(server, model, {"pairs": ASKED}).problem(422)
    assert gone["errors"][0]["pointer"] == "/x" and "gone" in gone["errors"][0]["detail"]
    assert score(server, model, {"pairs": [["L1", "R1"]], "x": {"dataset": "ligands"}}).status == 200


def test_categories_have_to_mean_the_same(server):
    rng = np.random.default_rng(4)
    kinds = rng.choice(["enzyme", "channel", "other"], 60)
    values = rng.standard_normal((60, 2)) + (kinds == "enzyme")[:, None]

    def rows(kinds):
        return ("id,a,kind\n" + "".join(f"L{i},{v[0]:.6g},{k}\n" for i, (v, k) in enumerate(zip(values, kinds)))).encode()

    server.put("x", rows(kinds))
    server.put("y", models.ids_csv("L", values))
    server.put("p", models.pairs_tsv([(f"L{i}", f"L{i}") for i in range(60)]), "?kind=pairs")
    model, _ = models.train(server, x={"dataset": "x"}, y={"dataset": "y"}, pairs={"dataset": "p"})
    asked = {"pairs": [["L1", "L2"]]}
    same = numbers(score(server, model, asked))
    server.put("swapped", rows(np.where(kinds == "enzyme", "a-kinase", kinds)))
    server.put("plain", models.ids_csv("L", values))
    swapped = score(server, model, {**asked, "x": {"dataset": "swapped"}}).problem(422)
    assert swapped["errors"][0]["pointer"] == "/x/dataset" and "category" in swapped["errors"][0]["detail"]
    assert "names on one side" in score(server, model, {**asked, "x": {"dataset": "plain"}}).problem(422)["errors"][0]["detail"]
    turned = score(server, model, {**asked, "y": {"dataset": "x"}}).problem(422)
    assert "trained on numbers" in turned["errors"][0]["detail"]
    assert same == numbers(score(server, model, {**asked, "x": {"dataset": "x"}}))
    bad = score(server, model, {"x": [[0.5, 0], [0.5, 1.5]], "y": [[1, 2], [3, 4]]}).problem(422)
    assert bad["errors"][0]["pointer"] == "/x/1/1" and "category" in bad["errors"][0]["detail"]
    assert score(server, model, {"x": [[0.5, 0], [0.5, 1]], "y": [[1, 2], [3, 4]]}).status == 200


REFUSED = [
    ({}, "/pairs", "required"),
    ([], "", "object"),
    ({"pair": ASKED}, "/pair", "pairs"),
    ({"pairs": []}, "/pairs", "at least one"),
    ({"pairs": "lr"}, "/pairs", "expected"),
    ({"pairs": [["L1", "R1"], ["L1"]]}, "/pairs/1", "pair of ids"),
    ({"pairs": [["L1", "R1", 1]]}, "/pairs/0", "pair of ids"),
    ({"pairs": [["L1", ""]]}, "/pairs/0/1", "1 to 256"),
    ({"pairs": [["L1", "R" * 257]]}, "/pairs/0/1", "1 to 256"),
    ({"pairs": {"dataset": "nothing"}}, "/pairs/dataset", "no data set"),
    ({"pairs": {"dataset": "ligands"}}, "/pairs/dataset", "matrix"),
    ({"pairs": {"dataset": "lr", "x_id": "mouse"}}, "/pairs/x_id", "no column"),
    ({"pairs": {"dataset": "lr", "label": "ligand"}}, "/pairs/label", "every pair"),
    ({"pairs": {"dataset": "faulty"}}, "/pairs", 'row 2, column "receptor": empty'),
    ({"pairs": {"dataset": "faulty", "x_id": "long", "y_id": "ligand"}}, "/pairs", 'row 1, column "long": too long'),
    ({"pairs": {"data": [["L1", "R1", 1]]}}, "/pairs/data", "every pair"),
    ({"pairs": {"dataset": "lr", "symmetric": True}}, "/pairs/symmetric", "means nothing"),
    ({"pairs": ASKED, "x": {"dataset": "nothing"}}, "/x/dataset", "no data set"),
    ({"pairs": ASKED, "x": {"dataset": "lr"}}, "/x/dataset", "pair table"),
    ({"pairs": ASKED, "y": {"dataset": "wide"}}, "/y/dataset", "7 columns; expected 4"),
    ({"pairs": ASKED, "y": {"dataset": "nameless"}}, "/y", "no ids"),
    ({"pairs": ASKED, "y": {"name": "receptors"}}, "/y", "dataset"),
    ({"pairs": ASKED, "y": {"dataset": "receptors", "rows": 3}}, "/y/rows", "unknown"),
    ({"pairs": ASKED, "x": [[1, 2, 3, 4]]}, "/pairs", "one of them"),
    ({"x": [[1, 2, 3, 4]]}, "/y", "as many"),
    ({"x": [[1, 2, 3, 4]], "y": [[1, 2, 3]]}, "/y", "3 columns; expected 4"),
    ({"x": [[1, 2, 3, 4], [1, 2, 3]], "y": [[1, 2, 3, 4]]}, "/x/1", "expected 4"),
    ({"x": [[1, 2, 3, "4"]], "y": [[1, 2, 3, 4]]}, "/x/0/3", "number"),
    ({"x": [], "y": []}, "/x", "no rows"),
]


@pytest.fixture(scope="module")
def others(kept):
    kept.put("wide", models.ids_csv("R", np.zeros((2, 7)) + np.arange(7)))
    kept.put("nameless", npy(kept.y))
    kept.put("faulty", models.pairs_tsv([("L1", "R1", "L" * 257), ("L1", "", "L2")], "ligand\treceptor\tlong"), "?kind=pairs")
    return kept


@pytest.mark.parametrize("body,pointer,words", REFUSED, ids=[str(body)[:50] for body, _, _ in REFUSED])
def test_what_is_wrong_is_named(others, body, pointer, words):
    problem = score(others, others.model, body).problem(422)
    assert problem["errors"][0]["pointer"] == pointer, problem
    assert words in problem["errors"][0]["detail"], problem


def test_shapes_limits_and_forms(others, server_factory):
    score(others, others.model, {"x": [[1, 2, 3, 4]], "y": [[1, 2, 3, 4], [1, 2, 3, 4]]}).problem(422, "shape_mismatch")
    score(others, "nobody", {"pairs": ASKED}).problem(404)
    score(others, others.model, {"pairs": ASKED}, "image/png").problem(406)
    path = f"/v1/models/{others.model}/pmi"
    others.request("POST", path, body=b'{"pairs": [[', headers={"Content-Type": "application/json"}).problem(400, "bad_json")
    others.request("POST", path, body=b"a,b", headers={"Content-Type": "text/csv"}).problem(415)
    large = b'{"pairs": [["' + b'L1", "R1"], ["' * 400000 + b'L1", "R1"]]}'
    told = others.request("POST", path, body=large, headers={"Content-Type": "application/json"}).problem(413, "too_large")
    assert "kind pairs" in told["detail"]
    few = server_factory("--max-score-pairs", "4")
    models.put_sides(few)
    model, _ = models.train(few)
    assert score(few, model, {"pairs": ASKED[:4]}).status == 200
    score(few, model, {"pairs": ASKED}).problem(413, "too_large")
    score(few, model, {"pairs": {"dataset": "lr"}}).problem(413, "too_large")
    score(few, model, {"x": [[1, 2, 3, 4]] * 5, "y": [[1, 2, 3, 4]] * 5}).problem(413, "too_large")


def test_a_model_without_ids(server):
    server.put_pair(rows=300, cols=3)
    job = server.run_job({"x": {"dataset": "x"}, "y": {"dataset": "y"}, **QUICK, "outputs": models.KEEP})
    model = job["result"]["model"]
    answer = score(server, model, {"x": [[0, 0, 0], [2, 2, 2]], "y": [[0, 0, 0], [2, 2, 2]]})
    assert answer.json()["trained"] is None and numbers(answer)[1] > numbers(answer)[0]
    told = score(server, model, {"pairs": [["a", "b"]]}).problem(422)
    assert told["errors"][0]["pointer"] == "/x" and "no ids" in told["errors"][0]["detail"]


def test_a_model_of_learned_codes(server):
    """LMI has no critic: its model is encoders, and the codes that a pair is held against."""
    x, y, known = models.put_sides(server)
    model, _ = models.train(server, objective={"name": "lmi", "max_steps": 300, "width": 32})
    apart = [(f"L{i}", f"R{j}") for i in range(len(x)) for j in range(len(y)) if ((x[i] - y[j]) ** 2).sum() > 9]
    near, far = (numbers(score(server, model, {"pairs": pairs})) for pairs in (known, apart))
    assert np.isfinite(near).all() and np.isfinite(far).all() and np.mean(near) > np.mean(far)
    tensors, _ = models.weights(server, model)
    assert sum(name.endswith("x.codes") for name in tensors) == 2, sorted(tensors)


def test_pairs_without_an_order_have_one_pmi(server):
    """A model of symmetric pairs: the mean of both orders by whatever route, held-out pairs as their runs scored them on average."""
    values = np.random.default_rng(9).standard_normal((70, 4))
    server.put("friends", models.ids_csv("F", values))
    friends = [[f"F{i}", f"F{j}"] for i, j in models.near(values, values, 400) if i < j]
    turned = [[b, a] for a, b in friends]
    model, job = models.train(server, x={"dataset": "friends"}, y={"dataset": "friends"}, pairs={"data": friends, "symmetric": True})
    answer = score(server, model, {"pairs": friends + turned}).json()
    assert answer["trained"] == 2 * len(friends)
    one, other = np.reshape([row["pmi"] for row in answer["data"]], (2, -1))
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    assert np.ptp(one) > 0.1
    # labelled pairs in either order are those that it was trained on
    labelled = {"data": [[*pair, 1] for pair in turned] + [["F0", f"F{i}", 0] for i in range(1, 70) if ["F0", f"F{i}"] not in friends], "symmetric": True}
    path = f"/v1/models/{model}/thresholds"
    server.request("POST", path, json_body={"pairs": labelled}).problem(422, "training_overlap")
    found = server.request("POST", path, json_body={"fpr": [0.05], "pairs": labelled, "allow_training_pairs": True}).json()
    held_out = models.weights(server, model)[0]["pairs.pmi"]
    assert found["labels"]["positives"] == len(friends) == len(held_out) and found["null"]["pairs"] > 0
    # all pairs, in one order and in both
    whole = {}
    for symmetric in (False, True):
        sent = server.request("POST", f"/v1/models/{model}/screen", json_body={"top": 4900, "exclude_known": False, "symmetric": symmetric})
        screen = server.wait_job(sent.json()["id"])
        assert screen["state"] == "succeeded", screen
        rows = server.get(f"/v1/jobs/{screen['id']}/screen?list=top&limit=10000").json()["data"]
        whole[symmetric] = {(r["x_id"], r["y_id"]): r["pmi"] for r in rows}
    assert (len(whole[False]), len(whole[True])) == (70 * 69, 70 * 69 / 2)
    for (a, b), pmi in whole[True].items():
        assert [whole[False][a, b], whole[False][b, a]] == pytest.approx([pmi, pmi], rel=1e-5, abs=1e-5)
    np.testing.assert_allclose([whole[False][a, b] for a, b in friends], one, rtol=1e-5, atol=1e-5)
