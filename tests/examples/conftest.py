"""The scripts of clients/examples as modules, and a web server on 127.0.0.1 that can cut, change and refuse. Nothing leaves the machine."""

import http.server
import pathlib
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "clients/examples"
sys.path.insert(0, str(EXAMPLES))


class Site(http.server.ThreadingHTTPServer):
    """files: {path: bytes}. cut: bytes after which the next answers end early, one entry each. asked: (path, Range) of every request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cut, self.asked, self.status, self.version, self.ranges = {}, [], [], [], '"v1"', True

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        site = self.server
        path = self.path.partition("?")[0]
        asked = self.headers.get("Range")
        site.asked.append((self.path, asked))
        if site.status:
            self.send_error(site.status.pop(0))
            return
        content, first = site.files[path], 0
        if asked and site.ranges and self.headers.get("If-Range") == site.version:
            first = int(asked.removeprefix("bytes=").rstrip("-"))
        if first and first >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if site.version:
            self.send_header("ETag", site.version)
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        body = content[first:]
        self.wfile.write(body[:site.cut.pop(0)] if site.cut else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
