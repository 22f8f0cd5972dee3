"""The served description and the daemon agree."""

import pytest
from conftest import pair_spec


@pytest.fixture(scope="module")
def document(shared):
    answer = shared.get("/openapi.json")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    return answer.json()


@pytest.fixture(scope="module")
def job(shared):
    shared.put_pair()
    return shared.run_job(pair_spec(outputs={"pmi": True}))


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("get", "put", "post", "delete", "patch"):
                yield path, method.upper(), operation


def test_every_documented_route_is_there_and_no_method_more(shared, document):
    for path, item in document["paths"].items():
        here = path.replace("{id}", "job_01ARZ3NDEKTSV4RRFFQ69G5FAV").replace("{name}", "nothing")
        allow = set(shared.request("TRACE", here).headers["Allow"].split(", "))
        documented = {m.upper() for m in item if m in ("get", "put", "post", "delete", "patch")}
        assert allow - {"HEAD"} == documented, path


def resolve(document, node):
    while "$ref" in node:
        reference, node = node["$ref"], document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    return node


def check(document, schema, value, where="$"):
    """As much of JSON Schema as the document uses: types, enums, required and declared members."""
    schema = resolve(document, schema)
    if "oneOf" in schema or "anyOf" in schema:
        failures = []
        for option in schema.get("oneOf", schema.get("anyOf")):
            try:
                return check(document, option, value, where)
            except AssertionError as error:
                failures.append(str(error))
        raise AssertionError(f"{where}: {failures}")
    if "const" in schema:
        assert value == schema["const"], where
    if "enum" in schema:
        assert value in schema["enum"], f"{where}: {value!r}"
    kinds = schema.get("type")
    if kinds:
        kinds = [kinds] if isinstance(kinds, str) else kinds
        fits = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
        ok = any(
            (isinstance(value, (int, float)) and not isinstance(value, bool)) if k == "number"
            else (isinstance(value, int) and not isinstance(value, bool)) if k == "integer" else isinstance(value, fits[k])
            for k in kinds)
        assert ok, f"{where}: {value!r} is not {kinds}"
    if isinstance(value, dict) and "properties" in schema:
        missing = set(schema.get("required", [])) - set(value)
        assert not missing, f"{where}: {missing} missing"
        for key, item in value.items():
            if key in schema["properties"]:
                check(document, schema["properties"][key], item, f"{where}.{key}")
            else:
                assert schema.get("additionalProperties", True) is not False, f"{where}.{key} is not documented"
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            check(document, schema["items"], item, f"{where}[{i}]")


def test_live_answers_fit_their_schemas(shared, document, job):
    seen = 0
    for path, method, operation in operations(document):
        if method != "GET" or path.endswith("/events"):
            continue
        answer = shared.get(path.replace("{id}", job["id"]).replace("{name}", "x"))
        documented = resolve(document, operation["responses"][str(answer.status)])
        kind = answer.headers["Content-Type"].split(";")[0]
        assert kind in documented["content"], f"{path}: {kind}"
        if kind == "application/json":
            check(document, documented["content"][kind]["schema"], answer.json(), path)
            seen += 1
        for name in documented.get("headers", {}):
            assert name in answer.headers, f"{path}: no {name}"
    assert seen >= 9


def test_refusals_are_documented_and_fit_the_problem_schema(shared, document):
    paths = document["paths"]
    unknown = "/v1/jobs/job_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    cases = [
        ("GET", "/v1/jobs/{id}", unknown, None), ("GET", "/v1/jobs", "/v1/jobs?limit=x", None), ("POST", "/v1/jobs", "/v1/jobs", b"{"),
        ("POST", "/v1/jobs", "/v1/jobs", b"{}"), ("PUT", "/v1/datasets/{name}", "/v1/datasets/a", b"\x7fELF\x00"),
        ("DELETE", "/v1/datasets/{name}", "/v1/datasets/nothing", None), ("GET", "/v1/jobs/{id}/pmi", unknown + "/pmi", None),
        ("GET", "/v1/models/{id}", "/v1/models/nobody", None), ("PATCH", "/v1/models/{id}", "/v1/models/nobody", b"{\"pinned\": 1}"),
        ("PATCH", "/v1/models/{id}", "/v1/models/nobody", b"{}"), ("DELETE", "/v1/models/{id}", "/v1/models/nobody", None),
        ("GET", "/v1/models/{id}/weights", "/v1/models/nobody/weights", None), ("GET", "/v1/models", "/v1/models?limit=x", None),
    ]
    for method, path, here, body in cases:
        answer = shared.request(method, here, body=body, headers={"Content-Type": "application/json"} if body else {})
        problem = answer.problem(answer.status)
        documented = resolve(document, paths[path][method.lower()]["responses"][str(answer.status)])
        check(document, documented["content"]["application/problem+json"]["schema"], problem, path)


def test_the_documented_examples_are_accepted(shared, document):
    body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]
    assert body["examples"]
    for name, example in body["examples"].items():
        answer = shared.submit(example["value"])
        pointers = [e["pointer"] for e in answer.json().get("errors", [])]
        assert answer.status == 202 or pointers and all(p in ("/x/dataset", "/y/dataset", "/x", "/y") for p in pointers), f"{name}: {answer}"


def test_every_field_of_a_job_is_in_the_schema_and_in_info(shared, document, job):
    schema = document["components"]["schemas"]["JobSpec"]
    check(document, schema, job["spec"], "spec")
    pointers = {f["pointer"] for f in shared.get("/v1/info").json()["fields"]}

    def leaves(node, at=""):
        for key, value in node.items():
            if isinstance(value, dict) and key not in ("x", "y", "tags"):
                yield from leaves(value, f"{at}/{key}")
            else:
                yield f"{at}/{key}"

    missing = [p for p in leaves(job["spec"]) if p not in pointers]
    assert not missing, missing
