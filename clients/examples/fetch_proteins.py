#!/usr/bin/env python3
"""Fetch UniProt's protein embeddings and OmniPath's pairs, as files that mutuald takes.

Embeddings come as they are (per-protein.h5). OmniPath's tables are kept too, and turned into pair tables: a header, accessions in
the first two columns, no complexes, no duplicates, no other organism; every row left out is counted. What is in DIR already is not
fetched again; what was cut is resumed. URLs stand in fetch_proteins.json beside this script; --url and --sources override them.
"""

import argparse
import datetime
import functools
import json
import pathlib
import sys
import textwrap

import download
import pairtable

SOURCES = pathlib.Path(__file__).resolve().parent / "fetch_proteins.json"
USUAL = ["embeddings", "ligand-receptor", "kinase"]


def check_of(source):
    if source["format"] == "hdf5":
        return download.check_hdf5
    return functools.partial(download.check_tsv, columns=pairtable.required_columns(source["pairs"]))


def fetch(name, source, args):
    """The file of a source, fetched unless it is there; and what is known about it."""
    path = args.out / source["file"]
    check = check_of(source)
    known = {"url": source["url"], "file": path.name}
    if path.exists() and not args.again:
        try:
            check(path)
        except download.Refused as error:
            raise download.Refused(f"{path}, which is there already: {error} (--again fetches it anew)") from error
        known["fetched"] = "before"
    else:
        print(f"{name}: {source['url']}", file=sys.stderr)
        download.fetch(source["url"], path, check, source["max_bytes"], args.tries, args.pause)
        known["fetched"] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    known.update(bytes=download.size(path), sha256=download.sha256(path))
    print(f"{path}  {known['bytes']:,} bytes  sha256 {known['sha256']}")
    return path, known


def convert(path, source, args):
    layout = source["pairs"]
    with open(path, encoding="utf-8", errors="strict", newline="") as lines:
        pairs = pairtable.read(lines, layout, args.taxon, args.isoforms, args.self_pairs)
    if not pairs.found:
        raise pairtable.BadTable(f"no pair left of {pairs.rows} rows: {pairtable.sentence(pairs)}")
    out = args.out / layout["file"]
    pairtable.write(out, pairs, layout)
    print(f"{out}  {pairtable.sentence(pairs)}")
    return {"pairs_file": out.name, "x_id": layout["x"]["name"], "y_id": layout["y"]["name"], **pairs.counts()}


def earlier(path):
    """What former runs said of their sources."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}


def assignment(text):
    name, equals, value = text.partition("=")
    if not equals or not value:
        raise argparse.ArgumentTypeError(f"{text!r}: NAME=URL is expected")
    return name, value


def arguments():
    paragraph = textwrap.dedent(__doc__).split("\n\n", maxsplit=1)
    parser = argparse.ArgumentParser(description=paragraph[0], epilog=paragraph[1])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("protein_pairs"), metavar="DIR", help="default %(default)s")
    parser.add_argument("--only", nargs="+", default=USUAL, metavar="NAME",
                        help=f"of the table of sources (default {' '.join(USUAL)}; also kinase-sites)")
    parser.add_argument("--sources", type=pathlib.Path, default=SOURCES, metavar="FILE", help="the table of sources (default: beside this script)")
    parser.add_argument("--url", type=assignment, action="append", default=[], metavar="NAME=URL", help="another URL for a source")
    parser.add_argument("--again", action="store_true", help="fetch also what is there")
    parser.add_argument("--taxon", default="9606", help="NCBI number of the organism that is kept (default %(default)s)")
    parser.add_argument("--isoforms", choices=["canonical", "keep", "drop"], default="canonical",
                        help="P12345-2 is read as P12345, kept, or its row left out (default %(default)s)")
    parser.add_argument("--self-pairs", action="store_true", help="keep pairs of a protein with itself")
    parser.add_argument("--tries", type=int, default=4, help="attempts after cuts (default %(default)s)")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds before the second attempt (default %(default)s)")
    args = parser.parse_args()
    with open(args.sources, encoding="utf-8") as file:
        args.table = json.load(file)
    for name, url in args.url:
        if name in args.table:
            args.table[name]["url"] = url
    unknown = [name for name in [*args.only, *(name for name, _ in args.url)] if name not in args.table]
    if unknown:
        parser.error(f"no source called {', '.join(unknown)}; there are {', '.join(args.table)}")
    return args


def main():
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    accounts, failed = args.out / "fetched.json", False
    report = earlier(accounts)
    for name in args.only:
        source = args.table[name]
        try:
            path, report[name] = fetch(name, source, args)
            if "pairs" in source:
                report[name].update(convert(path, source, args))
        except (download.Refused, pairtable.BadTable, UnicodeDecodeError) as error:
            print(f"fetch_proteins.py: {name}: {error}", file=sys.stderr)
            failed = True
    accounts.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
