"""wrk, and what it printed as numbers."""
import re
import shutil
import subprocess
import tempfile

from sides import Missing, clean

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
CONNECTIONS = 4


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * UNITS[unit]


def need():
    if not shutil.which("wrk"):
        raise Missing("wrk is not installed")


def parse(text):
    """Rate in 1/s, latencies in ms, answers that were no 2xx and sockets that failed."""
    found = {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
             "max": milliseconds(re.search(r"Latency\s+\S+\s+\S+\s+(\S+)", text).group(1))}
    for share in ("50", "99"):
        found["p" + share] = milliseconds(re.search(rf"^\s+{share}%\s+(\S+)", text, re.M).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    found["bad"] = int(bad.group(1)) if bad else 0
    found["errors"] = sum(map(int, errors.groups())) if errors else 0
    return found


def run(url, seconds, post=None, connections=CONNECTIONS):
    """Load by one thread over some connections; with `post`, that JSON text as the body of POSTs."""
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10s", "--latency"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if post is not None:
            script.write('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [==[' + post + "]==]\n")
            script.flush()
            argv += ["-s", script.name]
        done = subprocess.run([*argv, url], env=clean(), capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode != 0 or done.stderr.strip():
        raise RuntimeError("wrk: " + (done.stderr or done.stdout)[-300:])
    return parse(done.stdout)
