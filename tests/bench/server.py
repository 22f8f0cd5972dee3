"""A daemon of the benchmark's own: a temporary folder, a free port of 127.0.0.1, ended when the block ends."""
import contextlib
import http.client
import io
import json
import pathlib
import subprocess
import tempfile
import time

import numpy

from sides import clean, program

ENDED = ("succeeded", "failed", "canceled")


class Daemon:
    def __init__(self, folder, *flags):
        self.folder = pathlib.Path(folder)
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        argv = [program("server/mutuald"), "--listen", "127.0.0.1:0", "--port-file", str(port_file), "--data-dir", str(self.folder / "data"),
                "--log-level", "error", *flags]
        begun = time.perf_counter()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(argv, env=clean(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while not (port_file.exists() and port_file.read_text().endswith("\n")):
            self._still(begun)
            time.sleep(0.0005)
        self.port = int(port_file.read_text())
        self.connection = None
        while self._quiet_status("/readyz") != 200:
            self._still(begun)
            time.sleep(0.0005)
        self.start_seconds = time.perf_counter() - begun

    def _still(self, begun):
        if self.process.poll() is not None or time.perf_counter() - begun > 60:
            raise RuntimeError("the daemon does not start: " + (self.folder / "log").read_text(errors="replace")[-500:])

    def _quiet_status(self, path):
        try:
            return self.request("GET", path)[0]
        except OSError:
            self.connection = None
            return 0

    def request(self, method, path, body=None, headers=None):
        """(status, object), over one connection that stays open."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        if isinstance(body, (dict, list)):
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})}
        try:
            self.connection.request(method, path, body=body, headers=headers or {})
            answer = self.connection.getresponse()
            data = answer.read()
        except http.client.HTTPException as error:
            self.connection = None
            raise OSError(str(error)) from error
        found = json.loads(data) if answer.headers.get_content_type().endswith("json") and data else data
        return answer.status, found

    def want(self, method, path, body=None, headers=None):
        status, found = self.request(method, path, body, headers)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {str(found)[:300]}")
        return found

    def upload(self, name, array):
        data = io.BytesIO()
        numpy.save(data, array)
        self.want("PUT", f"/v1/datasets/{name}", data.getvalue(), {"Content-Type": "application/x-npy"})

    def submit(self, **spec):
        return self.want("POST", "/v1/jobs", spec)["id"]

    def wait(self, job):
        while True:
            found = self.want("GET", f"/v1/jobs/{job}?wait=30")
            if found["state"] in ENDED:
                return found

    def run(self, **spec):
        found = self.wait(self.submit(**spec))
        if found["state"] != "succeeded":
            raise RuntimeError(f"job {found['id']} {found['state']}: {found.get('error')}")
        return found

    def memory(self, field="VmHWM"):
        """MiB of the process: VmHWM is the most it held, VmRSS what it holds."""
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {field}")

    def forget_peak(self):
        """VmHWM counts from here on."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def stop(self):
        if self.connection:
            self.connection.close()
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def daemon(*flags, folder=None):
    with contextlib.ExitStack() as stack:
        folder = folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="mutuald-bench-"))
        one = Daemon(folder, *flags)
        stack.callback(one.stop)
        yield one


def gaussian(n, d, nats, seed=7):
    """n pairs of d + d normal columns that share so many nats: column k of y with column k of x."""
    rng = numpy.random.default_rng(seed)
    rho = (1 - numpy.exp(-2 * nats / d)) ** 0.5
    x = rng.standard_normal((n, d), dtype=numpy.float32)
    y = (rho * x + (1 - rho * rho) ** 0.5 * rng.standard_normal((n, d), dtype=numpy.float32)).astype(numpy.float32)
    return x, y
