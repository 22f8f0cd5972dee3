"""Memory that is not there fails the job that asked for it, and nothing else."""

import resource

import pytest

from conftest import pairs, sanitized

LIMIT = 1200 << 20  # of addresses: the daemon and two idle workers need some 500 MiB of them


@pytest.mark.skipif(sanitized(), reason="sanitizers do not run under an address space limit")
def test_job_too_large_for_memory_fails_alone(daemon):
    server = daemon("--workers", "2").start()
    resource.prlimit(server.process.pid, resource.RLIMIT_AS, (LIMIT, LIMIT))
    data = pairs(3000, 2)
    huge = server.run_job({**data, "critic": {"hidden": [4096, 4096, 4096], "embed": 2048},
                           "train": {"batch": 1024, "max_steps": 2}})
    assert huge["state"] == "failed"
    assert huge["error"]["code"] == "out_of_memory"
    assert server.run_job({**data, "train": {"max_steps": 20}})["state"] == "succeeded"
    assert server.stop() == 0
