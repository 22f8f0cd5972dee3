"""How time and memory grow with rows, columns, the batch, and the jobs that wait. The exponent between two sizes is log(cost ratio) / log(size ratio):
1 is linear, 0 is free. Steps are few and fixed, so that it is the cost of the data that grows and not the luck of early stopping.

Each line's baseline is the size before. Small sizes are dominated by what does not grow, and their exponents are below the true ones.
"""
import concurrent.futures
import json
import math
import statistics
import time

from part_service import TINY, train_for_ever
from server import Daemon, daemon, gaussian

ROWS = (1000, 10000, 100000, 1000000)
COLUMNS = (8, 64, 512, 4096)
BATCHES = (64, 128, 256, 512, 1024)
QUEUED = (1000, 10000, 100000)
LARGEST_ROWS = ROWS[-1]
STEPS = 50
FILLING = 16  # connections that submit


def emit(report, name, parameter, sizes, costs, unit):
    """costs: {size: [of each run]}."""
    for before, size in zip(sizes, sizes[1:]):
        small, large = (statistics.median(costs[s]) for s in (before, size))
        each = [math.log(b / a) / math.log(size / before) for a, b in zip(costs[before], costs[size]) if a > 0 and b > 0]
        report.grown(name, parameter, before, size, small, large, unit, each)


def estimate(one, x, y, **spec):
    """Seconds and MiB above idle of one estimate over uploaded data, upload included."""
    one.forget_peak()
    idle, begun = one.memory("VmRSS"), time.perf_counter()
    one.upload("x", x)
    one.upload("y", y)
    uploaded = time.perf_counter() - begun
    train = {"max_steps": STEPS, **spec.pop("train", {})}
    one.run(x={"dataset": "x"}, y={"dataset": "y"}, train=train, **spec)
    return {"seconds": time.perf_counter() - begun, "upload": uploaded, "mb": max(one.memory() - idle, 0.1)}


def sweep(report, name, parameter, sizes, make, runs):
    """make(size) -> (x, y, spec). A daemon for each estimate: memory that it kept from the last would not show."""
    found = {size: [] for size in sizes}
    for turn in range(runs):
        for size in sizes:
            if turn > 0 and size == LARGEST_ROWS:
                continue  # a minute each, and no noise to speak of
            x, y, spec = make(size)
            with daemon("--max-body", "64G", "--max-workspace", "64G") as one:
                found[size].append(estimate(one, x, y, **spec))
    for key, what, unit in (("seconds", "time", "s"), ("mb", "memory", "MiB"), ("upload", "upload", "s")):
        if key != "upload" or parameter != "batch":
            emit(report, f"growth.{name}.{what}", parameter, sizes, {s: [f[key] for f in found[s]] for s in sizes}, unit)


def median_ms(call, times):
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - begun))
    return statistics.median(taken)


def fill(one, until):
    """Submit until so many jobs wait, over several connections: the store commits what comes together at once."""
    body = json.dumps(TINY).encode()
    missing = until - one.want("GET", "/v1/queue")["jobs"]["queued"]

    def some(count):
        mine = object.__new__(Daemon)  # a second client of the same daemon
        mine.port, mine.connection = one.port, None
        for _ in range(count):
            mine.want("POST", "/v1/jobs", body, {"Content-Type": "application/json"})

    shares = [missing // FILLING + (k < missing % FILLING) for k in range(FILLING)]
    with concurrent.futures.ThreadPoolExecutor(FILLING) as pool:
        list(pool.map(some, shares))


def claims_per_second(one, seconds=2.0):
    """How fast a worker goes through tiny jobs, claim and result included, with the rest still waiting."""
    before = one.want("GET", "/v1/queue")["jobs"]["succeeded"]
    begun = time.perf_counter()
    time.sleep(seconds)
    done = one.want("GET", "/v1/queue")["jobs"]["succeeded"] - before
    return max(done, 0.5) / (time.perf_counter() - begun)


def queue(report, sizes):
    """One worker, held by a job that does not end while the queue fills; then it is canceled and the worker goes through the queue."""
    costs = {what: {} for what in ("submit", "list", "next_page", "read", "queue_state", "claim")}
    memory = {}
    for size in sizes:
        with daemon("--max-queue", "1000000", "--workers", "1") as one:
            one.upload("x", gaussian(2000, 20, 1.5)[0])
            one.upload("y", gaussian(2000, 20, 1.5)[1])
            endless = train_for_ever(one)
            fill(one, size)
            page = one.want("GET", "/v1/jobs?limit=100")
            after = page.get("next")
            costs["submit"][size] = [median_ms(lambda: one.submit(**TINY), 50)]
            costs["list"][size] = [median_ms(lambda: one.want("GET", "/v1/jobs?limit=100"), 20)]
            costs["next_page"][size] = [median_ms(lambda: one.want("GET", f"/v1/jobs?limit=100&after={after}"), 20)]
            costs["read"][size] = [median_ms(lambda: one.want("GET", "/v1/jobs/" + page["data"][0]["id"]), 50)]
            costs["queue_state"][size] = [median_ms(lambda: one.want("GET", "/v1/queue"), 20)]
            memory[size] = [one.memory("VmRSS")]
            one.want("POST", f"/v1/jobs/{endless}/cancel")
            one.wait(endless)
            costs["claim"][size] = [1000 / claims_per_second(one)]
    for what, unit_costs in costs.items():
        if unit_costs:
            emit(report, f"growth.queue.{what}", "queued jobs", sizes, unit_costs, "ms")
    emit(report, "growth.queue.memory", "queued jobs", sizes, memory, "MiB")


def run(report, quick):
    runs = 1 if quick else 3

    def by_rows(n):
        return *gaussian(n, 4, 1.0), {}

    def by_columns(d):
        return *gaussian(2000, d, 1.0), {}

    def by_batch(b):
        return *gaussian(10000, 20, 1.5), {"train": {"batch": b, "max_steps": 100}}

    sweep(report, "rows", "rows", ROWS[:2] if quick else ROWS, by_rows, runs)
    sweep(report, "columns", "columns", COLUMNS[:3] if quick else COLUMNS, by_columns, runs)
    sweep(report, "batch", "batch", BATCHES[:3] if quick else BATCHES, by_batch, runs)
    queue(report, (200, 2000) if quick else QUEUED)
