"""Waiting for a job: long-polls and event streams, alone and by the hundred."""

import http.client
import json
import statistics
import threading
import time

import pytest
from conftest import ENDLESS, pair_spec
from test_upload import Prober

SLOW = {"train": {"max_steps": 400, "early_stopping": False}}


@pytest.fixture(scope="module")
def pairs(shared):
    shared.put_pair()
    return shared


@pytest.fixture
def endless(pairs):
    job = pairs.submit(pair_spec(**ENDLESS)).json()["id"]
    yield job
    pairs.request("POST", f"/v1/jobs/{job}/cancel")
    pairs.wait_job(job)


# ---- long-polls ----


def test_wait_with_since_answers_once_the_version_has_passed_it(pairs, endless):
    version = pairs.get(f"/v1/jobs/{endless}").json()["version"]
    for _ in range(5):
        begun = time.monotonic()
        moved = pairs.get(f"/v1/jobs/{endless}?wait=30&since={version}").json()
        assert moved["version"] > version and time.monotonic() - begun < 25
        version = moved["version"]
    assert pairs.get(f"/v1/jobs/{endless}?wait=30&since=0").json()["version"] >= version, "passed already: at once"


def test_wait_without_since_is_for_the_end(pairs):
    job = pairs.submit(pair_spec(**SLOW)).json()["id"]
    done = pairs.get(f"/v1/jobs/{job}?wait=60").json()
    assert done["state"] == "succeeded" and done["result"]
    begun = time.monotonic()
    assert pairs.get(f"/v1/jobs/{job}?wait=60&since={done['version']}").json() == done
    assert time.monotonic() - begun < 20, "nothing more will come"


def test_a_wait_that_is_over_answers_with_the_job_as_it_is(pairs, endless):
    begun = time.monotonic()
    job = pairs.get(f"/v1/jobs/{endless}?wait=1").json()
    took = time.monotonic() - begun
    assert job["state"] in ("queued", "running") and 0.9 < took < 20
    answer = pairs.submit(pair_spec(**ENDLESS), headers={"Prefer": "wait=1"})
    assert answer.status == 202 and answer.json()["state"] in ("queued", "running")
    pairs.request("POST", f"/v1/jobs/{answer.json()['id']}/cancel")


def test_a_wait_ends_when_the_job_is_canceled(pairs):
    job = pairs.submit(pair_spec(**ENDLESS)).json()["id"]
    answers = []
    thread = threading.Thread(target=lambda: answers.append(pairs.get(f"/v1/jobs/{job}?wait=60")))
    thread.start()
    pairs.request("POST", f"/v1/jobs/{job}/cancel")
    thread.join(30)
    assert answers and answers[0].json()["state"] == "canceled"


def test_one_connection_can_wait_again_and_again(pairs, endless):
    connection = http.client.HTTPConnection("127.0.0.1", pairs.port, timeout=60)
    version = 0
    for _ in range(10):
        connection.request("GET", f"/v1/jobs/{endless}?wait=20&since={version}")
        answer = connection.getresponse()
        assert answer.status == 200
        body = answer.read()
        version = json.loads(body)["version"]
    connection.close()


# ---- event streams ----


def test_events_tell_the_whole_story_and_the_stream_ends(pairs):
    job = pairs.submit(pair_spec(**SLOW)).json()["id"]
    with pairs.events(job) as stream:
        assert stream.response.headers["X-Accel-Buffering"] == "no" and stream.response.headers["Cache-Control"] == "no-cache"
        events = list(stream)
    numbers = [number for number, _, _ in events]
    assert numbers == sorted(set(numbers)) and numbers[0] == 1
    states = [data["state"] for _, name, data in events if name == "state"]
    assert states == ["queued", "running", "succeeded"]
    assert events[-1][1] == "done" and events[-1][2]["state"] == "succeeded"
    assert {"progress", "metric"} <= {name for _, name, _ in events}
    curve = pairs.get(f"/v1/jobs/{job}/curve?max_points=100000").json()
    assert sum(name == "metric" for _, name, _ in events) == sum(len(run["step"]) for run in curve["runs"])


