"""A per-protein HDF5 file from its upload to the data set, beside h5py reading it; memory of the daemon and of its reader."""
import pathlib
import tempfile
import threading
import time

import numpy

from server import daemon
from sides import HERE, PYTHON, Missing, clean, run_json

ROWS, COLUMNS = 20000, 1024
SECONDS_LIMIT, MIB_LIMIT = 5, 200


def make(path, rows):
    """float16, one data set for each accession, as UniProt publishes embeddings."""
    try:
        import h5py
    except ImportError as error:
        raise Missing("python3-h5py is not installed") from error
    rng = numpy.random.default_rng(3)
    with h5py.File(path, "w") as file:
        for row in range(rows):
            file.create_dataset(f"P{row:05d}", data=rng.standard_normal(COLUMNS, dtype=numpy.float32).astype(numpy.float16))


class Reader(threading.Thread):
    """Peak MiB of the mutuald-hdf5 processes of a daemon, looked at while they run."""

    def __init__(self, parent):
        super().__init__(daemon=True)
        self.parent, self.peak, self.ended = parent, 0.0, threading.Event()

    def _children(self):
        for task in pathlib.Path(f"/proc/{self.parent}/task").iterdir():
            try:
                yield from (task / "children").read_text().split()
            except OSError:
                pass

    def run(self):
        while not self.ended.wait(0.003):
            for pid in self._children():
                try:
                    status = pathlib.Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue
                fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
                if fields["Name"].strip() == "mutuald-hdf5" and "VmHWM" in fields:
                    self.peak = max(self.peak, int(fields["VmHWM"].split()[0]) / 1024)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def upload(path, rows):
    """Seconds until the answer to the file's upload, MiB that the daemon grew by at most, MiB of its reader."""
    with daemon() as one, Reader(one.process.pid) as reader:
        one.forget_peak()
        idle, begun = one.memory("VmRSS"), time.perf_counter()
        with open(path, "rb") as file:
            headers = {"Content-Type": "application/x-hdf5", "Content-Length": str(path.stat().st_size)}
            made = one.want("PUT", "/v1/datasets/proteins", file, headers)
        seconds = time.perf_counter() - begun
        if (made["rows"], made["columns"]) != (rows, COLUMNS):
            raise RuntimeError(f"the upload became {made}")
        return {"seconds": seconds, "grown": one.memory() - idle, "reader": reader.peak}


def read(path, how):
    return run_json([PYTHON, str(HERE / "h5py_read.py"), str(path), how], clean())[0]


def run(report, quick):
    rows, runs = (2000, 3) if quick else (ROWS, 5)
    with tempfile.TemporaryDirectory(prefix="mutuald-bench-") as folder:
        path = pathlib.Path(folder) / "per-protein.h5"
        make(path, rows)
        found = [(upload(path, rows), read(path, "plain"), read(path, "low")) for _ in range(runs)]
        size = path.stat().st_size / 2**20
    name, about = f"pairs.hdf5.{rows}x{COLUMNS}", f"h5py {found[0][1]['h5py']}"

    def time_figure(more, baseline, seconds, target=None):
        pairs = [(ours["seconds"], seconds(plain, low)) for ours, plain, low in found]
        report.figure(f"{name}.upload{more}", pairs, "s", baseline, better="lower", target=target)

    def memory_figure(what, *keys, **more):
        pairs = [(sum(ours[key] for key in keys), plain["mb"]) for ours, plain, _ in found]
        report.figure(f"{name}.{what}", pairs, "MiB", "peak of a Python that reads it by h5py", better="lower", **more)

    time_figure("", f"{about}, file[name][:] into the array, without its import", lambda plain, low: plain["seconds"], ("<=", SECONDS_LIMIT))
    time_figure(".vs_script", "the same with the import", lambda plain, low: plain["seconds"] + plain["import_seconds"])
    time_figure(".vs_low_level", f"{about}, low-level reads into one buffer, without its import", lambda plain, low: low["seconds"])
    memory_figure("daemon_growth", "grown", note=f"the matrix is {rows * COLUMNS * 4 / 2**20:.0f} MiB, the file {size:.0f}")
    memory_figure("reader_peak", "reader")
    memory_figure("growth_and_reader", "grown", "reader", target=("<=", MIB_LIMIT))
