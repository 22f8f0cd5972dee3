"""What goes wrong with sockets, one test (or more) for each trap that libmicrohttpd, libuv and HTTP/1.1 set."""

import http.client
import os
import re
import resource
import select
import socket
import subprocess
import threading
import time

import pytest
from client import read_to_end, statuses
from conftest import ENDLESS, npy, pair_spec

import numpy as np


def metric(server, name):
    return float(re.search(rf"^{name} (\S+)$", server.get("/metrics").body.decode(), re.M).group(1))


def until(condition, seconds=30, what="it does not happen"):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def cpu_seconds(server):
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def endless(server, **changes):
    return server.submit(pair_spec(**ENDLESS, **changes)).json()["id"]


def open_get(server, path, headers=""):
    connection = server.connect(60)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
    return connection


# ---- 1: what was read but not asked for again ----


def test_a_body_that_is_sent_in_one_go_is_read_to_its_end(shared):
    body = npy(np.zeros((300000, 4)))
    head = f"PUT /v1/datasets/whole HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert shared.raw(head + body, timeout=60).startswith(b"HTTP/1.1 201 ")


# ---- 2, 4, 6: shutdown with everything open ----


def test_shutdown_answers_long_polls_ends_streams_and_exits_0(server):
    server.put_pair()
    job = endless(server)
    polls = [open_get(server, f"/v1/jobs/{job}?wait=60") for _ in range(20)]
    streams = [open_get(server, f"/v1/jobs/{job}/events") for _ in range(20)]
    idle = [server.connect() for _ in range(5)] + [open_get(server, "/livez")]
    submitting = server.connect(60)
    body = b'{"x":{"dataset":"x"},"y":{"dataset":"y"},"train":{"max_steps":1000000,"early_stopping":false}}'
    submitting.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nPrefer: wait=60\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    until(lambda: metric(server, "mutuald_http_streams") == 41)
    took = server.stop()
    print(f"\nstopped in {took:.2f} s with 20 long-polls and 20 streams open")
    assert took < 30
    for connection in polls:
        answer = read_to_end(connection)
        assert answer.startswith(b"HTTP/1.1 200 ") and b'"state":"' in answer and b"Connection: close" in answer
    for connection in streams:
        assert read_to_end(connection).endswith(b"\r\n0\r\n\r\n"), "the stream ends as chunked encoding wants"
    assert read_to_end(submitting).startswith(b"HTTP/1.1 202 ")
    for connection in idle:
        read_to_end(connection)
    with pytest.raises(OSError):
        server.connect()


