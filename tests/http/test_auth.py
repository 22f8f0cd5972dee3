"""Bearer tokens: who may ask what."""

import os
import subprocess

import pytest
from conftest import MUTUALD, npy

TOKEN = "correct-horse-battery-staple"


@pytest.fixture
def guarded(server_factory, tmp_path):
    token_file = tmp_path / "token"
    token_file.write_text(TOKEN + "\n")
    token_file.chmod(0o600)
    return server_factory("--token-file", token_file, token=TOKEN)


def test_probes_are_open_and_everything_else_needs_the_token(guarded):
    for path in ("/", "/livez", "/readyz", "/openapi.json"):
        assert guarded.get(path, headers={"Authorization": ""}).status == 200
    for path in ("/metrics", "/v1/info", "/v1/jobs", "/v1/datasets", "/v1/models", "/v1/nothing", "/nothing"):
        answer = guarded.get(path, headers={"Authorization": ""})
        answer.problem(401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert guarded.get(path).status != 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN.upper()}", f"Bearer {TOKEN} {TOKEN}"])
def test_only_the_exact_token_passes(guarded, header):
    guarded.get("/v1/info", headers={"Authorization": header}).problem(401)


def test_an_upload_without_token_is_refused_before_its_body(guarded):
    raw = guarded.raw("PUT /v1/datasets/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 401 "), raw
    guarded.put("a", npy([[1.0]]), headers={"Authorization": ""}).problem(401)
    assert guarded.put("a", npy([[1.0]])).status == 201


def test_the_token_is_not_in_the_log(guarded):
    guarded.get("/v1/info")
    assert TOKEN not in guarded.logged()


def test_a_bind_beyond_loopback_needs_a_token_or_a_flag_that_says_so(tmp_path):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MUTUALD_")}
    done = subprocess.run([MUTUALD, "--listen", "0.0.0.0:0", "--data-dir", tmp_path / "data"], capture_output=True, text=True, timeout=60, env=clean)
    assert done.returncode != 0 and "--token-file" in done.stderr
