"""kill -9 at any moment: an accepted job is finished after a restart, and with the same bits."""

import time

import pytest

from conftest import pairs, sanitized
from daemon import TERMINAL, training


def checkpointed(server):
    return "mutuald_checkpoints_total 0" not in server.get("/metrics").body.decode()


def right_after_202(server, job_id):
    pass


def early_in_training(server, job_id):
    server.wait(job_id, training)


def after_a_checkpoint(server, job_id):
    """Or after the job: what was left of it may end before the next checkpoint is due."""
    deadline = time.monotonic() + 60
    while not checkpointed(server) and server.job(job_id)["state"] not in TERMINAL:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("moment", [right_after_202, early_in_training, after_a_checkpoint])
def test_killed_job_ends_with_the_same_bits(daemon, spec, reference, moment):
    server = daemon("--workers", "2").start()
    job_id = server.accept(spec)
    moment(server, job_id)
    server.kill()
    server.start()
    assert server.job(job_id)["state"] not in TERMINAL, "too late to test anything"
    assert server.outcome(job_id) == reference
    if moment is after_a_checkpoint:
        assert "run resumed from a checkpoint" in server.log()


def test_job_killed_again_and_again_ends_with_the_same_bits(daemon, spec, reference):
    server = daemon("--workers", "2").start()
    job_id = server.accept(spec)
    for _ in range(4):
        after_a_checkpoint(server, job_id)
        server.kill()
        server.start()
        if server.job(job_id)["state"] in TERMINAL:
            break
    assert server.outcome(job_id) == reference


def test_job_killed_while_its_results_are_combined_is_combined_again(daemon):
    many = {**pairs(2000, 2), "split": {"folds": 2}, "null_pairs": 2000000, "seed": "3",
            "train": {"max_steps": 5, "early_stopping": False}}
    calm = daemon("--workers", "2", folder="calm").start()
    expected = calm.outcome(calm.accept(many))
    server = daemon("--workers", "2").start()
    for _ in range(5):  # combining is quick: it may be over before the kill
        job_id = server.accept(many)
        server.wait(job_id, lambda job: job["progress"]["runs_done"] == 2)
        server.kill()
        server.start()
        interrupted = server.job(job_id)["state"] not in TERMINAL
        assert server.outcome(job_id) == expected
        if interrupted:
            return
    pytest.fail("the kill never came in time")


def test_comparison_killed_in_each_of_its_objectives_ends_with_the_same_bits(daemon, spec):
    train = {**spec["train"], "max_steps": 800 if sanitized() else 2000}
    compared = {**spec, "objectives": ["infonce-anchor", "infonce", "nwj"], "train": train}
    calm = daemon("--workers", "2", folder="calm").start()
    expected = calm.outcome(calm.accept(compared))
    assert len(expected["comparison"]) == 3 and len(expected["tables"]) == 2
    server = daemon("--workers", "2").start()
    job_id = server.accept(compared)
    for done in (0, 2, 4):  # so many runs, two of each objective
        server.wait(job_id, lambda job: job["progress"]["runs_done"] >= done and job["progress"]["fraction"] > (done + 0.2) / 6)
        server.kill()
        server.start()
    assert server.job(job_id)["state"] not in TERMINAL, "too late to test anything"
    assert server.outcome(job_id) == expected


STEPS = 500 if sanitized() else 1500
CELLS = {
    "kind": "benchmark", "laws": [{"name": "gaussian", "dim": 3}, {"name": "cubic", "dim": 3}], "repetitions": 1,
    "objectives": ["infonce-anchor", "smile"], "critic": {"hidden": [32, 32], "embed": 8}, "null_pairs": 20000, "seed": "7", "timeout_s": 600,
}


@pytest.mark.parametrize("samples", [
    {"fresh": {"levels_bits": [1, 2], "steps": STEPS, "sample": 2000}},
    {"n": 1500, "split": {"folds": 2}, "train": {"max_steps": STEPS, "early_stopping": False, "evaluate_every": 50, "evaluate_fraction": 0}},
], ids=["fresh", "finite"])
def test_benchmark_killed_again_and_again_ends_with_the_same_bits(daemon, samples):
    spec = {**CELLS, **samples}
    calm = daemon("--workers", "2", folder="calm").start()
    expected = calm.outcome(calm.accept(spec))
    assert len(expected["benchmark"]["cells"]) == 4
    server = daemon("--workers", "2").start()
    job_id = server.accept(spec)
    for fraction in (0.1, 0.3, 0.6):
        server.wait(job_id, lambda job: job["progress"]["fraction"] > fraction)
        server.kill()
        server.start()
    assert server.job(job_id)["state"] not in TERMINAL, "too late to test anything"
    assert server.outcome(job_id) == expected


def test_finished_jobs_survive_a_kill(daemon, spec):
    server = daemon("--workers", "2").start()
    job_id = server.accept({**spec, "train": {"max_steps": 30}})
    before = server.outcome(job_id)
    server.kill()
    server.start()
    assert server.outcome(job_id) == before


def test_damaged_checkpoint_costs_its_work_and_nothing_else(daemon, spec, reference):
    server = daemon("--workers", "2").start()
    job_id = server.accept(spec)
    after_a_checkpoint(server, job_id)
    server.kill()
    files = [path for path in (server.data / "checkpoints").rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0x40
        path.write_bytes(content)
    server.start()
    assert server.outcome(job_id) == reference
    assert "checkpoint is damaged" in server.log()
