"""Jobs over pairs by id: the join, what it leaves out, the splits, the table of PMIs by id, and what is refused."""

import csv
import io
import json

import numpy as np
import pytest
from conftest import QUICK, npy
from test_real_data import DATA, needs

N_X, N_Y, DIM = 60, 50, 4


def ids_csv(prefix, values):
    rows = "".join(f"{prefix}{i}," + ",".join(f"{v:.6g}" for v in row) + "\n" for i, row in enumerate(values))
    return ("id," + ",".join(f"c{j}" for j in range(values.shape[1])) + "\n" + rows).encode()


def partners(seed=3):
    """Embeddings of two kinds of things, and 300 pairs of those that lie near each other."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((N_X, DIM)), rng.standard_normal((N_Y, DIM))
    near = np.argsort(((x[:, None] - y[None]) ** 2).sum(2), axis=None)[:300]
    return x, y, [(f"L{k // N_Y}", f"R{k % N_Y}") for k in near]


def table(pairs, header="ligand\treceptor\tknown"):
    return (header + "\n" + "".join("\t".join(map(str, row)) + "\n" for row in pairs)).encode()


@pytest.fixture(scope="module")
def bound(shared):
    """x and y with ids, "lr": their pairs with three kinds of rows that are left out."""
    x, y, pairs = partners()
    shared.put("ligands", ids_csv("L", x))
    shared.put("receptors", ids_csv("R", y))
    shared.put("plain", npy(x))
    rows = [(a, b, 1) for a, b in pairs]
    rows += [("L0", "R?", 1), ("L?", "R?", 1), ("L??", "R1", 0)]  # four ids without an embedding, one of them twice
    rows += [rows[0], rows[1]]
    known = set(pairs)
    negatives = [(f"L{i}", f"R{i}", 0) for i in range(40) if (f"L{i}", f"R{i}") not in known][:7]
    shared.put("lr", table(rows + negatives), "?kind=pairs")
    shared.pairs = pairs
    return shared


def spec(**changes):
    return {"x": {"dataset": "ligands"}, "y": {"dataset": "receptors"},
            "pairs": {"dataset": "lr", "x_id": "ligand", "y_id": "receptor", "label": "known"}, **QUICK, **changes}


def test_rows_are_counted_and_the_table_has_ids(bound):
    job = bound.run_job(spec())
    assert job["state"] == "succeeded", job
    result = job["result"]
    assert result["pairs"] == {
        "rows": 312, "used": 300, "duplicates": 2, "negatives": 7, "without_embedding": 3,
        "missing": {"x": {"count": 2, "listed": 2, "ids": ["L?", "L??"]}, "y": {"count": 1, "listed": 1, "ids": ["R?"]}},
        "entities": {"x": len({a for a, _ in bound.pairs}), "y": len({b for _, b in bound.pairs})}}
    assert result["split"] == {"by": "pair", "folds": 2, "scored": 300, "unscored": 0}
    assert "ids_without_embedding" in [w["code"] for w in result["warnings"]]
    assert "duplicate_rows" not in [w["code"] for w in result["warnings"]]

    path = f"/v1/jobs/{job['id']}"
    page = bound.get(f"{path}/pmi?limit=10000").json()
    assert [(r["x_id"], r["y_id"]) for r in page["data"]] == bound.pairs
    a, b = bound.pairs[17]
    one = bound.get(f"{path}/pmi?x_id={a}&y_id={b}").json()
    assert one["total"] == 1 and one["data"] == [page["data"][17]]
    of_a = bound.get(f"{path}/pmi?x_id={a}&top=100").json()["data"]
    assert len(of_a) == sum(x == a for x, _ in bound.pairs) and {r["x_id"] for r in of_a} == {a}
    assert [r["pmi"] for r in of_a] == sorted((r["pmi"] for r in of_a), reverse=True)
    rows = list(csv.DictReader(io.StringIO(bound.get(f"{path}/pmi?format=csv").body.decode())))
    assert [(r["x_id"], r["y_id"]) for r in rows] == bound.pairs
    whole = np.load(io.BytesIO(bound.get(f"{path}/pmi?format=npy").body))
    assert whole.shape == (300, 4) and whole[17, 0] == page["data"][17]["pmi"]
    assert np.load(io.BytesIO(bound.get(f"{path}/pmi?format=npy&x_id={a}").body)).shape == (len(of_a), 4)
    assert "no row with the id" in bound.get(f"{path}/pmi?x_id=L999").problem(404)["detail"]

    missing = bound.get(f"{path}/missing").json()
    assert missing["data"] == [{"side": "x", "id": "L?"}, {"side": "x", "id": "L??"}, {"side": "y", "id": "R?"}]
    second = bound.get(f"{path}/missing?limit=1&after=1").json()
    assert (second["data"], second["next"], second["total"]) == ([{"side": "x", "id": "L??"}], "2", 3)
    assert bound.get(f"{path}/missing?format=csv").body == b"side,id\nx,L?\nx,L??\ny,R?\n"
    refused = bound.get(f"{path}/missing?format=npy").problem(400)
    assert "expected json or csv" in refused["detail"]
    second = bound.get(f"{path}/missing", headers={"Accept": "application/x-npy, text/csv;q=0.5"})
    assert second.body == b"side,id\nx,L?\nx,L??\ny,R?\n"
    none = bound.get(f"{path}/missing", headers={"Accept": "application/x-npy"}).problem(406)
    assert "application/json and text/csv" in none["detail"]


def test_a_resolved_spec_runs_again_with_the_same_figures(bound):
    first = bound.run_job(spec())
    stands = first["spec"]["pairs"]
    assert stands["rows"] == 312 and len(stands["sha256"]) == 64
    again = bound.run_job(first["spec"])
    assert again["spec"] == first["spec"] and again["result"]["mi"] == first["result"]["mi"]
    content = {k: v for k, v in stands.items() if k != "dataset"}
    by_content = bound.run_job({**first["spec"], "pairs": content})
    assert by_content["result"]["mi"] == first["result"]["mi"]
    stale = bound.submit({**first["spec"], "pairs": {**stands, "rows": 311}}).problem(422)
    assert stale["errors"][0]["pointer"] == "/pairs/rows"


def test_a_list_in_the_job_is_stored_as_a_table(bound):
    listed = bound.run_job(spec(pairs={"data": bound.pairs}))
    assert listed["state"] == "succeeded", listed
    assert listed["spec"]["pairs"] | {"sha256": ""} == {"sha256": "", "rows": 300, "x_id": "x", "y_id": "y", "symmetric": False}
    named = bound.run_job(spec())
    assert listed["result"]["mi"] == named["result"]["mi"]
    labelled = bound.run_job(spec(pairs={"data": [[a, b, 1] for a, b in bound.pairs] + [["L0", "L0", 0]]}))
    assert labelled["spec"]["pairs"]["label"] == "label" and labelled["result"]["mi"] == named["result"]["mi"]
    assert bound.run_job(labelled["spec"])["result"]["mi"] == named["result"]["mi"]


@pytest.mark.parametrize("by", ["x", "y", "entity"])
def test_a_split_by_who_is_in_the_pairs(bound, by):
    job = bound.run_job(spec(split={"by": by, "folds": 2, "validation": 0.4}))
    assert job["state"] == "succeeded", job
    split = job["result"]["split"]
    assert split["by"] == by and split["scored"] + split["unscored"] == 300
    assert (split["unscored"] > 0) == (by == "entity")
    page = bound.get(f"/v1/jobs/{job['id']}/pmi?limit=10000").json()
    assert page["total"] == split["scored"]
    assert np.load(io.BytesIO(bound.get(f"/v1/jobs/{job['id']}/pmi?format=npy").body)).shape == (300, 4)


def test_several_objectives_on_pairs(bound):
    job = bound.run_job(spec(objectives=["infonce-anchor", "nwj"]))
    assert job["state"] == "succeeded", job
    assert job["result"]["pairs"]["used"] == 300 and job["result"]["split"]["scored"] == 300
    second = bound.get(f"/v1/jobs/{job['id']}/pmi?objective=nwj&limit=5").json()["data"]
    assert [(r["x_id"], r["y_id"]) for r in second] == bound.pairs[:5]


def test_both_sides_may_be_one_data_set(bound):
    rng = np.random.default_rng(8)
    values = rng.standard_normal((80, DIM))
    bound.put("people", ids_csv("P", values))
    near = np.argsort(((values[:, None] - values[None]) ** 2).sum(2) + 1e9 * np.eye(80), axis=None)[:200]
    friends = [[f"P{k // 80}", f"P{k % 80}"] for k in near]
    job = bound.run_job({"x": {"dataset": "people"}, "y": {"dataset": "people"}, "pairs": {"data": friends}, **QUICK})
    assert job["state"] == "succeeded", job
    assert job["result"]["pairs"]["used"] == 200
    page = bound.get(f"/v1/jobs/{job['id']}/pmi?limit=1000").json()["data"]
    assert [[r["x_id"], r["y_id"]] for r in page] == friends


def test_pairs_without_an_order(bound):
    """Each is there in both orders; which of them the table has makes no difference to anything but who is shown first."""
    rng = np.random.default_rng(9)
    values = rng.standard_normal((70, DIM))
    bound.put("friends", ids_csv("F", values))
    upper = np.triu(np.ones((70, 70)), 1) == 0
    near = np.argsort(((values[:, None] - values[None]) ** 2).sum(2) + 1e9 * upper, axis=None)[:150]
    friends = [[f"F{k // 70}", f"F{k % 70}"] for k in near]
    spec = {"x": {"dataset": "friends"}, "y": {"dataset": "friends"}, **QUICK, "outputs": {"pmi": True}}
    both = friends + [[b, a] for a, b in friends[:20]]
    job = bound.run_job({**spec, "pairs": {"data": both, "symmetric": True}})
    assert job["state"] == "succeeded", job
    result = job["result"]
    assert (result["pairs"]["used"], result["pairs"]["duplicates"]) == (150, 20)
    assert result["split"] == {"by": "pair", "folds": 2, "scored": 150, "unscored": 0}
    assert "duplicate_rows" not in [w["code"] for w in result["warnings"]]
    page = bound.get(f"/v1/jobs/{job['id']}/pmi?limit=1000").json()["data"]
    assert [[r["x_id"], r["y_id"]] for r in page] == friends
    a, b = friends[7]
    swapped = bound.get(f"/v1/jobs/{job['id']}/pmi?x_id={b}&y_id={a}").json()["data"]
    assert swapped == [page[7]]
    by_entity = bound.run_job({**spec, "pairs": {"data": friends, "symmetric": True}, "split": {"by": "entity", "folds": 2, "validation": 0.4}})
    assert by_entity["state"] == "succeeded", by_entity
    assert by_entity["result"]["split"]["scored"] + by_entity["result"]["split"]["unscored"] == 150
    several = bound.run_job({**spec, "pairs": job["spec"]["pairs"], "objectives": ["infonce-anchor", "ksg"]})
    assert several["result"]["agreement"]["pmi_rank_correlation"]["pairs"] == 150, several


@pytest.mark.parametrize(("changes", "pointer", "part"), [
    ({"pairs": {"dataset": "lr", "x_id": "gene"}}, "/pairs/x_id", 'no column "gene"; it has "ligand", "receptor", "known"'),
    ({"pairs": {"dataset": "lr", "label": "bound"}}, "/pairs/label", 'no column "bound"'),
    ({"pairs": {"dataset": "nothere"}}, "/pairs/dataset", "no data set of that name"),
    ({"pairs": {"dataset": "ligands"}}, "/pairs/dataset", "this is a matrix; expected a pair table"),
    ({"x": {"dataset": "lr"}}, "/x/dataset", "this is a pair table; expected a matrix"),
    ({"pairs": {"sha256": "0" * 64}}, "/pairs/sha256", "holds no pair table"),
    ({"y": {"dataset": "plain"}}, "/y", "this one has none"),
    ({"x": {"data": [[1.0]] * 50}}, "/x/data", "no ids"),
    ({"pairs": {"dataset": "lr", "label": "ligand"}}, "/pairs", 'row 1, column "ligand"'),
    ({"pairs": {"data": [["L0", f"R{i}"] for i in range(50)] + [["L0", "nobody"]]}, "split": {"by": "x", "folds": 2}}, "/split/folds", "at least"),
    ({"pairs": {"data": [["L0", "R0"], ["L0", "R00"], ["L00", "R0"]]}}, "/pairs", "only 1 of 3 rows"),
    ({"pairs": {"data": [["L0", "R0"], ["L0", "R00"], ["L00", "R0"]]}}, "/pairs", "without an embedding: L00, R00"),
    ({"pairs": {"dataset": "lr", "symmetric": True}}, "/pairs/symmetric", "different data sets"),
    ({"pairs": {"dataset": "lr", "symmetric": True}, "split": {"by": "x"}}, "/split/by", "every id on both sides"),
    ({"outputs": {"model": True}, "objective": "ksg"}, "/outputs/model", "no critic"),
    ({"objective": "ksg", "split": {"by": "entity"}}, "/split/by", "holds nobody out"),
])
def test_what_is_wrong_is_named(bound, changes, pointer, part):
    errors = bound.submit(spec(**changes)).problem(422)["errors"]
    assert any(e["pointer"] == pointer and part in e["detail"] for e in errors), errors


def test_the_work_of_folds_by_id_is_bounded_over_all_objectives(bound):
    bound.put("crowd", ids_csv("C", np.eye(260)[:, :2]))
    bound.put("all", table([(f"C{i}", f"C{j}") for i in range(260) for j in range(260) if i != j], "a\tb"), "?kind=pairs")
    job = {"x": {"dataset": "crowd"}, "y": {"dataset": "crowd"}, "pairs": {"dataset": "all"}, **QUICK}
    errors = bound.submit({**job, "objectives": ["infonce", "nwj"], "split": {"by": "x", "folds": 500}}).problem(422)["errors"]
    assert errors[0]["pointer"] == "/objectives" and "in all runs together" in errors[0]["detail"], errors


def test_a_split_by_entity_needs_pairs(bound):
    errors = bound.submit({"x": {"dataset": "plain"}, "y": {"dataset": "plain"}, **QUICK, "split": {"by": "entity"}}).problem(422)["errors"]
    assert errors[0]["pointer"] == "/split/by" and "/pairs" in errors[0]["detail"]


def test_a_job_by_row_has_no_missing_ids(bound):
    job = bound.run_job({"x": {"dataset": "plain"}, "y": {"dataset": "plain"}, **QUICK})
    assert job["result"]["pairs"] is None and job["result"]["split"]["by"] == "pair"
    bound.get(f"/v1/jobs/{job['id']}/missing").problem(409)
    assert "have no ids" in bound.get(f"/v1/jobs/{job['id']}/pmi?x_id=a").problem(400)["detail"]


def test_a_table_stays_while_a_job_needs_it(bound):
    bound.put("lent", table(bound.pairs, "a\tb"), "?kind=pairs")
    from conftest import ENDLESS
    job = bound.submit({**spec(), **ENDLESS, "pairs": {"dataset": "lent"}}).json()
    bound.request("DELETE", "/v1/datasets/lent").problem(409)
    bound.request("POST", f"/v1/jobs/{job['id']}/cancel")
    bound.wait_job(job["id"])
    assert bound.request("DELETE", "/v1/datasets/lent").status == 204


def test_more_ids_than_a_result_lists(bound):
    strangers = [(f"S{i:05d}", "R0") for i in range(1500)]
    job = bound.run_job(spec(pairs={"data": bound.pairs + strangers}))
    side = job["result"]["pairs"]["missing"]["x"]
    assert (side["count"], side["listed"], len(side["ids"])) == (1500, 1000, 1000)
    whole = bound.get(f"/v1/jobs/{job['id']}/missing?format=csv").body.decode().splitlines()
    assert whole[0] == "side,id" and whole[1:] == [f"x,{s}" for s, _ in strangers]


@pytest.mark.accuracy
def test_embeddings_of_proteins_know_ligands_and_receptors(server):
    """All defaults; the figures of the data's README with these embeddings are 0.80 and 0.68."""
    embeddings, pairs = needs(DATA / "tape_bert_lrks" / "per-protein.h5"), needs(DATA / "ppi_ligrec" / "pairs.tsv")
    assert server.put("proteins", embeddings.read_bytes()).status == 201
    assert server.put("lr", pairs.read_bytes(), "?kind=pairs").status == 201
    rows = list(csv.DictReader(io.StringIO(pairs.read_text()), delimiter="\t"))
    ids = set((DATA / "tape_bert_lrks" / "ids.txt").read_text().split())
    absent = {side: {r[side] for r in rows} - ids for side in ("ligand", "receptor")}
    both = [(r["ligand"], r["receptor"]) for r in rows if r["ligand"] in ids and r["receptor"] in ids]
    for by, least in (("pair", 0.8), ("entity", 0.65)):
        job = server.run_job({"x": {"dataset": "proteins"}, "y": {"dataset": "proteins"}, "pairs": {"dataset": "lr"}, "split": {"by": by}}, 600)
        assert job["state"] == "succeeded", job
        result = job["result"]
        print(f"ligand-receptor, split by {by}: AUROC {result['null']['auroc']:.3f} against {result['null']['pairs']} mismatched pairs, "
              f"{result['mi']['nats']:.3f} nats, {json.dumps(result['split'])}, {result['timing']['wall_s']:.1f} s")
        assert result["null"]["auroc"] >= least
        assert result["pairs"]["used"] == len(set(both)) and result["pairs"]["without_embedding"] == len(rows) - len(both)
        for side, name in (("x", "ligand"), ("y", "receptor")):
            missing = result["pairs"]["missing"][side]
            assert missing["count"] == len(absent[name]) and set(missing["ids"]) == absent[name]
        page = server.get(f"/v1/jobs/{job['id']}/pmi?top=20").json()["data"]
        assert len(page) == 20 and all((r["x_id"], r["y_id"]) in set(both) for r in page)
