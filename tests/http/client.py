"""Speaking to a daemon: ordinary requests over http.client, event streams, and raw bytes where the request itself is the test."""

import contextlib
import http.client
import json
import re
import socket
import time


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __iter__(self):
        return iter((self.status, self.headers, self.body))

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"

    def json(self):
        return json.loads(self.body)

    def problem(self, status, code=None):
        """It is that problem; returns its object."""
        assert self.status == status, self
        assert self.headers["Content-Type"] == "application/problem+json", dict(self.headers)
        found = self.json()
        assert found["status"] == status and found["title"] and found["type"].startswith("/problems/")
        assert found["request_id"] == self.headers["X-Request-Id"]
        assert code is None or found["code"] == code, found
        return found


class Client:
    def __init__(self, port, token=None):
        self.port, self.token = port, token

    def request(self, method, path, body=None, headers=None, json_body=None, timeout=60):
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if json_body is not None:
            body = json.dumps(json_body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def put(self, name, body, query="", **kwargs):
        return self.request("PUT", f"/v1/datasets/{name}{query}", body=body, **kwargs)

    def submit(self, spec, headers=None, **kwargs):
        return self.request("POST", "/v1/jobs", json_body=spec, headers=headers, **kwargs)

    def wait_job(self, job_id, timeout=120):
        """The job once it has ended."""
        deadline = time.monotonic() + timeout
        while True:
            job = self.get(f"/v1/jobs/{job_id}?wait=10").json()
            if job["state"] in ("succeeded", "failed", "canceled"):
                return job
            assert time.monotonic() < deadline, job

    def run_job(self, spec, timeout=120):
        submitted = self.submit(spec)
        assert submitted.status in (200, 202), submitted
        return self.wait_job(submitted.json()["id"], timeout)

    def connect(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def raw(self, request, timeout=20):
        """Send these bytes; everything that comes until the server closes or falls silent."""
        if isinstance(request, str):
            request = request.encode("latin-1")
        with self.connect(timeout) as connection:
            connection.sendall(request)
            return read_to_end(connection)

    @contextlib.contextmanager
    def events(self, job_id, last=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {"Last-Event-ID": str(last)} if last is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request("GET", f"/v1/jobs/{job_id}/events", headers=headers)
            response = connection.getresponse()
            assert response.status == 200, response.read()
            assert response.headers["Content-Type"].startswith("text/event-stream")
            yield Events(response)
        finally:
            connection.close()


class Events:
    """Iterates over (id, event, data) of a stream until it ends."""

    def __init__(self, response):
        self.response = response

    def __iter__(self):
        number, name, data = None, "message", []
        while True:
            line = self.response.readline().decode()
            if not line:
                return
            line = line.rstrip("\n")
            if line.startswith("id: "):
                number = int(line[4:])
            elif line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
            elif not line and data:
                yield number, name, json.loads("\n".join(data))
                name, data = "message", []


def read_to_end(connection):
    pieces = []
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def statuses(raw):
    """The status codes of the answers in a connection's bytes."""
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3}) ", raw)]
