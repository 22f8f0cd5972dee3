"""Malformed and meaningless job documents: each gets a 4xx problem that names the field or the place, and the daemon lives on."""

import json

import numpy as np
import pytest
from conftest import QUICK, npy, pair_spec


@pytest.fixture(scope="module")
def pairs(shared):
    shared.put_pair()
    assert shared.put("longer", npy(np.random.default_rng(1).standard_normal((201, 2)))).status == 201
    assert shared.put("few", npy(np.random.default_rng(2).standard_normal((39, 2)))).status == 201
    yield shared
    assert shared.run_job(pair_spec())["state"] == "succeeded", "the daemon takes good jobs after all the bad ones"


def post(server, body, **kwargs):
    return server.request("POST", "/v1/jobs", body=body, headers={"Content-Type": "application/json"}, **kwargs)


GOOD = json.dumps(pair_spec()).encode()


@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b"{}}", GOOD + b"x", GOOD + GOOD, b"[1,2", b'"x', b"nul", b"\xef\xbb\xbf" + GOOD, b"{'x':1}", b'{"x":1,}', b'{"x" 1}',
    b'{"x":01}', b'{"x":1.}', b'{"x":.5}', b'{"x":+1}', b'{"x":NaN}', b'{"x":Infinity}', b'{"x":1e999}', b'{"x":-1e400}', b'{"x":0x10}',
    b'{"x":1,"x":2}', b'{"a":{"b":1,"b":1}}', b'{"x":"\xff"}', b'{"x":"\xc0\x80"}', b'{"x":"\xed\xa0\x80"}', b'{"x":"a\x00b"}', b'{"x":"a\\u0000b"}',
    b'{"x":"\\ud800"}', b'{"x":"\\x41"}', b'{"x":"a\nb"}', b'{"x":"tab\there"}', b"\x00", b"// no\n{}", b'{"x":[1 2]}', b"true false",
    b"[" * 100000, b'{"x":' * 50000, b"[" * 5000 + b"]" * 5000, b'{"x":{"data":[[1,2],[3,4}}',
])
def test_bytes_that_are_not_json_are_a_400_that_says_where(pairs, body):
    problem = post(pairs, body).problem(400, "bad_json")
    assert "line" in problem["detail"] or "depth" in problem["detail"] or "deep" in problem["detail"], problem


@pytest.mark.parametrize("document", ["[]", "1", "null", '"job"', "true"])
def test_json_that_is_no_object_is_refused(pairs, document):
    assert post(pairs, document.encode()).problem(422)["errors"]


@pytest.mark.parametrize("change, pointer", [
    ({"x": None}, "/x"), ({"y": 3}, "/y"), ({"x": {}}, "/x"), ({"x": {"dataset": "../etc"}}, "/x/dataset"), ({"x": {"dataset": 1}}, "/x/dataset"),
    ({"x": {"dataset": "nothere"}}, "/x/dataset"), ({"x": {"sha256": "zz"}}, "/x/sha256"), ({"x": {"dataset": "x", "colour": 1}}, "/x/colour"),
    ({"x": {"dataset": "x", "rows": 7}}, "/x/rows"), ({"x": {"dataset": "x", "columns": 7}}, "/x/columns"),
    ({"kind": "screen"}, "/top"), ({"kind": "thresholds"}, "/kind"), ({"kind": "nothing"}, "/kind"), ({"recipe": "best"}, "/recipe"), ({"objective": {"name": "magic"}}, "/objective/name"),
    ({"objective": {"name": "infonce-anchor", "nu": -1}}, "/objective/nu"), ({"objective": {"name": "infonce-anchor", "mu": 1}}, "/objective/mu"),
    ({"objective": {"name": "infonce-anchor", "directions": "up"}}, "/objective/directions"),
    ({"objective": {"name": "cpe", "rule": "score"}}, "/objective/rule"), ({"objective": {"name": "cpe", "rule": "chi2", "nu": 0}}, "/objective/nu"),
    ({"objective": {"name": "cpe", "rule": "brier", "k": 4096}}, "/objective/k"),
    ({"objective": {"name": "cpe", "rule": "pseudo-spherical", "alpha": 1}}, "/objective/alpha"),
    ({"critic": {"type": "quantum"}}, "/critic/type"), ({"critic": {"hidden": [0]}}, "/critic/hidden/0"), ({"critic": {"hidden": [1.5]}}, "/critic/hidden/0"),
    ({"critic": {"hidden": "256"}}, "/critic/hidden"), ({"critic": {"hidden": [8] * 9}}, "/critic/hidden"), ({"critic": {"embed": -4}}, "/critic/embed"),
    ({"critic": {"temperature": 0.2}}, "/critic/temperature"), ({"critic": {"type": "cosine", "temperature": 0}}, "/critic/temperature"),
    ({"prepare": {"transform": "log"}}, "/prepare/transform"), ({"prepare": {"pca": 0.5}}, "/prepare/pca"), ({"prepare": {"pca": "some"}}, "/prepare/pca"),
    ({"train": {"batch": 1}}, "/train/batch"), ({"train": {"batch": 1e18}}, "/train/batch"), ({"train": {"max_steps": -5}}, "/train/max_steps"),
    ({"train": {"max_steps": 10**9}}, "/train/max_steps"), ({"train": {"learning_rate": 0}}, "/train/learning_rate"),
    ({"train": {"learning_rate": "fast"}}, "/train/learning_rate"), ({"train": {"ema": 1}}, "/train/ema"), ({"train": {"early_stopping": "yes"}}, "/train/early_stopping"),
    ({"train": {"precision": "fp4"}}, "/train/precision"), ({"split": {"folds": 0}}, "/split/folds"), ({"split": {"folds": 2.5}}, "/split/folds"),
    ({"split": {"by": "colour"}}, "/split/by"), ({"split": {"validation": 1}}, "/split/validation"), ({"replicates": 0}, "/replicates"),
    ({"permutations": -1}, "/permutations"), ({"seed": -1}, "/seed"), ({"seed": "1e3"}, "/seed"), ({"seed": "18446744073709551616"}, "/seed"),
    ({"outputs": {"pmi": 1}}, "/outputs/pmi"), ({"priority": 10}, "/priority"), ({"timeout_s": 0}, "/timeout_s"), ({"tags": {"a": 1}}, "/tags/a"),
    ({"tags": ["a"]}, "/tags"), ({"calibrate": "no"}, "/calibrate"), ({"colour": "blue"}, "/colour"), ({"Recipe": "default"}, "/Recipe"),
    ({"train": {"batch": 100, "bach": 1}}, "/train/bach"), ({"a/b~c": 1}, "/a~1b~0c"),
])
def test_a_bad_field_is_a_422_with_its_pointer(pairs, change, pointer):
    problem = pairs.submit(pair_spec(**change)).problem(422)
    assert pointer in [e["pointer"] for e in problem["errors"]], problem
    assert all(e["detail"] for e in problem["errors"])


