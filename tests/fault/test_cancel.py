"""Cancel is quick, wherever the job is."""

import time

from daemon import training

ENDLESS = {"max_steps": 1000000, "early_stopping": False, "learning_rate": 1e-6}


def cancel(server, job_id):
    canceled = server.request("POST", f"/v1/jobs/{job_id}/cancel")
    assert canceled.status in (200, 202), canceled


def test_training_job_is_canceled_and_its_workers_go_on(daemon, spec):
    server = daemon("--workers", "2").start()
    job_id = server.accept({**spec, "train": ENDLESS})
    server.wait(job_id, training)
    time.sleep(0.2)
    cancel(server, job_id)
    job = server.wait_job(job_id)
    assert job["state"] == "canceled"
    quick = server.accept({**spec, "train": {"max_steps": 20}})
    assert server.wait_job(quick)["state"] == "succeeded"
    cancel(server, job_id)  # again is the same


def test_waiting_job_is_canceled_at_once(daemon, spec):
    server = daemon("--workers", "1").start()
    busy = server.accept({**spec, "train": ENDLESS})
    server.wait(busy, training)
    waiting = server.accept(spec)
    cancel(server, waiting)
    assert server.job(waiting)["state"] == "canceled"
    cancel(server, busy)
    assert server.wait_job(busy)["state"] == "canceled"


def test_cancel_survives_a_kill(daemon, spec):
    server = daemon("--workers", "2").start()
    job_id = server.accept({**spec, "train": ENDLESS})
    server.wait(job_id, training)
    cancel(server, job_id)
    server.kill()
    server.start()
    assert server.wait_job(job_id)["state"] == "canceled"


def test_job_over_its_time_fails_as_timeout(daemon, spec):
    server = daemon("--workers", "2").start()
    job = server.wait_job(server.accept({**spec, "train": ENDLESS, "timeout_s": 1}))
    assert job["state"] == "failed"
    assert job["error"]["code"] == "timeout"
