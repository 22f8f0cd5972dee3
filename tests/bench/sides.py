"""Processes of either side, each in its own environment: settings of BLAS are read once, when a process loads it.

OpenBLAS picks kernels by the CPU, unless OPENBLAS_CORETYPE says otherwise; Debian 12's does not know every CPU that has AVX-512 and then falls back to
half of the machine. So what the caller's shell says is taken out for both sides, and tuned runs name the AVX-512 kernels where the CPU has them. Every
figure says which kernels ran.
"""
import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("MUTUALD_BUILD", ROOT / "build/release"))
PYTHON = os.environ.get("BENCH_PYTHON", "/usr/bin/python3")  # Debian's: the one that sees python3-torch and python3-numpy
NEUTRAL = ("OPENBLAS_", "OMP_", "GOMP_", "MKL_", "ATEN_", "MALLOC_", "MUTUALD_")
MUCH_MEMORY = str(1 << 30)


def has_avx512():
    with open("/proc/cpuinfo") as info:
        return " avx512f" in info.read()


def clean():
    """The environment without anything that tunes or handicaps a side."""
    return {k: v for k, v in os.environ.items() if not k.startswith(NEUTRAL)}


def tuned(threads):
    """The best settings found for torch and numpy (see torch_step.py)."""
    env = clean()
    env.update(OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads), MALLOC_MMAP_THRESHOLD_=MUCH_MEMORY,
               MALLOC_TRIM_THRESHOLD_=MUCH_MEMORY, MALLOC_TOP_PAD_=str(100 << 20))
    if has_avx512():
        env.update(OPENBLAS_CORETYPE="SkylakeX", ATEN_CPU_CAPABILITY="avx512")
    return env


class Missing(Exception):
    """Something a part needs is not there; the message says what."""


def program(name):
    path = BUILD / name
    if not path.exists():
        raise Missing(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path} is not built")
    return str(path)


def run_json(argv, env, timeout=600):
    """The JSON objects that a program prints, one a line."""
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise Missing(f"{pathlib.Path(argv[0]).name} left with {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise Missing(f"{pathlib.Path(argv[0]).name} printed no JSON")
    return [json.loads(line) for line in lines]


def need_module(name):
    found = subprocess.run([PYTHON, "-c", f"import {name}"], env=clean(), capture_output=True, text=True)
    if found.returncode != 0:
        raise Missing(f"{PYTHON} has no {name}")


class Worker:
    """A script of this folder that answers a line of JSON with a line of JSON. It starts once, for importing torch takes a second."""

    def __init__(self, script, env):
        self.process = subprocess.Popen([PYTHON, str(HERE / script)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Missing(f"{self.process.args[1]} ended")
        return json.loads(line)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