def test_every_bad_field_is_listed(pairs):
    spec = pair_spec(kind="nothing", seed=-1, colour=1, train={"batch": 0, "ema": 7}, x={"dataset": "a b"})
    pointers = {e["pointer"] for e in pairs.submit(spec).problem(422)["errors"]}
    assert pointers >= {"/kind", "/seed", "/colour", "/train/batch", "/train/ema", "/x/dataset"}
    pointers = {e["pointer"] for e in pairs.submit({}).problem(422)["errors"]}
    assert pointers == {"/x", "/y"}
    both = pairs.submit(pair_spec(x={"dataset": "no1"}, y={"dataset": "no2"})).problem(422)
    assert {e["pointer"] for e in both["errors"]} == {"/x/dataset", "/y/dataset"}


def test_inputs_that_do_not_align(pairs):
    problem = pairs.submit(pair_spec("x", "longer")).problem(422, "shape_mismatch")
    assert {e["pointer"] for e in problem["errors"]} == {"/x", "/y"} and "200" in problem["detail"] and "201" in problem["detail"]
    problem = pairs.submit(pair_spec("few", "few")).problem(422)
    assert "/x" in [e["pointer"] for e in problem["errors"]] and "40" in json.dumps(problem)


@pytest.mark.parametrize("data, where", [
    ([[1, 2], [3]], "/x/data/1"), ([[1, "2"]], "/x/data/0/1"), ([[1, None]], "/x/data/0/1"), ([[]], "/x/data"), ([], "/x/data"), ([[[1]]], "/x/data"),
    ([1, [2]], "/x/data"), ("1,2", "/x/data"), ({"a": 1}, "/x/data"), ([[1e39, 1]] * 50, "/x/data"), ([[True, 1]], "/x/data"),
])
def test_bad_inline_data_names_row_and_column(pairs, data, where):
    answer = pairs.submit({**QUICK, "x": {"data": data}, "y": {"data": data}})
    assert answer.status in (400, 422), answer
    told = json.dumps(answer.json())
    assert where in told, told


def test_limits_are_413_and_say_the_limit(server_factory):
    server = server_factory("--max-job", "64k", "--max-inline-numbers", 100, "--max-workspace", "1M", "--max-runs", 4)
    server.put_pair()
    too_long = post(server, b'{"x":{"data":[' + b"1," * 40000 + b"1]}}").problem(413, "too_large")
    assert "65536" in too_long["detail"]
    chunked = server.request("POST", "/v1/jobs", body=iter([b" " * 50000] * 3), headers={"Content-Type": "application/json"})
    chunked.problem(413, "too_large")
    inline = server.submit({"x": {"data": [0.5] * 101}, "y": {"data": [0.5] * 101}}).problem(413)
    assert "100" in json.dumps(inline)
    server.submit(pair_spec(critic={"hidden": [512, 512]})).problem(413, "too_large")
    answer = server.submit(pair_spec(replicates=10))
    assert answer.status in (413, 422) and "4" in json.dumps(answer.json()), answer


def test_a_model_that_is_too_large_to_put_together_is_refused_at_once(server_factory):
    """Quantiles of 320 rows of 128 columns each: 100 members of 160 KiB and their critics, twice."""
    server = server_factory("--max-workspace", "16M")
    server.put_pair(rows=400, cols=64)
    large = pair_spec(split={"folds": 5}, replicates=20, critic={"hidden": [8], "embed": 4}, outputs={"pmi": True, "model": True})
    problem = server.submit(large).problem(413, "too_large")
    assert "16 MiB are allowed" in problem["detail"]
    assert [e["pointer"] for e in problem["errors"]] == ["/outputs/model"] and problem["errors"][0]["detail"].startswith("100 runs")
    server.request("POST", f"/v1/jobs/{server.submit({**large, 'outputs': {'pmi': True}}).json()['id']}/cancel")
    assert server.submit({**large, "replicates": 1}).status == 202
