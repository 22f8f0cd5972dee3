"""A result depends on data, spec and seed, not on how many workers there are."""

import os
import pathlib
import time

import pytest


@pytest.fixture(scope="module")
def brief(spec):
    """Nobody has to catch these in the middle."""
    return {**spec, "train": {**spec["train"], "max_steps": 2000}}


def test_any_number_of_workers_gives_the_same_bits(daemon, brief):
    outcomes = []
    for workers in ("1", "2", "4"):
        server = daemon("--workers", workers, folder=workers).start()
        outcomes.append(server.outcome(server.accept(brief)))
        server.close()
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_jobs_side_by_side_do_not_disturb_each_other(daemon, brief):
    server = daemon("--workers", "2").start()
    other = {**brief, "seed": "8"}
    alone = server.outcome(server.accept(brief))
    outcomes = [server.outcome(job_id) for job_id in [server.accept(one) for one in (other, brief, other)]]
    assert outcomes[1] == alone
    assert outcomes[0] == outcomes[2] != alone


def test_workers_stand_back_behind_requests(daemon):
    server = daemon("--workers", "2", "--worker-nice", "13").start()
    tasks = pathlib.Path(f"/proc/{server.process.pid}/task")

    def nice():
        return sorted(int(stat.read_text().rsplit(")", 1)[1].split()[16]) for stat in tasks.glob("*/stat"))

    expected = [max(13, os.nice(0))] * 2
    deadline = time.monotonic() + 10  # a worker sets its own when it starts
    while nice()[-2:] != expected and time.monotonic() < deadline:
        time.sleep(0.02)
    assert nice()[-2:] == expected and set(nice()[:-2]) == {os.nice(0)}
