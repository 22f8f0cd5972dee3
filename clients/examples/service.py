"""A running mutuald, with the standard library alone."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

BUILT = pathlib.Path(__file__).resolve().parents[2] / "build/release/server/mutuald"


def add_arguments(parser, own=False):
    """own: without --server, the script starts a daemon of its own (see connected)."""
    usual = None if own else "http://127.0.0.1:8080"
    parser.add_argument("--server", default=usual, metavar="URL", help="of mutuald (default: one is started)" if own else "of mutuald (default %(default)s)")
    parser.add_argument("--token", help="bearer token of the server")
    if own:
        parser.add_argument("--mutuald", metavar="FILE", help="the daemon to start (default: $MUTUALD_BIN, the release build, or the one in $PATH)")


class Problem(Exception):
    """An answer that is no success: its status and, where it is JSON, its object."""

    def __init__(self, status, body):
        self.status, self.body = status, body
        try:
            self.problem = json.loads(body)
        except ValueError:
            self.problem = {}
        fields = [f"{e['pointer']}: {e['detail']}" for e in self.problem.get("errors", [])]
        super().__init__("; ".join(fields) or self.problem.get("detail") or body)


class Server:
    def __init__(self, url, token=None):
        self.url = url.rstrip("/")
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def request(self, path, body=None, method=None, file=None):
        """The answer's JSON, None of an empty one; Problem. body: an object; file: bytes to upload."""
        data = file if body is None else json.dumps(body).encode()
        headers = {**self.headers, "Content-Type": "application/octet-stream" if body is None else "application/json"}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers, method=method), timeout=90) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise Problem(error.code, error.read().decode(errors="replace")) from error
        except urllib.error.URLError as error:
            sys.exit(f"{self.url}: {error.reason}; is mutuald running there? (--server)")

    def call(self, path, body=None):
        try:
            return self.request(path, body)
        except Problem as problem:
            sys.exit(f"{path}: {problem.body}")

    def finished(self, job):
        """The job once it has ended, in whichever way; how far it is goes to stderr."""
        job = self.request("/v1/jobs", job)
        while job["state"] not in ("succeeded", "failed", "canceled"):
            job = self.request(f"/v1/jobs/{job['id']}?wait=30&since={job['version']}")
            done = job["progress"]
            tell(f"{done['runs_done']} of {done['runs']} runs")
        tell("")
        return job

    def run(self, job):
        """The job once it has succeeded."""
        try:
            job = self.finished(job)
        except Problem as problem:
            sys.exit(f"/v1/jobs: {problem.body}")
        if job["state"] != "succeeded":
            sys.exit(f"{job['id']} {job['state']}: {job['error']}")
        return job


def tell(progress):
    """In the last line of a terminal; nothing in a log."""
    if sys.stderr.isatty():
        print(f"\r  {progress:40}\r", end="", file=sys.stderr, flush=True)


@contextlib.contextmanager
def connected(args):
    """The server at --server, or one started for as long as this lasts, its data in a temporary folder."""
    if args.server:
        yield Server(args.server, args.token)
        return
    daemon = args.mutuald or os.environ.get("MUTUALD_BIN") or (str(BUILT) if BUILT.exists() else shutil.which("mutuald"))
    if not daemon:
        sys.exit(f"no mutuald at {BUILT} or in $PATH: build it, or name one with --mutuald or --server")
    with tempfile.TemporaryDirectory(prefix="mutuald-") as folder:
        port_file, log_file = pathlib.Path(folder, "port"), pathlib.Path(folder, "log")
        with open(log_file, "wb") as log:
            process = subprocess.Popen([daemon, "--listen", "127.0.0.1:0", "--port-file", port_file, "--data-dir", pathlib.Path(folder, "data")],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                       env={k: v for k, v in os.environ.items() if k != "MUTUALD_BIN"})  # it refuses settings that it does not know
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through the finally below
        try:
            while not (port_file.exists() and port_file.read_text().endswith("\n")):
                if process.poll() is not None:
                    sys.exit(f"{daemon} left with status {process.returncode}: {log_file.read_text(errors='replace')[-2000:]}")
                time.sleep(0.02)
            yield Server(f"http://127.0.0.1:{int(port_file.read_text())}")
        finally:
            process.terminate()
            process.wait()
