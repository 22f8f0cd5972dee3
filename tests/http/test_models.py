"""Models: their list, their changes, their weights, and what is refused."""

import hashlib

import pytest
from conftest import pair_spec
from test_openapi import check

UNKNOWN = "mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture(scope="module")
def kept(shared):
    """Three models of small jobs; their ids, oldest first."""
    shared.put_pair()
    return [shared.run_job(pair_spec(seed=str(i), outputs={"model": True}))["result"]["model"] for i in range(3)]


def patch(server, name, body, **kwargs):
    return server.request("PATCH", f"/v1/models/{name}", json_body=body, **kwargs)


def test_what_is_not_there_is_not_found(shared):
    for name in (UNKNOWN, "nobody", "mdl_short", "a%2Fb", "-x", "a" * 129):
        shared.get(f"/v1/models/{name}").problem(404, "not_found")
        shared.get(f"/v1/models/{name}/weights").problem(404, "not_found")
        patch(shared, name, {"pinned": True}).problem(404, "not_found")
        shared.request("DELETE", f"/v1/models/{name}").problem(404, "not_found")


def test_a_model_is_had_by_id_and_by_alias(shared, kept):
    model = shared.get(f"/v1/models/{kept[0]}").json()
    assert model["object"] == "model" and model["alias"] is None and not model["pinned"] and model["tags"] == {}
    assert model["spec"]["seed"] == "0" and model["weights"] == f"/v1/models/{kept[0]}/weights"
    assert model["data"]["pairs"] is None and model["members"] == 2 and model["null"]["pairs"] > 0
    document = shared.get("/openapi.json").json()
    check(document, document["components"]["schemas"]["Model"], model)
    assert shared.get(f"/v1/jobs/{model['job']}").status == 200
    changed = patch(shared, kept[0], {"alias": "best", "pinned": True, "tags": {"project": "lr"}})
    assert changed.status == 200
    assert changed.json() == {**model, "alias": "best", "pinned": True, "tags": {"project": "lr"}}
    assert shared.get("/v1/models/best").json() == changed.json()
    conflict = patch(shared, kept[1], {"alias": "best", "pinned": True}).problem(409, "conflict")
    assert conflict["errors"][0]["pointer"] == "/alias"
    assert not shared.get(f"/v1/models/{kept[1]}").json()["pinned"]
    patch(shared, "best", {"alias": None})
    shared.get("/v1/models/best").problem(404)
    assert patch(shared, kept[1], {"alias": "best"}).status == 200
    assert "mutuald_models 3\n" in shared.get("/metrics").body.decode()


def test_every_bad_field_of_a_change_is_told(shared, kept):
    problem = patch(shared, kept[0], {"alias": "mdl_mine", "pinned": "yes", "tags": {"a": 1}, "pined": True}).problem(422, "invalid_spec")
    assert [e["pointer"] for e in problem["errors"]] == ["/alias", "/pinned", "/tags/a", "/pined"]
    patch(shared, kept[0], []).problem(422)
    shared.request("PATCH", f"/v1/models/{kept[0]}", body=b"{", headers={"Content-Type": "application/json"}).problem(400, "bad_json")
    shared.request("PATCH", f"/v1/models/{kept[0]}", body=b"{}", headers={"Content-Type": "text/plain"}).problem(415)
    patch(shared, kept[0], {"tags": {"a": "b" * 70000}}).problem(413, "too_large")


def test_pages_of_the_list_go_from_the_newest_back(shared, kept):
    assert patch(shared, kept[2], {"tags": {"suite": "models"}}).status == 200
    seen, after = [], ""
    while after is not None:
        page = shared.get(f"/v1/models?limit=2{after and '&after=' + after}").json()
        assert page["object"] == "list" and all("spec" not in m for m in page["data"])
        seen += [m["id"] for m in page["data"]]
        after = page["next"]
    assert seen == kept[::-1]
    assert [m["id"] for m in shared.get("/v1/models?tag=suite%3Dmodels").json()["data"]] == [kept[2]]
    assert shared.get("/v1/models?tag=suite%3Dother").json() == {"object": "list", "data": [], "next": None}
    for query in ("limit=0", "limit=x", "after=job_01ARZ3NDEKTSV4RRFFQ69G5FAV", "after=best", "tag=x", "state=queued"):
        shared.get(f"/v1/models?{query}").problem(400, "bad_request")


def test_weights_are_the_blob_and_its_hash_is_their_tag(shared, kept):
    model = shared.get(f"/v1/models/{kept[0]}").json()
    answer = shared.get(f"/v1/models/{kept[0]}/weights")
    digest = hashlib.sha256(answer.body).hexdigest()
    assert answer.status == 200 and model["sha256"] == digest and model["bytes"] == len(answer.body)
    assert answer.headers["ETag"] == f'"{digest}"' and answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Content-Type"] == "application/octet-stream" and answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{kept[0]}.safetensors"'
    assert patch(shared, kept[0], {"alias": "mine"}).status == 200
    head = shared.request("HEAD", "/v1/models/mine/weights")
    assert head.status == 200 and head.body == b"" and head.headers["Content-Length"] == str(len(answer.body))
    assert head.headers["Content-Disposition"] == 'attachment; filename="mine.safetensors"'
    same = shared.get("/v1/models/mine/weights", headers={"If-None-Match": f'"x", "{digest}"'})
    assert same.status == 304 and same.body == b"" and same.headers["ETag"] == f'"{digest}"'
    assert shared.get("/v1/models/mine/weights", headers={"If-None-Match": '"x"'}).status == 200


def test_a_deleted_model_is_gone(shared, kept):
    assert patch(shared, kept[2], {"pinned": True}).status == 200
    assert shared.request("DELETE", f"/v1/models/{kept[2]}").status == 204
    shared.get(f"/v1/models/{kept[2]}/weights").problem(404)
    assert kept[2] not in [m["id"] for m in shared.get("/v1/models").json()["data"]]