def test_shutdown_waits_for_an_answer_on_its_way_but_not_for_ever(server_factory):
    server = server_factory("--drain", "2s")
    body = npy(np.zeros((100, 2)))
    with server.connect() as connection:
        connection.sendall(f"PUT /v1/datasets/half HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:-1])
        time.sleep(0.2)
        server.terminate()
        time.sleep(0.3)
        connection.sendall(body[-1:])
        assert read_to_end(connection).startswith(b"HTTP/1.1 201 ")
    assert server.stop() < 30
    server.start()
    with server.connect() as connection:
        connection.sendall(b"PUT /v1/datasets/never HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
        time.sleep(0.2)
        assert server.stop() < 30


def test_shutdown_while_requests_come_in(server):
    server.put_pair()
    stopping = threading.Event()
    strange = []

    def hammer():
        while not stopping.is_set():
            try:
                status = server.get("/v1/queue", timeout=10).status
                if status not in (200, 503):
                    strange.append(status)
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    server.stop()
    stopping.set()
    for thread in threads:
        thread.join()
    assert not strange


# ---- 3: clients that left ----


def test_clients_that_left_are_noticed_while_their_job_is_silent(server_factory):
    server = server_factory("--workers", 1)
    server.put_pair()
    endless(server)
    waiting = endless(server, seed="1")
    connections = [open_get(server, f"/v1/jobs/{waiting}?wait=60&since=1") for _ in range(10)]
    connections += [open_get(server, f"/v1/jobs/{waiting}/events") for _ in range(10)]
    # One has sent its next request already: unread bytes must not hide that it left.
    connections[0].sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    until(lambda: metric(server, "mutuald_http_streams") == 20)
    for i, connection in enumerate(connections):
        if i % 2:  # some with a reset instead of an orderly end
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.close()
    until(lambda: metric(server, "mutuald_http_streams") == 0, 20, "clients that left are still counted")
    until(lambda: metric(server, "mutuald_http_connections") == 1)


# ---- 5: neither suspended nor stalled connections spin ----


def test_waiting_costs_no_cpu(server_factory):
    server = server_factory("--workers", 1)
    server.put_pair()
    job = server.run_job(pair_spec())
    busy = endless(server)
    waiting = endless(server, seed="1")
    connections = [open_get(server, f"/v1/jobs/{waiting}?wait=60&since=1") for _ in range(20)]
    connections += [open_get(server, f"/v1/jobs/{waiting}/events") for _ in range(20)]
    stalled = server.connect()
    stalled.sendall(b"PUT /v1/datasets/stall HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"1\n" * 200000)
    assert server.request("POST", f"/v1/jobs/{busy}/cancel").status in (200, 202)
    server.wait_job(busy)
    server.request("POST", f"/v1/jobs/{waiting}/cancel")
    server.wait_job(waiting)
    until(lambda: metric(server, "mutuald_http_streams") == 0)
    idle = [open_get(server, f"/v1/jobs/{job['id']}/events") for _ in range(5)]
    time.sleep(0.5)
    before = cpu_seconds(server)
    time.sleep(2)
    spent = cpu_seconds(server) - before
    print(f"\nCPU of 2 s with stalled and idle connections: {spent:.2f} s")
    assert spent < 1
    for connection in [*connections, stalled, *idle]:
        connection.close()


# ---- 7: a stream that is not read ----


def test_streams_that_nobody_reads_hold_nobody_up(server_factory):
    server = server_factory("--idle-timeout", "2s")
    server.put_pair(rows=64, cols=1)
    job = server.submit(pair_spec(critic={"hidden": [8], "embed": 2}, train={
        "max_steps": 3000, "early_stopping": False, "evaluate_every": 1, "evaluate_fraction": 0, "batch": 16})).json()["id"]
    deaf = []
    for _ in range(10):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(f"GET /v1/jobs/{job}/events HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        deaf.append(connection)
    with server.events(job, timeout=120) as stream:
        events = [event for event in stream]
    assert events[-1][1] == "done"
    numbers = [number for number, _, _ in events]
    assert numbers == list(range(1, len(numbers) + 1)), "a reader that keeps up misses nothing"
    assert server.get("/livez").status == 200
    until(lambda: metric(server, "mutuald_http_streams") == 0, 30, "streams that nobody reads stay open")
    for connection in deaf:
        connection.close()


# ---- 8: slowloris ----


def drip(server, request, seconds, each=0.1):
    """Send a byte at a time; after how many seconds the server closed, or None."""
    begun = time.monotonic()
    with server.connect() as connection:
        for byte in request:
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                return time.monotonic() - begun
            if select.select([connection], [], [], each)[0] and not connection.recv(4096):
                return time.monotonic() - begun
            if time.monotonic() - begun > seconds:
                return None
    return None


def test_a_head_that_never_ends_is_cut(server_factory):
    server = server_factory("--header-timeout", "1s", "--idle-timeout", "30s")
    took = drip(server, b"GET /livez HTTP/1.1\r\n" + b"X-A: b\r\n" * 1000, 15)
    assert took is not None and took < 10, "a slow head stays open"
    with server.connect() as silent:
        assert silent.recv(100) == b"", "a connection that says nothing is closed too"
    with server.connect() as kept:
        kept.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(3)
        kept.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert statuses(read_to_end(kept)) == [200, 200], "between requests a client may be silent"


def test_a_body_that_never_ends_is_cut(server_factory):
    server = server_factory("--header-timeout", "1s", "--idle-timeout", "2s")
    request = b"PUT /v1/datasets/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    begun = time.monotonic()
    with server.connect() as connection:
        connection.sendall(request)
        with pytest.raises(OSError):
            while time.monotonic() - begun < 15:
                connection.sendall(b"1")
                time.sleep(0.2)
    assert time.monotonic() - begun < 12


def test_connections_are_limited_in_all_and_per_address(server_factory):
    for flags in (("--max-connections", 8), ("--max-connections-per-ip", 8)):
        server = server_factory(*flags)
        held = [server.connect(3) for _ in range(20)]
        time.sleep(0.3)
        answered = 0
        for connection in held:
            try:
                connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
                connection.settimeout(0.3)
                answered += connection.recv(4096).startswith(b"HTTP/1.1 200")
            except OSError:
                pass
        assert 7 <= answered <= 8, flags  # the start's own connection may still count
        for connection in held:
            connection.close()
        until(lambda: attempt(server) == 200, 20, "the limit does not lift")


def attempt(server):
    try:
        return server.get("/livez", timeout=5).status
    except (OSError, http.client.HTTPException):
        return None


def test_waits_are_limited(server_factory):
    server = server_factory("--max-streams", 3)
    server.put_pair()
    job = endless(server)
    held = [open_get(server, f"/v1/jobs/{job}/events") for _ in range(3)]
    until(lambda: metric(server, "mutuald_http_streams") == 3)
    for path in (f"/v1/jobs/{job}/events", f"/v1/jobs/{job}?wait=5"):
        answer = server.get(path)
        answer.problem(503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    assert server.get(f"/v1/jobs/{job}").status == 200
    for connection in held:
        connection.close()
    until(lambda: server.get(f"/v1/jobs/{job}?wait=1").status == 200)


# ---- 9: framing ----

HOST = b"Host: x\r\n"


@pytest.mark.parametrize("head", [
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\n", id="two lengths"),
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\ncontent-length: 4\r\n\r\n", id="one length twice"),
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", id="length and chunked"),
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", id="chunked and length"),
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", id="xchunked"),
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", id="gzip, chunked"),
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", id="two encodings"),
    pytest.param(b"POST /v1/jobs HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", id="chunked in 1.0"),
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n", id="length of 2^64-1"),
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: -4\r\n\r\n", id="negative length"),
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 0x4\r\n\r\n", id="hexadecimal length"),
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\n", id="list of lengths"),
    pytest.param(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\n", id="blank before the colon"),
    pytest.param(b"GET /livez HTTP/1.1\r\n\r\n", id="no host"),
    pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", id="two hosts"),
    pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: a\x01b\r\n\r\n", id="control character"),
    pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n", id="blank in a name"),
    pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 101 + b"\r\n", id="101 fields"),
    pytest.param(b"GET http://x/livez HTTP/1.1\r\nHost: x\r\n\r\n", id="absolute target"),
    pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", id="asterisk"),
    pytest.param(b"GET /livez?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="long target"),
])
def test_a_request_that_two_readers_could_see_differently_is_refused_and_its_connection_closed(shared, head):
    smuggled = b"GET /v1/info HTTP/1.1\r\nHost: x\r\n\r\n"
    well_framed = head.startswith((b"GET http", b"OPTIONS", b"GET /livez?"))  # then the connection may go on
    raw = shared.raw(head + smuggled, timeout=1 if well_framed else 10)
    if well_framed:
        assert statuses(raw)[0] == 400
    else:  # libmicrohttpd's own refusals come with a doubled head
        assert set(statuses(raw)) <= {400}, raw[:2000]
    assert shared.get("/livez").status == 200


@pytest.mark.parametrize("bytes_", [
    b"\r\n\r\n\r\n", b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"GET " + b"/" * 200000, b"GET / HTTP/1.1\r\nX: " + b"y" * 200000, b"A" * 300000,
    b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}\r\n",
])
def test_bytes_that_are_no_http_never_stop_the_daemon(shared, bytes_):
    try:
        raw = shared.raw(bytes_, timeout=1)
    except OSError:
        raw = b""
    assert all(400 <= status < 600 for status in statuses(raw)), raw[:500]
    assert shared.get("/livez").status == 200


# ---- 10: %00 ----


@pytest.mark.parametrize("path", ["/livez%00zz", "/%00", "/v1/jobs%00", "/v1/info?%00=1", "/livez%0d%0aX:%20y", "/livez%", "/livez%2"])
def test_a_control_character_in_the_target_is_not_cut_but_refused(shared, path):
    shared.get(path).problem(400, "bad_request")


def test_dots_and_encoded_slashes_do_not_travel(shared):
    for path in ("/v1/../livez", "/v1%2Finfo", "/v1/datasets/..%2F..%2Fetc%2Fpasswd", "/v1/datasets/%2e%2e", "//livez", "/livez/"):
        shared.get(path).problem(404, "not_found")


# ---- 11: refusal before the body ----


def test_too_large_is_told_before_the_body_is_sent(server_factory):
    server = server_factory("--max-body", "1M")
    head = b"PUT /v1/datasets/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n"
    raw = server.raw(head)
    assert statuses(raw) == [413] and b'"code":"too_large"' in raw
    received = []
    for _ in range(6):  # clients that do not wait for it
        with server.connect() as connection:
            try:
                connection.sendall(head.replace(b"Expect: 100-continue\r\n", b""))
                for _ in range(200):
                    connection.sendall(bytes(65536))
            except OSError:
                pass
            received.append(read_to_end(connection).startswith(b"HTTP/1.1 413 "))
    print(f"\n413 reached {sum(received)} of 6 clients that did not wait")
    assert server.get("/livez").status == 200


def test_expect_100_is_honoured(shared):
    body = npy(np.ones((5, 2)))
    with shared.connect() as connection:
        connection.sendall(f"PUT /v1/datasets/expect HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert b"HTTP/1.1 201 " in read_to_end(connection)


# ---- 12: descriptors run out ----


def test_running_out_of_descriptors_is_survived(server_factory, tmp_path):
    server = server_factory("--workers", 1)
    opened = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (opened + 10, opened + 10))
    held = []
    for _ in range(60):
        held.append(server.connect(2))
    before = cpu_seconds(server)
    time.sleep(1)
    spent = cpu_seconds(server) - before
    print(f"\nCPU of 1 s without descriptors: {spent:.2f} s")
    for connection in held:
        connection.close()
    until(lambda: attempt(server) == 200, 20)
    server.put_pair()
    assert server.run_job(pair_spec())["state"] == "succeeded"


# ---- order on one connection ----


def test_pipelined_requests_are_answered_in_order(shared):
    paths = ["/livez", "/v1/queue", "/nowhere", "/v1/info", "/v1/jobs?x=1", "/readyz", "/livez"] * 3
    request = b"".join(f"GET {p} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for p in paths)
    raw = shared.raw(request + b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert statuses(raw) == [200, 200, 404, 200, 400, 200, 200] * 3 + [200]


def test_a_get_with_a_body_is_answered_and_the_body_is_not_the_next_request(shared):
    inner = b"GET /v1/info HTTP/1.1\r\nHost: x\r\n\r\n"
    raw = shared.raw(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner)
    assert statuses(raw) == [200]
    raw = shared.raw(b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    assert statuses(raw) == [413]


def test_http_1_0_works(shared):
    raw = shared.raw(b"GET /livez HTTP/1.0\r\n\r\n")
    assert raw.split(b" ")[1] == b"200" and raw.endswith(b'{"status":"ok"}')


def test_the_healthcheck_of_the_binary(server):
    from conftest import MUTUALD

    clean = {k: v for k, v in os.environ.items() if not k.startswith("MUTUALD_")}
    flags = [MUTUALD, "--healthcheck", "--listen", f"127.0.0.1:{server.port}"]
    assert subprocess.run(flags, timeout=60, env=clean).returncode == 0
    server.stop()
    assert subprocess.run(flags, timeout=60, env=clean, stderr=subprocess.DEVNULL).returncode != 0
