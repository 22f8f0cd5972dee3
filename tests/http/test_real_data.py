"""Real data through the whole daemon, all defaults. Skipped, saying so, where the data are not beside the project."""

import math
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
DIGITS = ROOT / "clients" / "examples" / "data"


def needs(path):
    if not path.exists():
        pytest.skip(f"real data not here: ../shared/data/{path.relative_to(DATA)}")
    return path


def estimate(server, x, y, inputs=None, **spec):
    """Uploads both files, runs one job to its end, returns the job."""
    for name, path in (("x", x), ("y", y)):
        status, _, body = server.request("PUT", f"/v1/datasets/{name}", body=pathlib.Path(path).read_bytes())
        assert status in (200, 201), body
    job = server.run_job({"x": {"dataset": "x"}, "y": {"dataset": "y"}, **(inputs or {}), **spec}, timeout=600)
    assert job["state"] == "succeeded", job
    result = job["result"]
    print(f"{x.name} | {y.name}: {result['mi']['nats']:.3f} nats, sampling 95 % {result['mi']['sampling95_nats']}, "
          f"AUROC {result['null']['auroc']:.3f}, null ratio {result['calibration']['null_mean_ratio']:.3f}, "
          f"{result['timing']['wall_s']:.1f} s, warnings {[w['code'] for w in result['warnings']]}")
    return job


@pytest.mark.accuracy
def test_two_views_of_a_digit_tell_true_pairs_from_mismatched_ones(server):
    views = needs(DATA / "uci_mfeat")
    fac = next(views.glob("*fac*.npy"))
    kar = next(views.glob("*kar*.npy"))
    result = estimate(server, fac, kar)["result"]
    assert result["null"]["auroc"] >= 0.95
    assert math.isfinite(result["mi"]["nats"]) and result["mi"]["nats"] > math.log(10)  # the label alone is ln 10
    if result["mi"]["nats"] > math.log(2000 / 5):  # more than a test fold can vouch for: said so, not hidden
        assert "near_log_n" in [w["code"] for w in result["warnings"]]


@pytest.mark.accuracy
def test_a_view_of_a_digit_tells_its_label(server):
    """200 digits of each class, nearly all of them told apart by the view: I comes close to H(label) = ln 10."""
    views = needs(DATA / "uci_mfeat")
    job = estimate(server, views / "fac.npy", views / "labels.npy", {"y": {"dataset": "y", "categorical": "all"}})
    assert job["spec"]["y"]["categorical"] == "all"
    mi = job["result"]["mi"]
    assert mi["nats"] == pytest.approx(math.log(10), abs=0.15)
    assert mi["sampling95_nats"][1] >= math.log(10) - 0.05


@pytest.mark.accuracy
def test_ligand_and_receptor_embeddings_know_their_partners(server):
    pairs = needs(DATA / "ppi_ligrec")
    result = estimate(server, pairs / "x_ligand.npy", pairs / "y_receptor.npy")["result"]
    assert result["null"]["auroc"] >= 0.75
    assert result["mi"]["nats"] > 0


@pytest.mark.accuracy
def test_halves_of_the_shipped_digits_share_information(server):
    result = estimate(server, DIGITS / "digits_top.npy", DIGITS / "digits_bottom.npy")["result"]
    assert result["null"]["auroc"] >= 0.9
    assert result["mi"]["nats"] > 1
