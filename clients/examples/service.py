"""A running mutuald, with the standard library alone."""

import json
import sys
import urllib.error
import urllib.request


def add_arguments(parser):
    parser.add_argument("--server", default="http://127.0.0.1:8080", metavar="URL", help="of mutuald (default %(default)s)")
    parser.add_argument("--token", help="bearer token of the server")


class Server:
    def __init__(self, url, token=None):
        self.url = url.rstrip("/")
        self.headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}

    def call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, data, self.headers), timeout=90) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"{path}: {error.read().decode()}")
        except urllib.error.URLError as error:
            sys.exit(f"{self.url}: {error.reason}; is mutuald running there? (--server)")

    def run(self, job):
        """The job once it has succeeded; how far it is goes to stderr."""
        job = self.call("/v1/jobs", job)
        while job["state"] not in ("succeeded", "failed", "canceled"):
            job = self.call(f"/v1/jobs/{job['id']}?wait=30&since={job['version']}")
            done = job["progress"]
            print(f"\r  {done['runs_done']} of {done['runs']} runs ", end="", file=sys.stderr, flush=True)
        print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)
        if job["state"] != "succeeded":
            sys.exit(f"{job['id']} {job['state']}: {job['error']}")
        return job
