"""Every route and every code that a client can meet in ordinary use."""

import hashlib
import io
import re
import socket
import time

import numpy as np
import pytest
from conftest import ENDLESS, npy, pair_spec

REQUEST_ID = re.compile(r"^req_[0-9A-HJKMNP-TV-Z]{26}$")
UNKNOWN_JOB = "job_01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture(scope="module")
def finished(shared):
    """A job that has succeeded, over data sets with ids."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((120, 2))
    y = x + rng.standard_normal((120, 2))
    for name, values in (("fx", x), ("fy", y)):
        lines = ["id,a,b"] + [f"{name}{i},{r[0]:.6f},{r[1]:.6f}" for i, r in enumerate(values)]
        assert shared.put(name, "\n".join(lines).encode()).status == 201
    job = shared.run_job(pair_spec("fx", "fy", outputs={"pmi": True}, tags={"suite": "api"}))
    assert job["state"] == "succeeded", job
    return job


# ---- what the server says of itself ----


def test_probes_and_root(shared):
    for path in ("/livez", "/readyz"):
        assert shared.get(path).json() == {"status": "ok"}
    root = shared.get("/")
    assert root.status == 200 and root.headers["Content-Type"].startswith("text/plain") and b"/v1/jobs" in root.body


def test_info_tells_limits_objectives_and_build(shared):
    info = shared.get("/v1/info").json()
    assert info["object"] == "info" and info["workers"] >= 1 and info["kernel"] and info["blas"]
    assert info["limits"]["max_wait_s"] > 0 and info["uptime_s"] >= 0
    assert "infonce-anchor" in [o["name"] for o in info["objectives"]]


def test_what_computes_is_told_alike_by_info_metrics_log_and_results(shared, finished):
    info = shared.get("/v1/info").json()
    kernel, engine = info["kernel"], info["engine"]
    assert info["precisions"] in (["fp32"], ["fp32", "bf16"])
    assert f'kernel="{kernel}",engine="{engine}"}} 1\n' in shared.get("/metrics").body.decode()
    assert f"kernel={kernel} engine={engine}" in shared.logged()
    assert finished["result"]["timing"]["kernel"] == f"{kernel}+{engine}"


def test_queue_counts_jobs_by_state(shared, finished):
    queue = shared.get("/v1/queue").json()
    assert queue["jobs"]["succeeded"] >= 1 and queue["workers"] >= 1 and queue["mean_job_s"] > 0
    assert queue["runs"] == {"waiting": 0, "leased": 0} and queue["oldest_age_s"] == 0


def test_metrics_are_prometheus_text(shared, finished):
    answer = shared.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    text = answer.body.decode()
    for name in ("mutuald_http_requests_total", "mutuald_jobs_succeeded", "mutuald_workers"):
        assert re.search(rf"^# TYPE {name} (counter|gauge)\n{name} \d", text, re.M), name


def test_every_answer_has_a_request_id_that_the_log_knows(shared):
    ids = {shared.get(path).headers["X-Request-Id"] for path in ("/livez", "/nowhere", "/v1/jobs?x=1", "/v1/info")}
    assert len(ids) == 4 and all(REQUEST_ID.match(i) for i in ids)
    deadline = time.monotonic() + 5  # the line is written once the client has the answer
    while not all(f"request={i}" in shared.logged() for i in ids):
        assert time.monotonic() < deadline
        time.sleep(0.01)


# ---- routing ----


def test_unknown_path_is_404_and_unknown_method_405_with_allow(shared):
    shared.get("/v2/jobs").problem(404, "not_found")
    answer = shared.request("PATCH", "/v1/datasets/x")
    answer.problem(405, "method_not_allowed")
    assert answer.headers["Allow"] == "PUT, GET, HEAD, DELETE"
    assert shared.request("POST", "/livez").headers["Allow"] == "GET, HEAD"
    shared.request("DELETE", "/").problem(405)


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz", "/openapi.json", "/metrics", "/v1/info", "/v1/queue", "/v1/datasets", "/v1/jobs"])
def test_head_is_get_without_the_body(shared, path):
    head, get = shared.request("HEAD", path), shared.get(path)
    assert head.status == get.status == 200 and head.body == b""
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert int(head.headers["Content-Length"]) > 0


@pytest.mark.parametrize("path, name", [
    ("/livez?x=1", "x"), ("/v1/jobs?lim=1", "lim"), ("/v1/jobs?limit=0", "limit"), ("/v1/jobs?limit=201", "limit"),
    ("/v1/jobs?limit=1.5", "limit"), ("/v1/jobs?limit=-1", "limit"), ("/v1/jobs?limit=+1", "limit"), ("/v1/jobs?limit=", "limit"),
    ("/v1/jobs?limit=99999999999999999999", "limit"), ("/v1/jobs?limit=1&limit=1", "limit"), ("/v1/jobs?state=done", "state"),
    ("/v1/jobs?kind=thresholds", "kind"), ("/v1/jobs?tag=novalue", "tag"), ("/v1/jobs?after=x", "after"),
    ("/v1/datasets?limit=0", "limit"), ("/v1/datasets?after=a/b", "after"),
    (f"/v1/jobs/{UNKNOWN_JOB}?wait=61", "wait"), (f"/v1/jobs/{UNKNOWN_JOB}?wait=x", "wait"), (f"/v1/jobs/{UNKNOWN_JOB}?since=-1", "since"),
    (f"/v1/jobs/{UNKNOWN_JOB}/curve?max_points=1", "max_points"), (f"/v1/jobs/{UNKNOWN_JOB}/curve?format=xml", "format"),
    (f"/v1/jobs/{UNKNOWN_JOB}/pmi?min=nan", "min"), (f"/v1/jobs/{UNKNOWN_JOB}/pmi?min=inf", "min"), (f"/v1/jobs/{UNKNOWN_JOB}/pmi?min=1e999", "min"),
    (f"/v1/jobs/{UNKNOWN_JOB}/pmi?min=0x1", "min"), (f"/v1/jobs/{UNKNOWN_JOB}/pmi?top=0", "top"), (f"/v1/jobs/{UNKNOWN_JOB}/pmi?limit=10001", "limit"),
    (f"/v1/jobs/{UNKNOWN_JOB}/pmi?after=x", "after"),
])
def test_a_bad_query_parameter_is_a_400_that_names_it(shared, path, name):
    assert f'"{name}"' in shared.get(path).problem(400, "bad_request")["detail"]


# ---- data sets ----


def test_data_set_from_upload_to_deletion(shared):
    values = np.arange(12).reshape(4, 3)
    created = shared.put("cycle", npy(values))
    assert created.status == 201 and created.headers["Location"] == "/v1/datasets/cycle"
    described = created.json()
    assert (described["rows"], described["columns"], described["ids"], described["format"]) == (4, 3, False, "npy")
    assert described["sha256"] == hashlib.sha256(npy(values)).hexdigest() and described["bytes"] == len(npy(values))
    assert [c["max"] for c in described["summary"]] == [9, 10, 11]
    assert shared.get("/v1/datasets/cycle").json() == described
    assert shared.put("cycle", npy(values)).status == 200
    shared.put("cycle", npy(values + 1)).problem(409, "conflict")
    assert shared.request("DELETE", "/v1/datasets/cycle").status == 204
    shared.get("/v1/datasets/cycle").problem(404, "not_found")
    shared.request("DELETE", "/v1/datasets/cycle").problem(404)
    assert shared.put("cycle", npy(values + 1)).status == 201


def test_text_options_and_the_same_bytes_read_otherwise(shared):
    body = b"k,u,v\n1,2,3\n4,5,6\n"
    named = shared.put("opts", body, "?format=csv&header=yes&ids=yes&id_column=v").json()
    assert (named["rows"], named["columns"], named["ids"]) == (2, 2, True)
    assert [c["name"] for c in named["summary"]] == ["k", "u"]
    assert shared.put("opts", body, "?ids=yes&id_column=v").status == 200
    assert "other options" in shared.put("opts", body).problem(409, "conflict")["detail"]
    shared.put("opts2", body, "?header=maybe").problem(400)
    shared.put("opts2", body, "?format=xlsx").problem(400)
    shared.put("opts2", body, "?id_column=").problem(400)


@pytest.mark.parametrize("name", ["a b", "%2e%2e", ".hidden", "x" * 129, "a%2Fb", "%C3%A4"])
def test_a_bad_name_is_refused(shared, name):
    shared.put(name.replace(" ", "%20"), npy([[1]])).problem(400, "bad_request")
    shared.get(f"/v1/datasets/{name.replace(' ', '%20')}").problem(404)


def test_data_sets_are_listed_by_name_in_pages(server):
    names = ["a", "b", "c.1", "d-2", "e_3"]
    for name in reversed(names):
        assert server.put(name, npy([[1.0]])).status == 201
    seen, after = [], ""
    while after is not None:
        page = server.get(f"/v1/datasets?limit=2{'&after=' + after if after else ''}").json()
        assert len(page["data"]) <= 2 and "summary" not in page["data"][0]
        seen += [d["name"] for d in page["data"]]
        after = page["next"]
    assert seen == names


# ---- jobs ----


def test_a_job_from_submission_to_deletion(shared, finished):
    answer = shared.submit(pair_spec("fx", "fy", seed="7"))
    assert answer.status == 202
    job = answer.json()
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}" and job["state"] == "queued" and job["version"] >= 1
    done = shared.wait_job(job["id"])
    assert done["state"] == "succeeded" and done["version"] > job["version"] and done["progress"]["fraction"] == 1
    assert done["result"]["mi"]["bits"] == pytest.approx(done["result"]["mi"]["nats"] / np.log(2))
    assert done["spec"]["seed"] == "7" and done["spec"]["x"]["rows"] == 120
    shared.request("POST", f"/v1/jobs/{job['id']}/cancel").problem(409, "conflict")
    assert shared.request("DELETE", f"/v1/jobs/{job['id']}").status == 204
    shared.get(f"/v1/jobs/{job['id']}").problem(404, "not_found")


def test_a_resolved_spec_can_be_posted_again_and_gives_the_same_numbers(shared, finished):
    again = shared.run_job(finished["spec"])
    assert again["result"]["mi"] == finished["result"]["mi"] and again["spec"] == finished["spec"]
    changed = {**finished["spec"], "x": {**finished["spec"]["x"], "sha256": "0" * 64}}
    assert "/x/sha256" in [e["pointer"] for e in shared.submit(changed).problem(422)["errors"]]


def test_content_by_hash_is_the_same_job_as_by_name(shared, finished):
    spec = pair_spec(x={"sha256": finished["spec"]["x"]["sha256"]}, y={"sha256": finished["spec"]["y"]["sha256"]})
    assert shared.run_job({**spec, "outputs": {"pmi": True}})["result"]["mi"] == finished["result"]["mi"]
    assert "/x/sha256" in [e["pointer"] for e in shared.submit(pair_spec(x={"sha256": "ab" * 32}, y={"dataset": "fy"})).problem(422)["errors"]]


def test_inline_data_is_the_same_job_as_uploaded(shared):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((60, 2)).astype("f4")
    y = (x[:, :1] + rng.standard_normal((60, 1))).astype("f4")
    assert shared.put("ix", npy(x)).status == 201 and shared.put("iy", npy(y)).status == 201
    inline = shared.run_job(pair_spec(x={"data": x.tolist()}, y={"data": y[:, 0].tolist()}))
    stored = shared.run_job(pair_spec("ix", "iy"))
    assert inline["state"] == "succeeded", inline
    assert inline["result"]["mi"] == stored["result"]["mi"]
    assert "data" not in inline["spec"]["x"] and inline["spec"]["x"]["sha256"] == stored["spec"]["x"]["sha256"]


def test_prefer_wait_answers_with_the_result(shared, finished):
    answer = shared.submit(pair_spec("fx", "fy", seed="8"), headers={"Prefer": "respond-async, wait=60"})
    assert answer.status == 200 and answer.json()["state"] == "succeeded" and answer.json()["result"]["mi"]
    assert answer.headers["Preference-Applied"] == "wait=60" and answer.headers["Location"]
    shared.submit(pair_spec("fx", "fy"), headers={"Prefer": "wait=61"}).problem(400, "bad_request")
    shared.submit(pair_spec("fx", "fy"), headers={"Prefer": "wait=soon"}).problem(400)


def test_idempotency_key_gives_the_same_job_once(shared, finished):
    spec, key = pair_spec("fx", "fy", seed="9"), {"Idempotency-Key": "once-1"}
    first = shared.submit(spec, headers=key)
    again = shared.submit(spec, headers=key)
    assert first.status == 202 and again.status in (200, 202) and again.json()["id"] == first.json()["id"]
    shared.submit(pair_spec("fx", "fy", seed="10"), headers=key).problem(409, "conflict")
    shared.wait_job(first.json()["id"])
    assert shared.submit(spec, headers=key).status == 200
    shared.submit(spec, headers={"Idempotency-Key": "k" * 128}).problem(400)
    shared.submit(spec, headers={"Idempotency-Key": "a b"}).problem(400)


def test_content_type_must_be_json(shared):
    for kind in (None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
        answer = shared.request("POST", "/v1/jobs", body=b"{}", headers={"Content-Type": kind} if kind else {})
        answer.problem(415, "unsupported_media_type")
    shared.request("POST", "/v1/jobs", body=b"{}", headers={"Content-Type": "Application/JSON; charset=utf-8"}).problem(422)


def test_a_body_needs_a_length(shared):
    raw = shared.raw("POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 411 "), raw


def test_cancel_is_idempotent_and_ends_a_running_job(server):
    server.put_pair()
    job = server.submit(pair_spec(**ENDLESS)).json()["id"]
    server.request("DELETE", f"/v1/jobs/{job}").problem(409, "conflict")
    server.request("DELETE", "/v1/datasets/x").problem(409, "conflict")
    while server.get(f"/v1/jobs/{job}").json()["state"] != "running":
        time.sleep(0.02)
    assert server.request("POST", f"/v1/jobs/{job}/cancel").status in (200, 202)
    assert server.wait_job(job)["state"] == "canceled"
    assert server.request("POST", f"/v1/jobs/{job}/cancel").status == 200
    assert server.request("DELETE", f"/v1/jobs/{job}").status == 204
    assert server.request("DELETE", "/v1/datasets/x").status == 204
    for path, method in ((f"/v1/jobs/{UNKNOWN_JOB}", "DELETE"), (f"/v1/jobs/{UNKNOWN_JOB}/cancel", "POST"), ("/v1/jobs/zzz", "DELETE")):
        server.request(method, path).problem(404, "not_found")


def test_jobs_are_listed_newest_first_filtered_and_in_pages(server):
    server.put_pair()
    jobs = [server.submit(pair_spec(seed=str(i), tags={"n": str(i % 2), "who": "a=b"})).json()["id"] for i in range(5)]
    for job in jobs:
        server.wait_job(job)
    seen, after = [], ""
    while after is not None:
        page = server.get(f"/v1/jobs?limit=2{'&after=' + after if after else ''}").json()
        assert "spec" not in page["data"][0] and "result" not in page["data"][0]
        seen += [j["id"] for j in page["data"]]
        after = page["next"]
    assert seen == jobs[::-1]
    ids = lambda query: [j["id"] for j in server.get(f"/v1/jobs?{query}").json()["data"]]  # noqa: E731
    assert ids("tag=n%3D1") == [jobs[3], jobs[1]] and ids("tag=n=1") == [jobs[3], jobs[1]]
    assert len(ids("tag=who%3Da%3Db")) == 5 and ids("tag=n=2") == []
    assert len(ids("state=succeeded&kind=estimate")) == 5 and ids("state=failed") == []


def test_a_full_queue_is_429_with_retry_after(server_factory):
    server = server_factory("--max-queue", 2, "--workers", 1)
    server.put_pair()
    answers = [server.submit(pair_spec(**ENDLESS, seed=str(i))) for i in range(6)]
    refused = [a for a in answers if a.status != 202]
    assert 1 <= len(refused) <= 4
    for answer in refused:
        answer.problem(429, "queue_full")
        assert 1 <= int(answer.headers["Retry-After"]) <= 3600


# ---- results ----


def read_npy(answer):
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/x-npy", answer
    return np.load(io.BytesIO(answer.body))


def test_curve_in_three_formats(shared, finished):
    path = f"/v1/jobs/{finished['id']}/curve"
    curve = shared.get(path).json()
    assert [r["fold"] for r in curve["runs"]] == [0, 1] and curve["runs"][0]["step"][0] == 0
    table = shared.get(path, headers={"Accept": "text/csv"})
    assert table.headers["Content-Type"].startswith("text/csv")
    lines = table.body.decode().splitlines()
    assert lines[0].startswith("replicate,fold,step,train_loss,val_loss")
    array = read_npy(shared.get(path + "?format=npy"))
    assert array.shape == (len(lines) - 1, 7) == (sum(len(r["step"]) for r in curve["runs"]), 7)
    assert array[0, 4] == curve["runs"][0]["val_loss"][0]
    thinned = shared.get(path + "?max_points=2").json()
    assert all(len(r["step"]) == 2 for r in thinned["runs"])
    shared.get(path, headers={"Accept": "image/png"}).problem(406, "not_acceptable")
    shared.get(f"/v1/jobs/{UNKNOWN_JOB}/curve").problem(404)


def test_pmi_pages_filters_and_whole_tables(shared, finished):
    path = f"/v1/jobs/{finished['id']}/pmi"
    page = shared.get(path + "?limit=50").json()
    rows = page["data"]
    assert page["total"] == 120 and rows[0]["row"] == 0 and rows[0]["x_id"] == "fx0" and rows[0]["y_id"] == "fy0"
    while page["next"]:
        page = shared.get(f"{path}?limit=50&after={page['next']}").json()
        rows += page["data"]
    assert [r["row"] for r in rows] == list(range(120))
    values = np.array([r["pmi"] for r in rows])
    top = shared.get(path + "?top=3").json()["data"]
    assert [r["pmi"] for r in top] == sorted(values, reverse=True)[:3]
    assert shared.get(f"{path}?min={values.mean()!r}").json()["total"] == int((values >= values.mean()).sum())
    array = read_npy(shared.get(path, headers={"Accept": "application/octet-stream"}))
    assert array.shape == (120, 4) and (array[:, 0] == values).all()
    table = shared.get(path + "?format=csv").body.decode().splitlines()
    assert table[0] == "row,x_id,y_id,pmi,percentile,p_value,q_value" and len(table) == 121
    assert float(table[1].split(",")[3]) == values[0] and table[120].startswith("119,fx119,fy119,")
    assert len(shared.get(path + "?format=csv&top=5").body.splitlines()) == 6


def test_the_held_out_mi_is_the_mean_of_the_pmi(shared, finished):
    array = read_npy(shared.get(f"/v1/jobs/{finished['id']}/pmi?format=npy"))
    mi = finished["result"]["mi"]
    assert array[:, 0].mean() == pytest.approx(mi["held_out_nats"], rel=1e-9)
    assert mi["nats"] == pytest.approx((mi["held_out_nats"] + mi["train_nats"]) / 2, rel=1e-9)


@pytest.mark.parametrize("critic", [{"type": "joint"}, {"type": "bilinear"}, {"type": "cosine"},
                                    {"type": "cosine", "baseline": "none", "temperature": 0.5, "learn_temperature": False}])
def test_every_critic_trains_and_shows_its_settings(shared, finished, critic):
    job = shared.run_job(pair_spec("fx", "fy", critic={**critic, "hidden": [8]}))
    assert job["state"] == "succeeded", job
    assert critic.items() <= job["spec"]["critic"].items()
    assert ("temperature" in job["spec"]["critic"]) == (critic["type"] == "cosine")
    assert -0.5 < job["result"]["mi"]["nats"] < 2


def test_no_pmi_is_a_409_that_says_why(server):
    server.put_pair()
    shared_spec = pair_spec(outputs={"pmi": False})
    job = server.run_job(shared_spec)["id"]
    assert "PMI" in server.get(f"/v1/jobs/{job}/pmi").problem(409, "conflict")["detail"]
    running = server.submit(pair_spec(**ENDLESS)).json()["id"]
    server.get(f"/v1/jobs/{running}/pmi").problem(409)
    server.get(f"/v1/jobs/{UNKNOWN_JOB}/pmi").problem(404)
    while not (runs := server.get(f"/v1/jobs/{running}/curve").json()["runs"]):
        time.sleep(0.05)
    assert runs[0]["step"], "the curve is there while the job trains"


# ---- life ----


def test_state_survives_a_restart(server):
    server.put_pair()
    job = server.run_job(pair_spec())
    server.stop()
    server.start()
    assert server.get(f"/v1/jobs/{job['id']}").json() == job
    assert server.get("/v1/datasets/x").status == 200


def test_connections_are_kept_alive(shared):
    with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as connection:
        for path in ("/livez", "/v1/queue", "/nowhere", "/v1/jobs?x=1"):
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                assert piece, f"closed after {path}"
                head += piece
            head, body = head.split(b"\r\n\r\n", 1)
            length = int(re.search(rb"Content-Length: (\d+)", head).group(1))
            while len(body) < length:
                body += connection.recv(65536)
