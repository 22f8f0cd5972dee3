"""A disk that is full: requests are refused politely, what was accepted stays, and all goes on when there is room again."""

import os
import subprocess
import time

import pytest

from conftest import pairs
from daemon import training

SIZE_MIB = 24


@pytest.fixture
def small_disk(tmp_path):
    """Under the data folder alone: the log has room."""
    path = tmp_path / "daemon" / "data"
    path.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=700", "tmpfs", str(path)],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path):
    """Takes all room that is left; returns the file that holds it."""
    file = path / "ballast"
    with open(file, "wb", buffering=0) as ballast:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    ballast.write(b"\0" * size)
            except OSError:
                continue
    return file


def test_full_disk_refuses_and_recovers(small_disk, daemon):
    quick = {**pairs(300, 2), "train": {"max_steps": 50}, "split": {"folds": 2}}
    server = daemon("--workers", "1").start()
    done = server.accept(quick)
    before = server.outcome(done)
    ballast = fill(small_disk)
    server.submit({**quick, **pairs(3000, 8, seed=2)}).problem(507, "no_space")
    assert server.process.poll() is None
    assert server.get("/livez").status == 200
    assert server.get("/readyz").status in (200, 503)
    assert server.job(done)["result"]["mi"] == before["mi"]
    os.remove(ballast)
    assert server.outcome(done) == before
    assert server.outcome(server.accept(quick)) == before
    assert server.stop() == 0


def test_job_whose_result_finds_the_disk_full_is_kept_until_there_is_room(small_disk, daemon, spec, reference):
    server = daemon("--workers", "2").start()
    job_id = server.accept(spec)
    server.wait(job_id, training)
    ballast = fill(small_disk)
    deadline = time.monotonic() + 120
    while "result cannot be kept yet" not in server.log():
        assert server.get("/livez").status == 200
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.2)
    os.remove(ballast)
    assert server.outcome(job_id) == reference
