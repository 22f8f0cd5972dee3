"""RESULTS.md: the machine, the command, and a table for each part with the targets beside the figures."""
import datetime
import os
import pathlib
import re
import subprocess

from sides import BUILD, HERE

TITLES = {"step": "Optimiser steps", "estimate": "A whole default estimate", "scoring": "Scoring", "service": "Service", "growth": "Cost growth", "screen": "Screens",
          "pairs.hdf5": "A per-protein HDF5 file", "pairs.request": "Pairs of one request to a model", "pairs.auroc": "Held-out pairs of proteins"}
INTRO = """# Measured

Written by `python3 tests/bench/run.py --write`. Each section says when it was measured and on what load: parts that a call does not run stay as they are.
Every ratio is the median over alternating runs of `value` and `baseline`; above 1 is in favour of `value` whichever way is better, and the spread is
the lowest and the highest of the pairs. Bare times and rates are medians of the same runs: on another machine, or on this one when others use it,
only the ratios hold.
"""


def first_line(*argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True).stdout.splitlines()[0].strip()
    except (OSError, IndexError):
        return "not found"


def field(path, pattern, default="unknown"):
    try:
        found = re.search(pattern, pathlib.Path(path).read_text(), re.M)
    except OSError:
        return default
    return found.group(1) if found else default


def compiler():
    name = field(BUILD / "CMakeCache.txt", r"^CMAKE_C_COMPILER:\w+=(.*)$", "cc")
    return first_line(name, "--version")


def machine():
    """What a reader needs to judge the figures; names no path."""
    flags = field("/proc/cpuinfo", r"^flags\s*:(.*)$", "")
    vector = [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f in flags.split()]
    gib = int(field("/proc/meminfo", r"MemTotal:\s+(\d+)", "0")) / 2**20
    compared = ("libopenblas0-pthread", "python3-torch", "python3-numpy", "python3-h5py", "wrk")
    packages = {name: first_line("dpkg-query", "-W", "-f", "${Version}\n", name) for name in compared}
    cpu = [field("/proc/cpuinfo", rf"^{name}\s*:\s*(.*)$") for name in ("model name", "cpu family", "model")]
    return [
        ("CPU", f"{cpu[0]} (family {cpu[1]}, model {cpu[2]}), {os.cpu_count()} cores seen, {', '.join(vector)}"),
        ("Memory", f"{gib:.0f} GiB"),
        ("System", f"{field('/etc/os-release', 'PRETTY_NAME=.(.*).$')}, Linux {os.uname().release.split('-')[0]}"),
        ("Compiler", compiler()),
        ("Packages", ", ".join(f"{name} {version}" for name, version in packages.items())),
    ]


def number(value):
    if value is None:
        return ""
    if abs(value) >= 1e5:
        return f"{value:.3g}"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def verdict(line):
    return "" if "target" not in line else line["target"] + (", met" if line["met"] else ", **not met**")


NOTES = ("kernels", "gflops", "fma_peak_gflops", "bf16_peak_gflops", "sgemm_gflops", "ratio_of_cpu_time", "truth_nats", "mi_nats", "baseline_mi_nats", "steps",
         "baseline_steps", "peak_rss_mb", "bad_answers", "note")


def notes(line):
    return "; ".join(f"{name.replace('_', ' ')} {line[name]}" for name in NOTES if line.get(name) not in (None, ""))


def table(lines):
    growth = any("exponent" in line for line in lines)
    yield "| figure | value | baseline | ratio | spread | " + ("exponent |" if growth else "target | notes |")
    yield "|---|---|---|---|---|---|" + ("" if growth else "---|")
    for line in lines:
        if "skipped" in line:
            yield f"| {line['name']} | skipped: {line['skipped']} | | | | |" + ("" if growth else " |")
            continue
        baseline = f"{number(line['baseline_value'])} ({line['baseline']})" if line["baseline_value"] is not None else line["baseline"] or ""
        name = line["name"] + (f", {line['size']} {line['parameter']}" if growth and "size" in line else "")
        cells = [name, f"{number(line['value'])} {line['unit']}".strip(), baseline, number(line["ratio"]), " to ".join(number(v) for v in line["spread"])]
        cells += [number(line.get("exponent"))] if growth else [verdict(line), notes(line)]
        yield "| " + " | ".join(cells) + " |"


def measured(quick, begun):
    date = datetime.datetime.fromtimestamp(begun, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    load = os.getloadavg()
    short = " (short runs: orientation only)" if quick else ""
    return f"{date}{short}; load at the end {load[0]:.1f} (1 min), {load[2]:.1f} (15 min), the benchmark's own included."


def belongs(name, prefix):
    """A figure of that section, or the word that its whole part failed."""
    return (name + ".").startswith(prefix + ".") or prefix.startswith(name + ".")


def sections(path):
    """{title: lines} of the file, without blank lines around."""
    try:
        parts = re.split(r"^## (.*)$", path.read_text(), flags=re.M)
    except OSError:
        return {}
    return {title: text.strip("\n").splitlines() for title, text in zip(parts[1::2], parts[2::2])}


def write(lines, quick, begun):
    path = HERE / "RESULTS.md"
    found = sections(path)
    for prefix, title in TITLES.items():
        ours = [line for line in lines if belongs(line["name"], prefix)]
        if title not in found and ours or any("skipped" not in line for line in ours):
            found[title] = [measured(quick, begun), "", *table(ours)]
    out = [INTRO, "| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in machine())]
    for title in TITLES.values():
        if title in found:
            out += ["", f"## {title}", "", *found[title]]
    path.write_text("\n".join(out) + "\n")
