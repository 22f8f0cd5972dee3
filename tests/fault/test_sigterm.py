"""A polite stop: checkpoint, let go, exit 0; and one daemon to a folder."""

import signal
import subprocess
import time

import pytest

from daemon import TERMINAL, run_mutuald, training


def test_stopped_daemon_exits_0_and_its_job_goes_on_with_the_same_bits(daemon, spec, reference):
    server = daemon("--workers", "2").start()
    job_id = server.accept(spec)
    server.wait(job_id, training)
    time.sleep(0.3)
    assert server.stop() == 0
    assert not server.port_file.exists()
    server.start()
    assert server.job(job_id)["state"] not in TERMINAL
    assert server.outcome(job_id) == reference
    assert "run resumed from a checkpoint" in server.log()


def test_idle_daemon_stops_at_once(daemon):
    server = daemon().start()
    assert server.stop() == 0


def test_stop_answers_who_waits(daemon, spec):
    server = daemon("--workers", "1").start()
    job_id = server.accept(spec)
    job = server.wait(job_id, training)
    waiting = subprocess.Popen(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                                f"http://127.0.0.1:{server.port}/v1/jobs/{job_id}?wait=60&since={job['version'] + 100000}"],
                               stdout=subprocess.PIPE)
    time.sleep(0.3)
    assert server.stop() == 0
    assert waiting.communicate(timeout=10)[0] in (b"200", b"503")


def test_second_signal_ends_at_once(daemon):
    server = daemon("--drain", "60s").start()
    with server.connect() as upload:  # a request on its way holds the stop up
        upload.sendall(b"PUT /v1/datasets/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n1,2\n")
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(30) == 1  # and not after the drain


def test_hangup_is_ignored(daemon):
    server = daemon().start()
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert server.get("/readyz").status == 200


def test_second_daemon_on_the_folder_is_refused(daemon):
    server = daemon().start()
    second = run_mutuald("--listen", "127.0.0.1:0", "--data-dir", server.data)
    assert second.returncode == 1
    assert "cannot start" in second.stderr
    assert server.get("/readyz").status == 200


def test_taken_port_is_refused_by_name(daemon, tmp_path):
    server = daemon().start()
    second = run_mutuald("--listen", f"127.0.0.1:{server.port}", "--data-dir", tmp_path / "other")
    assert second.returncode == 1
    assert f"127.0.0.1:{server.port}" in second.stderr


@pytest.mark.parametrize("flags, code, message", [
    (["--listen", "0.0.0.0:0"], 2, "--token-file"),
    (["--listen", "127.0.0.1:0", "--token-file", "/nonexistent"], 2, "No such file"),
    (["--worker", "2"], 2, "the nearest is --workers"),
])
def test_unsafe_or_misspelt_settings_are_refused(tmp_path, flags, code, message):
    done = run_mutuald("--data-dir", tmp_path / "data", *flags)
    assert done.returncode == code
    assert message in done.stderr


@pytest.mark.parametrize("content, mode, message", [
    ("short\n", 0o600, "expected one line"),
    ("a" * 40 + "\nsecond line\n", 0o600, "expected one line"),
    ("a" * 600 + "\n", 0o600, "expected one line"),
    ("a" * 40 + "\n", 0o620, "others can write it"),
    ("a b" * 20 + "\n", 0o600, "expected one line"),
])
def test_bad_token_files_are_refused(tmp_path, content, mode, message):
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(mode)
    done = run_mutuald("--listen", "127.0.0.1:0", "--data-dir", tmp_path / "data", "--token-file", path)
    assert done.returncode == 2
    assert message in done.stderr


def test_token_is_asked_for(daemon, tmp_path):
    path = tmp_path / "token"
    path.write_text("correct-horse-battery-staple\n")
    path.chmod(0o600)
    server = daemon("--token-file", str(path)).start()
    server.get("/v1/jobs").problem(401, "unauthorized")
    assert server.get("/readyz").status == 200
    server.token = "correct-horse-battery-staple"
    assert server.get("/v1/jobs").status == 200


def test_health_check_tells_ready_from_gone(daemon):
    server = daemon().start()
    check = ("--healthcheck", "--listen", f"127.0.0.1:{server.port}")
    assert run_mutuald(*check).returncode == 0
    assert server.stop() == 0
    assert run_mutuald(*check).returncode == 1
