"""OmniPath's tables (interactions, enzyme-substrate) as pair tables that mutuald takes. Every row that is left out is counted by reason.

Layouts are those of fetch_proteins.json: "x" and "y" name a side and the columns of its id, gene symbol, taxon and entity type; the
last three may be absent from a file. "only" keeps the rows with one value in one column.
"""

import csv
import re

# As UniProt gives it, with the isoform's number behind it.
ACCESSION = re.compile(r"(?P<protein>[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})(?P<isoform>-[0-9]+)?")

REASONS = {
    "other_kind": "of another kind than asked for",
    "complexes": "with a complex",
    "not_proteins": "with something that is no protein",
    "other_organism": "of another organism",
    "no_accession": "without a UniProt accession",
    "isoforms": "with an isoform",
    "self_pairs": "of a protein with itself",
    "duplicates": "of a pair that is there already",
}


class BadTable(Exception):
    """A line that does not fit the header."""


class Pairs:
    """Distinct pairs in order of first appearance, and what became of every row read."""

    def __init__(self):
        self.found = {}  # (x, y): {"genes": (x, y), "sources": set, "rows": n}
        self.rows = 0
        self.left_out = dict.fromkeys(REASONS, 0)
        self.isoforms_merged = 0  # ids read as their canonical protein; not left out
        self.unchecked = []  # columns that the file does not have

    def counts(self):
        return {"rows": self.rows, "pairs": len(self.found), "x": len({x for x, _ in self.found}), "y": len({y for _, y in self.found}),
                "left_out": self.left_out, "isoforms_read_as_canonical": self.isoforms_merged, "absent_columns": self.unchecked}


def required_columns(layout):
    return [layout["x"]["id"], layout["y"]["id"]] + ([layout["only"]["column"]] if "only" in layout else [])


def read(lines, layout, taxon="9606", isoforms="canonical", self_pairs=False):
    """lines: of a tsv with a header. isoforms: "canonical" reads P12345-2 as P12345, "keep" leaves it, "drop" leaves the row out."""
    rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    header = next(rows, [])
    missing = [name for name in required_columns(layout) if name not in header]
    if missing:
        raise BadTable(f"line 1: no column called {', '.join(missing)}")
    pairs = Pairs()
    optional = [layout[side].get(what) for side in "xy" for what in ("gene", "taxon", "type")] + ["sources"]
    pairs.unchecked = sorted({name for name in optional if name and name not in header})
    for number, fields in enumerate(rows, start=2):
        if len(fields) != len(header):
            raise BadTable(f"line {number}: {len(fields)} fields, the header has {len(header)}; is the file whole?")
        pairs.rows += 1
        row = dict(zip(header, fields))
        reason = take(pairs, row, layout, taxon, isoforms, self_pairs)
        if reason:
            pairs.left_out[reason] += 1
    return pairs


def take(pairs, row, layout, taxon, isoforms, self_pairs):
    """Adds the row's pair; or says why not."""
    if "only" in layout and row[layout["only"]["column"]] != layout["only"]["value"]:
        return "other_kind"
    sides = [layout["x"], layout["y"]]
    ids = [row[side["id"]].strip() for side in sides]
    types = [row.get(side.get("type"), "protein") for side in sides]
    if any(id_.startswith("COMPLEX:") for id_ in ids) or "complex" in types:
        return "complexes"
    if any(type_ != "protein" for type_ in types):
        return "not_proteins"
    if any(row.get(side.get("taxon"), taxon) != taxon for side in sides):
        return "other_organism"
    matches = [ACCESSION.fullmatch(id_) for id_ in ids]
    if not all(matches):
        return "no_accession"
    changed = sum(1 for match in matches if match["isoform"])
    if changed and isoforms == "drop":
        return "isoforms"
    if changed and isoforms == "canonical":
        ids = [match["protein"] for match in matches]
        pairs.isoforms_merged += changed
    if ids[0] == ids[1] and not self_pairs:
        return "self_pairs"
    known = pairs.found.get(tuple(ids))
    entry = known or pairs.found.setdefault(tuple(ids), {"genes": [row.get(s.get("gene"), "") for s in sides], "sources": set(), "rows": 0})
    entry["rows"] += 1
    entry["sources"].update(filter(None, row.get("sources", "").split(";")))
    return "duplicates" if known else None


def write(path, pairs, layout):
    x, y = layout["x"]["name"], layout["y"]["name"]
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        out.writerow([x, y, f"{x}_gene", f"{y}_gene", "rows", "sources"])
        for ids, entry in pairs.found.items():
            out.writerow([*ids, *entry["genes"], entry["rows"], ";".join(sorted(entry["sources"]))])


def sentence(pairs):
    """What became of the rows, for people."""
    told = [f"{count:,} {REASONS[reason]}" for reason, count in pairs.left_out.items() if count]
    text = f"{pairs.rows:,} rows: {len(pairs.found):,} pairs; left out: {', '.join(told) or 'none'}"
    if pairs.isoforms_merged:
        text += f"; {pairs.isoforms_merged:,} isoforms read as their canonical protein"
    if pairs.unchecked:
        text += f"; the file has no {', '.join(pairs.unchecked)}, which is not checked"
    return text
