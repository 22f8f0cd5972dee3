"""Workers without a run of their own help with another's: nothing but the time it takes may tell."""

import os
import re
import time

import pytest

from daemon import training

ENDLESS = {"max_steps": 1000000, "early_stopping": False, "learning_rate": 1e-6}

pytestmark = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="a helper takes a core of its own")


def figure(server, name):
    return int(re.search(rf"^{name} (\d+)$", server.get("/metrics").body.decode(), re.M).group(1))


def wait_for(server, name, holds, timeout=60):
    deadline = time.monotonic() + timeout
    while not holds(value := figure(server, name)):
        assert time.monotonic() < deadline, f"{name} {value}\n{server.log()}"
        time.sleep(0.01)


def wait_for_helper(server):
    """Somebody helps, and is of use."""
    wait_for(server, "mutuald_workers_helping", lambda n: n == 1)
    wait_for(server, "mutuald_workers_busy", lambda n: n == 1)


@pytest.fixture
def endless(spec):
    """A run of one fold: one worker trains it, for ever."""
    return {**spec, "split": {"folds": 1}, "train": {**spec["train"], **ENDLESS}}


@pytest.fixture
def helped(daemon, endless):
    server = daemon("--workers", "2").start()
    job_id = server.accept(endless)
    server.wait(job_id, training)
    wait_for_helper(server)
    return server, job_id


@pytest.mark.parametrize("critic", ["separable", "joint"])
def test_helped_or_not_the_bits_are_the_same(daemon, spec, critic):
    one_fold = {**spec, "split": {"folds": 1}, "critic": {**spec["critic"], "type": critic}, "train": {**spec["train"], "max_steps": 1500}}
    if critic == "joint":
        one_fold["train"]["max_steps"] = 150
    alone = daemon("--workers", "1", folder="alone").start()
    expected = alone.outcome(alone.accept(one_fold))
    assert figure(alone, "mutuald_help_halves_total") == 0
    alone.stop()
    helped = daemon("--workers", "2", folder="helped").start()
    assert helped.outcome(helped.accept(one_fold)) == expected
    assert figure(helped, "mutuald_help_halves_total") > 0


def test_a_helper_takes_up_new_work(helped, endless):
    server, first = helped
    second = server.accept({**endless, "seed": "9"})
    server.wait(second, training)
    assert server.job(first)["state"] == "running"
    wait_for(server, "mutuald_workers_busy", lambda n: n == 2)
    wait_for(server, "mutuald_workers_helping", lambda n: n == 0)
    server.request("POST", f"/v1/jobs/{second}/cancel")
    assert server.wait_job(second)["state"] == "canceled"
    wait_for_helper(server)  # and comes back


def test_a_helped_job_is_canceled(helped, spec):
    server, job_id = helped
    server.request("POST", f"/v1/jobs/{job_id}/cancel")
    assert server.wait_job(job_id)["state"] == "canceled"
    wait_for(server, "mutuald_workers_helping", lambda n: n == 0)
    quick = server.accept({**spec, "train": {"max_steps": 20}})
    assert server.wait_job(quick)["state"] == "succeeded"


def test_a_daemon_whose_workers_help_stops_and_goes_on_with_the_same_bits(daemon, spec):
    one_fold = {**spec, "split": {"folds": 1}, "train": {**spec["train"], "max_steps": 3000}}
    undisturbed = daemon("--workers", "1", folder="undisturbed").start()
    expected = undisturbed.outcome(undisturbed.accept(one_fold))
    undisturbed.stop()
    server = daemon("--workers", "2").start()
    job_id = server.accept(one_fold)
    server.wait(job_id, training)
    wait_for_helper(server)
    assert server.stop() == 0
    server.start()
    server.wait(job_id, training)
    server.kill()
    assert server.start().outcome(job_id) == expected
