"""Handwritten digits seen through six sets of features: what two views tell of each other, and of the label.

Nobody knows these numbers, but they cannot be just any: I(x; y) = I(y; x), two views share at least what each knows of the
label if that is nearly all there is, and nothing knows more of a balanced ten-class label than ln 10.
"""

import math

import pytest
from test_real_data import DATA, needs

PAIRS = [("fou", "kar"), ("fou", "zer"), ("zer", "mor"), ("fac", "kar"), ("fac", "zer"), ("pix", "mor")]
VIEWS = sorted({view for pair in PAIRS for view in pair})
OBJECTIVES = ["infonce-anchor", "gaussian", "ksg"]


@pytest.fixture(scope="module")
def views(shared):
    folder = needs(DATA / "uci_mfeat")
    for name in [*VIEWS, "labels"]:
        status, _, body = shared.request("PUT", f"/v1/datasets/{name}", body=(folder / f"{name}.npy").read_bytes())
        assert status in (200, 201), body
    return shared


def compare(server, x, y):
    job = server.run_job({"x": {"dataset": x}, "y": {"dataset": y}, "objectives": OBJECTIVES}, timeout=600)
    assert job["state"] == "succeeded", job
    rows = {row["label"]: row["mi"] for row in job["result"]["comparison"]}
    assert list(rows) == OBJECTIVES
    print(f"{x} | {y}: " + ", ".join(f"{name} {mi['nats']:.2f} +- {mi['std_err']:.2f}" for name, mi in rows.items()))
    return rows


def label_mi(server, view):
    job = server.run_job({"x": {"dataset": view}, "y": {"dataset": "labels", "categorical": "all"}}, timeout=600)
    assert job["state"] == "succeeded", job
    print(f"{view} | label: {job['result']['mi']['nats']:.3f} nats, ln 10 is {math.log(10):.3f}")
    return job["result"]["mi"]


@pytest.mark.accuracy
def test_two_views_share_what_they_know_whichever_comes_first(views):
    label = {view: label_mi(views, view) for view in VIEWS}
    for view in ("fac", "kar", "pix"):  # the rich ones
        assert label[view]["nats"] == pytest.approx(math.log(10), abs=0.15), view
    for view, mi in label.items():
        assert mi["sampling95_nats"][0] <= math.log(10) + 0.05, view

    for x, y in PAIRS:
        ahead, back = compare(views, x, y), compare(views, y, x)
        for name in OBJECTIVES:
            error = math.hypot(ahead[name]["std_err"], back[name]["std_err"])
            assert abs(ahead[name]["nats"] - back[name]["nats"]) <= 2 * error + 0.05, (x, y, name)
        least = min((label[x], label[y]), key=lambda mi: mi["nats"])
        assert ahead["infonce-anchor"]["nats"] >= least["nats"] - 2 * least["std_err"], (x, y)
