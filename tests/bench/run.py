"""All benchmarks by one command; one JSON line a figure.

    python3 tests/bench/run.py [step] [estimate] [scoring] [service] [growth] [pairs] [screen] [--quick] [--write]

Without names, all parts. --quick: fewer and shorter runs. --write: RESULTS.md beside this file gets the machine, the figures and their targets; sections of
parts that did not run stay. A part whose tools are missing says so and is skipped. Nothing here fails for being slow.

    run.py pairs --data FOLDER --what auroc --sets ligand-receptor --seeds 1 --objectives drf js cpe:rule=spherical gaussian
"""
import argparse
import importlib
import json
import pathlib
import signal
import sys
import time
import traceback

import results
from figures import Report
from sides import Missing

PARTS = ("step", "estimate", "scoring", "service", "growth", "pairs", "screen")


def objective(text):
    """NAME or NAME:KEY=VALUE,... as (label, member of a job); "default" leaves it out."""
    name, _, settings = text.partition(":")
    found = {"name": name}
    for setting in filter(None, settings.split(",")):
        key, _, value = setting.partition("=")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return text, None if text == "default" else found


def pairs_arguments(parser):
    of = parser.add_argument_group("pairs")
    of.add_argument("--data", type=pathlib.Path, metavar="FOLDER", help="real proteins: tape_bert_lrks, ppi_ligrec, ppi_kinase")
    of.add_argument("--what", nargs="+", choices=("hdf5", "request", "auroc"), help="default: all")
    of.add_argument("--sets", nargs="+", choices=("ligand-receptor", "kinase-substrate"), help="default: both")
    of.add_argument("--seeds", type=int, default=2, help="of AUROC's folds; default: 2")
    of.add_argument("--objectives", nargs="+", type=objective, default=[objective("default")], metavar="NAME[:KEY=VALUE,...]", help="of AUROC")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    pairs_arguments(parser)
    asked = parser.parse_args()
    for part in asked.parts:
        if part not in PARTS:
            parser.error(f"no part {part!r}; there are {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through the blocks that end daemons and workers
    begun, report, failed = time.time(), Report(), False
    for part in asked.parts or PARTS:
        try:
            module = importlib.import_module("part_" + part)
            module.run(report, asked.quick, **{name: getattr(asked, name) for name in getattr(module, "TAKES", ())})
        except Missing as missing:
            report.skip(part, missing)
        except Exception as error:  # one part must not cost the figures of the others; the exit code tells
            traceback.print_exc()
            report.skip(part, f"failed: {error}")
            failed = True
    if asked.write:
        results.write(report.lines, asked.quick, begun)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
