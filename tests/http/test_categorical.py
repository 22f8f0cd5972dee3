"""Categorical columns through the whole daemon: strings of a csv, codes of an npy, and what a job says about either."""

import math

import numpy as np
import pytest
from conftest import npy, pair_spec

COLOURS = ["red", "green", "blue"]
ROWS = 240


def table(rows=ROWS):
    """A colour, and a number that tells it for certain."""
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 3, rows)
    return codes, 3.0 * codes[:, None] + 0.1 * rng.standard_normal((rows, 2))


def csv_of(codes):
    return ("v,colour\n" + "".join(f"{i % 7}.5,{COLOURS[c]}\n" for i, c in enumerate(codes))).encode()


@pytest.fixture(scope="module")
def filled(shared):
    codes, x = table()
    assert shared.put("x", npy(x)).status == 201
    assert shared.put("colours", csv_of(codes)).status == 201
    assert shared.put("labels", npy(codes[:, None], "<i4")).status == 201
    return shared


def test_a_data_set_describes_its_categories(filled):
    v, colour = filled.get("/v1/datasets/colours").json()["summary"]
    assert v["kind"] == "number" and v["max"] == 6.5
    assert colour == {"name": "colour", "kind": "categorical", "n_levels": 3, "levels": ["blue", "green", "red"]}


def test_strings_need_nothing_and_the_spec_says_what_is_used(filled):
    job = filled.run_job(pair_spec("x", "colours"))
    assert job["state"] == "succeeded", job
    assert job["spec"]["y"]["categorical"] == [1] and job["spec"]["y"]["columns"] == 2
    assert "categorical" not in job["spec"]["x"]
    again = filled.run_job(job["spec"])
    assert again["spec"] == job["spec"] and again["result"]["mi"] == job["result"]["mi"]


def test_a_label_is_told_by_what_tells_it(filled):
    spec = pair_spec("x", {"dataset": "labels", "categorical": [0]}, train={"max_steps": 300})
    job = filled.run_job(spec)
    assert job["spec"]["y"]["categorical"] == "all"  # it has but one column
    assert job["result"]["mi"]["nats"] == pytest.approx(math.log(3), abs=0.15)


def test_the_order_of_codes_is_of_no_account(filled):
    """Another numbering of the labels is another order of the columns, not other information."""
    codes, _ = table()
    renamed = np.array([700, 5, 41])[codes]
    results = []
    for name, values in (("labels", None), ("renamed", renamed)):
        if values is not None:
            filled.put(name, npy(values[:, None], "<i4"), "?categorical=all")
        job = filled.run_job(pair_spec("x", {"dataset": name, "categorical": "all"}, train={"max_steps": 150}))
        results.append(job["result"]["mi"]["nats"])
    assert results[0] == pytest.approx(results[1], abs=0.15)


def test_an_upload_can_say_that_numbers_are_categories(filled):
    codes, _ = table()
    body = b"label,v\n" + b"".join(b"%d,%d\n" % (c, i) for i, c in enumerate(codes))
    described = filled.put("said", body, "?categorical=label").json()
    assert [c["kind"] for c in described["summary"]] == ["categorical", "number"]
    assert filled.put("said", body, "?categorical=label").status == 200
    assert "other options" in filled.put("said", body).problem(409, "conflict")["detail"]
    coded = filled.put("coded", npy(codes[:, None]), "?categorical=0").json()["summary"]
    assert coded == [{"name": None, "kind": "categorical", "min": 0, "max": 2}]
    filled.put("bad", body, "?categorical=lable").problem(422, "bad_data")
    filled.put("bad", npy([[0.5]]), "?categorical=all").problem(422, "bad_data")


def test_inline_codes(filled):
    codes, x = table(60)
    job = filled.run_job(pair_spec({"data": x.tolist()}, {"data": codes.tolist(), "categorical": "all"}))
    assert job["state"] == "succeeded" and job["spec"]["y"]["categorical"] == "all"


@pytest.mark.parametrize("y, pointer, part", [
    ({"dataset": "labels", "categorical": [1]}, "/y/categorical", "column 1 of a matrix with 1 columns"),
    ({"dataset": "x", "categorical": [1]}, "/y/categorical", "row 0, column 1 (from 0)"),
    ({"dataset": "labels", "categorical": ["label"]}, "/y/categorical/0", "number of a column"),
    ({"dataset": "labels", "categorical": "label"}, "/y/categorical", '"all" or a list'),
    ({"data": list(range(300)), "categorical": "all"}, "/y/categorical", "300 levels; expected at most 256"),
    ({"data": [-1] * 240, "categorical": "all"}, "/y/categorical", "expected a whole number from 0 to 65535"),
])
def test_what_cannot_be_categorical_is_told_at_once(filled, y, pointer, part):
    problem = filled.submit(pair_spec("x", y)).problem(422, "invalid_spec")
    (error,) = problem["errors"]
    assert error["pointer"] == pointer and part in error["detail"], error


def test_a_category_of_one_row_does_no_harm(filled):
    """In some folds it occurs in the test rows alone."""
    codes, x = table()
    codes[17] = 9
    job = filled.run_job(pair_spec({"data": x.tolist()}, {"data": codes.tolist(), "categorical": [0]}))
    assert job["state"] == "succeeded" and math.isfinite(job["result"]["mi"]["nats"])


def test_one_category_alone_is_constant(filled):
    job = filled.run_job(pair_spec("x", {"data": [5] * ROWS, "categorical": "all"}))
    assert job["state"] == "failed" and "constant" in job["error"]["detail"]
