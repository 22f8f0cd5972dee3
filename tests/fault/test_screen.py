"""kill -9 in the middle of a screen: it ends with the same lists, and a data set or model that it uses is kept for it."""

import io

import numpy as np

from daemon import TERMINAL

SPEC = {"x": {"dataset": "wx"}, "y": {"dataset": "wy"}, "top": 200, "top_per_x": 2, "above": {"fpr": 0.001}}


def npy(values):
    out = io.BytesIO()
    np.save(out, values.astype("<f4"))
    return out.getvalue()


def with_model(server):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((300, 2))
    for name, values in (("x", x), ("y", x + 0.5 * rng.standard_normal((300, 2))), ("wx", rng.standard_normal((16000, 2))),
                         ("wy", rng.standard_normal((9000, 2)))):
        assert server.put(name, npy(values)).status == 201
    job = server.run_job({"x": {"dataset": "x"}, "y": {"dataset": "y"}, "split": {"folds": 2}, "train": {"max_steps": 20}, "null_pairs": 2000,
                          "outputs": {"model": True}})
    return job["result"]["model"]


def lists(server, job_id):
    return [server.get(f"/v1/jobs/{job_id}/screen?format=csv&list={name}").body for name in ("top", "x", "above")]


def test_killed_screen_ends_with_the_same_lists(daemon):
    server = daemon("--workers", "2").start()
    model = with_model(server)
    calm = server.run_job({"kind": "screen", "model": model, **SPEC})
    assert calm["state"] == "succeeded" and calm["progress"]["runs"] > 2, calm
    expected = lists(server, calm["id"])
    for _ in range(5):
        job_id = server.accept({"kind": "screen", "model": model, **SPEC})
        server.wait(job_id, lambda job: job["progress"]["runs_done"] > 0)
        server.kill()
        server.start()
        interrupted = server.job(job_id)["state"] not in TERMINAL
        if interrupted:
            server.request("DELETE", f"/v1/models/{model}").problem(409, "conflict")
            server.request("DELETE", "/v1/datasets/wy").problem(409, "conflict")
        assert server.wait_job(job_id)["state"] == "succeeded"
        assert lists(server, job_id) == expected
        if interrupted:
            break
    assert interrupted, "the kill never came in time"
    assert server.request("DELETE", f"/v1/models/{model}").status == 204
    assert lists(server, job_id) == expected  # they need no model
