"""A real daemon that tests may kill and start again on the same data folder."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "http"))
from client import Client  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUTUALD = os.environ.get("MUTUALD_BIN", str(ROOT / "build/release/server/mutuald"))
COMPLAINTS = re.compile(r"AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:|Assertion .* failed")
TERMINAL = ("succeeded", "failed", "canceled")


def environment(**changes):
    """Without settings of the daemon, which would be errors or change what is tested."""
    return {k: v for k, v in os.environ.items() if not k.startswith("MUTUALD_")} | changes


def run_mutuald(*args):
    """To its end, which must come soon."""
    return subprocess.run([MUTUALD, *map(str, args)], capture_output=True, text=True, timeout=30, env=environment())


class Daemon(Client):
    def __init__(self, folder, *flags, env=None, token=None):
        super().__init__(None, token)
        folder = pathlib.Path(folder)
        self.data, self.port_file, self.log_file = folder / "data", folder / "port", folder / "log"
        self.flags, self.env = flags, environment(**(env or {}))
        self.process = None

    def start(self):
        self.port_file.unlink(missing_ok=True)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [MUTUALD, "--listen", "127.0.0.1:0", "--data-dir", str(self.data), "--port-file", str(self.port_file),
                 "--checkpoint", "1s", *self.flags],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)
        deadline = time.monotonic() + 60
        while not self.port_file.exists():
            assert self.process.poll() is None, f"daemon ended with {self.process.returncode}:\n{self.log()}"
            assert time.monotonic() < deadline, f"daemon does not start:\n{self.log()}"
            time.sleep(0.01)
        self.port = int(self.port_file.read_text())
        return self

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def kill(self):
        """Nothing of the process runs afterwards."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout=60):
        """Politely; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        complaint = COMPLAINTS.search(self.log())
        assert not complaint, self.log()[complaint.start():][:8000]

    def accept(self, spec):
        """The id of the job, which must be accepted."""
        submitted = self.submit(spec)
        assert submitted.status == 202, submitted
        return submitted.json()["id"]

    def job(self, job_id, query=""):
        found = self.get(f"/v1/jobs/{job_id}{query}")
        assert found.status == 200, found
        return found.json()

    def wait(self, job_id, until, timeout=240):
        """The job, once `until(job)` holds or it is terminal."""
        deadline = time.monotonic() + timeout
        job = self.job(job_id)
        while not until(job) and job["state"] not in TERMINAL:
            assert time.monotonic() < deadline, f"{job['state']} {job['progress']}\n{self.log()}"
            job = self.job(job_id, f"?wait=1&since={job['version']}")
        return job

    def outcome(self, job_id):
        """All numbers of a job that do not tell the time, as bytes where they are bytes."""
        job = self.wait_job(job_id, timeout=240)
        assert job["state"] == "succeeded", f"{job}\n{self.log()}"
        npy = {"Accept": "application/x-npy"}
        pmi = self.get(f"/v1/jobs/{job_id}/pmi", headers=npy)
        curve = self.get(f"/v1/jobs/{job_id}/curve?max_points=100000", headers=npy)
        result = job["result"]
        assert pmi.status == (409 if "benchmark" in result else 200) and curve.status == 200, (pmi, curve)
        kept = ("mi", "bracket_nats", "calibration", "null", "permutation", "warnings")
        rows = [{key: row[key] for key in row if key not in ("train_s", "run_s", "time_share", "pmi")}
                for row in result.get("comparison", [])]
        tables = [self.get(row["pmi"], headers=npy).body for row in result.get("comparison", []) if row.get("pmi")]
        if "benchmark" in result:
            return {"benchmark": without_times(result["benchmark"]), "steps": result["timing"]["steps"], "curve": curve.body}
        return {**{key: result[key] for key in kept}, "steps": result["timing"]["steps"], "pmi": pmi.body,
                "curve": curve.body, "comparison": rows, "tables": tables, "agreement": result.get("agreement")}


def without_times(node):
    if isinstance(node, dict):
        return {key: without_times(value) for key, value in node.items() if key not in ("train_s", "run_s")}
    return [without_times(value) for value in node] if isinstance(node, list) else node


def training(job):
    return job["state"] == "running" and job["progress"]["phase"] == "train"
