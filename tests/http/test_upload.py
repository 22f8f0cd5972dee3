"""Large uploads: bounded memory, nothing stalls, nothing is left behind."""

import contextlib
import hashlib
import http.client
import statistics
import threading
import time

import numpy as np
import pytest
from conftest import npy, sanitized

MIB = 1 << 20


def big_npy(mib, cols=64, seed=0):
    """A header and blocks of about `mib` MiB in all, the same for the same seed."""
    rows = mib * MIB // (4 * cols)
    rng = np.random.default_rng(seed)
    block = rng.standard_normal((4096, cols)).astype("<f4")
    head = npy(np.zeros((1, cols)))[:128].replace(b"(1, ", f"({rows}, ".encode())
    text = head[10:].rstrip(b" \n")
    head = head[:10] + text.ljust(117) + b"\n"
    assert len(head) == 128

    def blocks():
        yield head
        left = rows
        while left > 0:
            n = min(left, len(block))
            yield block[:n].tobytes()
            left -= n

    return rows, 128 + rows * cols * 4, blocks


def upload(server, name, size, blocks, timeout=300):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before its end: the answer is there all the same
            connection.request("PUT", f"/v1/datasets/{name}", body=blocks(), headers={"Content-Length": str(size)})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Prober:
    """Asks for one path all the time, from a thread; how long each answer took."""

    def __init__(self, server, path="/livez"):
        self.server, self.path, self.took, self.stopping = server, path, [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        while not self.stopping.is_set():
            begun = time.monotonic()
            connection.request("GET", self.path)
            assert connection.getresponse().read()
            self.took.append(1000 * (time.monotonic() - begun))
            time.sleep(0.005)
        connection.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def figures(self):
        return f"{self.path} median {statistics.median(self.took):.1f} ms, max {max(self.took):.1f} ms of {len(self.took)}"


def test_200_mb_in_bounded_memory_and_the_same_again(server):
    rows, size, blocks = big_npy(200)
    server.put("warm", npy(np.zeros((100, 64))))
    server.reset_peak()
    before = server.memory_kib()
    begun = time.monotonic()
    with Prober(server) as prober:
        status, body = upload(server, "big", size, blocks)
    took = time.monotonic() - begun
    grown = (server.memory_kib() - before) / 1024
    print(f"\n200 MiB in {took:.2f} s, peak memory grew {grown:.1f} MiB; meanwhile {prober.figures()}")
    assert status == 201, body
    assert f'"rows":{rows}'.encode() in body
    if not sanitized():
        assert grown < 32
    status, body = upload(server, "big", size, blocks)
    assert status == 200, body
    _, _, other = big_npy(200, seed=1)
    status, body = upload(server, "big", size, other)
    assert status == 409, body


def test_large_text_in_bounded_memory(server):
    line = (",".join(["0.123456"] * 20) + "\n").encode()
    lines = 20 * MIB // len(line)
    server.put("warm", line)
    server.reset_peak()
    before = server.memory_kib()
    status, body = upload(server, "text", lines * len(line), lambda: iter([line * 1000] * (lines // 1000) + [line * (lines % 1000)]))
    grown = (server.memory_kib() - before) / 1024
    print(f"\n20 MiB of csv: peak memory grew {grown:.1f} MiB")
    assert status == 201, body
    if not sanitized():
        assert grown < 32


def test_an_upload_that_is_cut_leaves_nothing(server):
    _, size, blocks = big_npy(8)
    for cut in (0, 100, MIB, 5 * MIB):
        with server.connect() as connection:
            connection.sendall(f"PUT /v1/datasets/cut HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
            connection.sendall(b"".join(blocks())[:cut])
    server.get("/v1/datasets/cut").problem(404)
    deadline = time.monotonic() + 20
    while "mutuald_http_connections 1\n" not in server.get("/metrics").body.decode():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    status, body = upload(server, "cut", size, blocks)
    assert status == 201, body


def test_chunked_and_slow_bodies_arrive_whole(server):
    body = npy(np.arange(3000.0).reshape(1000, 3))
    pieces = [body[i:i + 997] for i in range(0, len(body), 997)]
    assert server.put("chunked", iter(pieces)).status == 201
    with server.connect() as connection:
        connection.sendall(f"PUT /v1/datasets/slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.01)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 201 "), answer
    assert server.get("/v1/datasets/slow").json()["sha256"] == server.get("/v1/datasets/chunked").json()["sha256"]


def test_many_uploads_at_a_time_are_taken_or_told_to_come_back(server):
    _, size, blocks = big_npy(4)
    results = []

    def one(i):
        results.append(upload(server, f"many{i}", size, blocks)[0])

    threads = [threading.Thread(target=one, args=(i,)) for i in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) <= {201, 503} and results.count(201) >= 1, results


def test_large_files_being_read_leave_room_for_quick_requests(server):
    line = (",".join(["0.123456"] * 20) + "\n").encode()
    lines = 30000
    results = []

    def one(i):
        results.append(upload(server, f"text{i}", lines * len(line), lambda: iter([line * 1000] * (lines // 1000)))[0])

    threads = [threading.Thread(target=one, args=(i,)) for i in range(8)]
    with Prober(server, "/v1/queue") as prober:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(f"\n8 files of {lines * len(line) / MIB:.0f} MiB at a time: {prober.figures()}")
    assert results == [201] * 8
    assert statistics.median(prober.took) < 2000, "stalled"


@pytest.mark.parametrize("size", [0, 1, 255, 65536, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 512 * 1024])
def test_every_size_around_a_chunk_is_hashed_right(shared, size):
    body = b"1\n" * (size // 2) + (b"2" if size % 2 else b"")
    answer = shared.put(f"size{size}", body, "?format=csv")
    if size == 0:
        answer.problem(422)
        return
    assert answer.status == 201, answer
    described = answer.json()
    assert described["bytes"] == size and described["sha256"] == hashlib.sha256(body).hexdigest()
