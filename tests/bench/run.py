"""All benchmarks by one command; one JSON line a figure.

    python3 tests/bench/run.py [step] [estimate] [scoring] [service] [growth] [--quick] [--write]

Without names, all parts. --quick: fewer and shorter runs. --write: RESULTS.md beside this file gets the machine, the figures and their targets. A part
whose tools are missing says so and is skipped. Nothing here fails for being slow.
"""
import argparse
import importlib
import signal
import sys
import time
import traceback

import results
from figures import Report
from sides import Missing

PARTS = ("step", "estimate", "scoring", "service", "growth")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    for part in asked.parts:
        if part not in PARTS:
            parser.error(f"no part {part!r}; there are {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through the blocks that end daemons and workers
    begun, report, failed = time.time(), Report(), False
    for part in asked.parts or PARTS:
        try:
            importlib.import_module("part_" + part).run(report, asked.quick)
        except Missing as missing:
            report.skip(part, missing)
        except Exception as error:  # one part must not cost the figures of the others; the exit code tells
            traceback.print_exc()
            report.skip(part, f"failed: {error}")
            failed = True
    if asked.write:
        results.write(report.lines, asked.parts or PARTS, asked.quick, begun)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
