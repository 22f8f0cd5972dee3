"""Runs the real daemon for black-box tests.

MUTUALD_BIN names it (default: the release build). Whatever a test did to a daemon, at its end SIGTERM must still make it leave with 0, and
neither a sanitizer nor an assertion may have spoken.
"""

import io
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from client import Client  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUTUALD = os.environ.get("MUTUALD_BIN", str(ROOT / "build/release/server/mutuald"))
COMPLAINTS = re.compile(r"AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:|Assertion .* failed|Fatal error")


def pytest_configure(config):
    config.addinivalue_line("markers", "accuracy: trains on real data with all defaults; slow")


class Daemon(Client):
    def __init__(self, folder, *flags, token=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.flags, self.process = flags, None
        super().__init__(None, token)

    def start(self):
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        self.log = open(self.folder / "log", "ab")
        self.terminated = False
        self.process = subprocess.Popen(
            [MUTUALD, "--listen", "127.0.0.1:0", "--port-file", port_file, "--data-dir", self.folder / "data", *self.flags],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env={k: v for k, v in os.environ.items() if not k.startswith("MUTUALD_")})
        deadline = time.monotonic() + 60
        while not (port_file.exists() and port_file.read_text().endswith("\n")):
            assert self.process.poll() is None, f"the daemon left:\n{self.logged()}"
            assert time.monotonic() < deadline, self.logged()
            time.sleep(0.01)
        self.port = int(port_file.read_text())
        self.url = f"http://127.0.0.1:{self.port}"
        while self.get("/readyz").status != 200:
            assert time.monotonic() < deadline, self.logged()
            time.sleep(0.02)
        return self

    def logged(self):
        return (self.folder / "log").read_text(errors="replace")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        self.terminated = True

    def stop(self, timeout=60):
        """SIGTERM, unless it had one; how long it took."""
        begun = time.monotonic()
        if not self.terminated:
            self.terminate()
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            pytest.fail(f"the daemon does not stop:\n{self.logged()[-4000:]}")
        self.process = None
        self.log.close()
        assert status == 0, f"exit {status}:\n{self.logged()[-8000:]}"
        complaint = COMPLAINTS.search(self.logged())
        assert not complaint, self.logged()[complaint.start():][:8000]
        return time.monotonic() - begun

    def memory_kib(self, field="VmHWM"):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", text).group(1))

    def reset_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def put_pair(self, x="x", y="y", rows=200, cols=2, correlation=0.8, seed=1):
        """Two data sets whose rows are pairs."""
        rng = np.random.default_rng(seed)
        a = rng.standard_normal((rows, cols))
        b = correlation * a + np.sqrt(1 - correlation**2) * rng.standard_normal((rows, cols))
        for name, values in ((x, a), (y, b)):
            answer = self.put(name, npy(values))
            assert answer.status in (200, 201), answer


def npy(values, dtype="<f4"):
    out = io.BytesIO()
    np.save(out, np.asarray(values).astype(dtype))
    return out.getvalue()


# Two folds of a few steps: a whole job in a fraction of a second.
QUICK = {"split": {"folds": 2}, "train": {"max_steps": 20}, "null_pairs": 1000}
# Trains until it is canceled.
# A rate at which nothing diverges before somebody cancels.
ENDLESS = {"split": {"folds": 2}, "train": {"max_steps": 1000000, "early_stopping": False, "learning_rate": 1e-6}}


def pair_spec(x="x", y="y", **changes):
    """A quick job; x and y: names of data sets, or inputs as they stand in a spec."""
    x, y = ({"dataset": side} if isinstance(side, str) else side for side in (x, y))
    return {"x": x, "y": y, **QUICK, **changes}


def sanitized():
    """Whether figures of memory and time mean anything."""
    with open(MUTUALD, "rb") as binary:
        content = binary.read()
    return b"__asan_init" in content or b"__tsan_init" in content


@pytest.fixture
def server_factory(tmp_path):
    """server_factory(*flags, token=...) starts a daemon of its own; all are stopped, and checked, at the end."""
    started = []

    def start(*flags, token=None, name=None):
        daemon = Daemon(tmp_path / (name or f"server{len(started)}"), *map(str, flags), token=token)
        started.append(daemon)
        return daemon.start()

    yield start
    try:
        for daemon in started:
            if daemon.process:
                daemon.stop()
    finally:
        for daemon in started:
            if daemon.process:
                daemon.process.kill()
                daemon.process.wait()


@pytest.fixture
def server(server_factory):
    return server_factory()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One daemon for all tests of a file, where a test leaves nothing behind that another one could trip over."""
    daemon = Daemon(tmp_path_factory.mktemp("shared"))
    daemon.start()
    try:
        yield daemon
        daemon.stop()
    finally:
        if daemon.process:
            daemon.process.kill()
            daemon.process.wait()
