"""A real daemon that tests may kill and start again on the same data folder."""

import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUTUALD = os.environ.get("MUTUALD_BIN", str(ROOT / "build/release/server/mutuald"))
TERMINAL = ("succeeded", "failed", "canceled")


def environment(**changes):
    """Without settings of the daemon, which would be errors or change what is tested."""
    return {k: v for k, v in os.environ.items() if not k.startswith("MUTUALD_")} | changes


def run_mutuald(*args):
    """To its end, which must come soon."""
    return subprocess.run([MUTUALD, *map(str, args)], capture_output=True, text=True, timeout=30, env=environment())


class Daemon:
    def __init__(self, folder, *flags, env=None):
        self.data = pathlib.Path(folder) / "data"
        self.port_file = pathlib.Path(folder) / "port"
        self.log_file = pathlib.Path(folder) / "log"
        self.flags = flags
        self.env = environment(**(env or {}))
        self.process = None
        self.port = None

    def start(self):
        self.port_file.unlink(missing_ok=True)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [MUTUALD, "--listen", "127.0.0.1:0", "--data-dir", str(self.data),
                 "--port-file", str(self.port_file), "--checkpoint", "1s", *self.flags],
                stderr=log, env=self.env)
        deadline = time.monotonic() + 60
        while not self.port_file.exists():
            assert self.process.poll() is None, f"daemon ended with {self.process.returncode}:\n{self.log()}"
            assert time.monotonic() < deadline, f"daemon does not start:\n{self.log()}"
            time.sleep(0.01)
        self.port = int(self.port_file.read_text())
        return self

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def log(self):
        return self.log_file.read_text() if self.log_file.exists() else ""

    def kill(self):
        """As the power switch of the process: nothing of it runs afterwards."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout=60):
        """Politely; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()

    def request(self, method, path, body=None, headers=None, timeout=90):
        """Status, headers and body; errors of the connection are raised."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers = {"Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.url + path, method=method, data=body, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def submit(self, spec):
        status, _, body = self.request("POST", "/v1/jobs", spec)
        assert status == 202, body
        return json.loads(body)["id"]

    def job(self, job_id, query=""):
        status, _, body = self.request("GET", f"/v1/jobs/{job_id}{query}")
        assert status == 200, body
        return json.loads(body)

    def wait(self, job_id, until, timeout=120):
        """The job, once `until(job)` holds or it is terminal."""
        deadline = time.monotonic() + timeout
        job = self.job(job_id)
        while not until(job) and job["state"] not in TERMINAL:
            assert time.monotonic() < deadline, f"{job['state']} {job['progress']}\n{self.log()}"
            job = self.job(job_id, f"?wait=1&since={job['version']}")
        return job

    def finish(self, job_id, timeout=240):
        return self.wait(job_id, lambda job: False, timeout)

    def outcome(self, job_id):
        """All numbers of a job that do not tell the time, as bytes where they are bytes."""
        job = self.finish(job_id)
        assert job["state"] == "succeeded", f"{job}\n{self.log()}"
        result = job["result"]
        pmi = self.request("GET", f"/v1/jobs/{job_id}/pmi", headers={"Accept": "application/x-npy"})
        curve = self.request("GET", f"/v1/jobs/{job_id}/curve?max_points=100000", headers={"Accept": "application/x-npy"})
        assert pmi[0] == 200 and curve[0] == 200
        return {
            "mi": result["mi"],
            "bracket": result["bracket_nats"],
            "calibration": result["calibration"],
            "null": result["null"],
            "permutation": result["permutation"],
            "warnings": result["warnings"],
            "steps": result["timing"]["steps"],
            "pmi": pmi[2],
            "curve": curve[2],
        }


def training(job):
    return job["state"] == "running" and job["progress"]["phase"] == "train"