def test_a_replay_by_last_event_id_gives_the_same_events(pairs):
    job = pairs.submit(pair_spec(**SLOW)).json()["id"]
    with pairs.events(job) as stream:
        live = list(stream)
    with pairs.events(job) as stream:
        assert list(stream) == live
    for cut in (1, len(live) // 2, len(live) - 1, len(live)):
        with pairs.events(job, last=live[cut - 1][0]) as stream:
            assert list(stream) == live[cut:]


def test_a_reader_that_reconnects_in_the_middle_misses_nothing(pairs):
    job = pairs.submit(pair_spec(**SLOW)).json()["id"]
    seen, last = [], None
    while not seen or seen[-1][1] != "done":
        with pairs.events(job, last=last) as stream:
            for _, event in zip(range(7), stream):
                seen.append(event)
        last = seen[-1][0]
    with pairs.events(job) as stream:
        assert list(stream) == seen


def test_a_stream_of_a_canceled_job_ends_and_of_a_deleted_one_is_404(pairs):
    job = pairs.submit(pair_spec(**ENDLESS)).json()["id"]
    with pairs.events(job) as stream:
        pairs.request("POST", f"/v1/jobs/{job}/cancel")
        events = list(stream)
    assert events[-1][1] == "done" and events[-1][2]["state"] == "canceled"
    assert pairs.request("DELETE", f"/v1/jobs/{job}").status == 204
    pairs.get(f"/v1/jobs/{job}/events").problem(404, "not_found")


def test_bad_last_event_id_and_head(pairs, endless):
    for bad in ("x", "-1", "1.5", "1" * 19):
        pairs.get(f"/v1/jobs/{endless}/events", headers={"Last-Event-ID": bad}).problem(400)
    assert pairs.request("HEAD", f"/v1/jobs/{endless}/events").status == 200


def test_a_quiet_stream_is_kept_alive_by_pings(server_factory):
    server = server_factory("--workers", 1, "--idle-timeout", "5s")
    server.put_pair()
    busy = server.submit(pair_spec(**ENDLESS)).json()["id"]
    waiting = server.submit(pair_spec()).json()["id"]
    with server.events(waiting) as stream:
        lines = []
        begun = time.monotonic()
        while b": ping\n" not in lines:
            lines.append(stream.response.readline())
            assert lines[-1], "closed"
        assert time.monotonic() - begun < 60
        server.request("POST", f"/v1/jobs/{busy}/cancel")
        assert [name for _, name, _ in stream][-1] == "done"


# ---- many ----


def test_a_hundred_waiters_while_jobs_train_stall_nothing(server):
    server.put_pair(rows=400)
    jobs = [server.submit(pair_spec(seed=str(i), train={"max_steps": 300, "early_stopping": False})).json()["id"] for i in range(2)]
    stories, polls, failures = [], [], []

    def stream(job):
        try:
            with server.events(job, timeout=300) as events:
                stories.append((job, list(events)))
        except Exception as error:  # noqa: BLE001: told below
            failures.append(error)

    def poll(job):
        try:
            polls.append(server.get(f"/v1/jobs/{job}?wait=60", timeout=300).json())
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=poll if i % 2 else stream, args=(jobs[i // 2 % 2],)) for i in range(100)]
    with Prober(server) as prober:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for job in jobs:
            assert server.wait_job(job, 300)["state"] == "succeeded"
    print(f"\n100 waiters, 2 jobs training: {prober.figures()}")
    assert not failures, failures[:3]
    assert len(stories) == 50 and len(polls) == 50
    for job in jobs:
        told = [events for j, events in stories if j == job]
        assert all(events == told[0] for events in told) and told[0][-1][1] == "done"
    assert statistics.median(prober.took) < 2000, "stalled"
