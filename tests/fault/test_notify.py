"""What systemd is told, over a datagram socket of our own."""

import socket


def listen(path):
    notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notifications.bind(str(path))
    notifications.settimeout(20)
    return notifications


def test_systemd_hears_ready_watchdog_and_stopping(daemon, tmp_path):
    path = tmp_path / "notify"
    with listen(path) as notifications:
        server = daemon(env={"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "200000"}).start()
        ready = notifications.recv(4096).decode()
        assert ready.splitlines() == ["READY=1", f"STATUS=Serving on port {server.port}"]
        assert notifications.recv(4096) == b"WATCHDOG=1"
        assert notifications.recv(4096) == b"WATCHDOG=1"
        assert server.stop() == 0
        heard = []
        notifications.settimeout(1)
        while "STOPPING=1" not in heard:
            heard.append(notifications.recv(4096).decode())


def test_ready_means_that_requests_are_answered(daemon, tmp_path):
    path = tmp_path / "notify"
    with listen(path) as notifications:
        server = daemon(env={"NOTIFY_SOCKET": str(path)}).start()
        assert notifications.recv(4096).startswith(b"READY=1")
        assert server.get("/readyz").status == 200
