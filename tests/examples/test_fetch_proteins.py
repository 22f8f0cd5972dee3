"""OmniPath's tables become pair tables in which every row is accounted for; the whole script runs against a server of this machine."""

import json
import pathlib
import subprocess
import sys

import pytest

import made
import pairtable

EXAMPLES = pathlib.Path(pairtable.__file__).parent
SOURCES = json.loads((EXAMPLES / "fetch_proteins.json").read_text())
LIGANDS, SITES = SOURCES["ligand-receptor"]["pairs"], SOURCES["kinase-sites"]["pairs"]


def read(header, rows, layout=LIGANDS, **options):
    return pairtable.read(made.tsv(header, rows).splitlines(keepends=True), layout, **options)


MIXED = [
    made.interaction("P01135", "P00533"),
    made.interaction("P01135", "P00533", sources="Ramilowski2015"),  # again, from elsewhere
    made.interaction("P05067-4", "Q9Y6Y9"),  # an isoform
    made.interaction("COMPLEX:P08514_P05106", "P02675", types=("complex", "protein")),
    made.interaction("P02675", "COMPLEX:P08514_P05106"),  # told by its id alone
    made.interaction("MIMAT0000062", "P01111", types=("mirna", "protein")),
    made.interaction("P01132", "Q01279", taxa=("9606", "10090")),
    made.interaction("P35968", "P35968"),
    made.interaction("EGF", "P00533"),
    made.interaction("A0A024RBG1", "P00533"),  # ten characters
]


def test_every_row_is_a_pair_or_counted_with_its_reason():
    pairs = read(made.INTERACTIONS, MIXED)
    assert list(pairs.found) == [("P01135", "P00533"), ("P05067", "Q9Y6Y9"), ("A0A024RBG1", "P00533")]
    left = {reason: count for reason, count in pairs.left_out.items() if count}
    assert left == {"complexes": 2, "not_proteins": 1, "other_organism": 1, "no_accession": 1, "self_pairs": 1, "duplicates": 1}
    assert len(pairs.found) + sum(left.values()) == pairs.rows == len(MIXED)
    assert pairs.isoforms_merged == 1 and pairs.unchecked == []
    assert pairs.found["P01135", "P00533"] == {"genes": ["gP01135", "gP00533"], "sources": {"CellPhoneDB", "HPMR", "Ramilowski2015"}, "rows": 2}


@pytest.mark.parametrize("choice, pair", [("canonical", ("P05067", "Q9Y6Y9")), ("keep", ("P05067-4", "Q9Y6Y9")), ("drop", None)])
def test_isoforms(choice, pair):
    pairs = read(made.INTERACTIONS, [made.interaction("P05067-4", "Q9Y6Y9")], isoforms=choice)
    assert list(pairs.found) == ([pair] if pair else [])
    assert pairs.left_out["isoforms"] == (0 if pair else 1) and pairs.isoforms_merged == (choice == "canonical")


def test_an_isoform_beside_its_canonical_protein_is_a_duplicate():
    pairs = read(made.INTERACTIONS, [made.interaction("P05067", "Q9Y6Y9"), made.interaction("P05067-4", "Q9Y6Y9")])
    assert len(pairs.found) == 1 and pairs.left_out["duplicates"] == 1


def test_another_organism_and_self_pairs_on_demand():
    rows = [made.interaction("P01132", "Q01279", taxa=("10090", "10090")), made.interaction("Q01279", "Q01279", taxa=("10090", "10090"))]
    pairs = read(made.INTERACTIONS, rows, taxon="10090", self_pairs=True)
    assert list(pairs.found) == [("P01132", "Q01279"), ("Q01279", "Q01279")]


def test_sites_of_one_pair_are_one_pair_and_other_modifications_are_counted():
    rows = [made.site_of("P06239", "O14543"), made.site_of("P06239", "O14543", offset="221"),
            made.site_of("P06239", "O14543", modification="dephosphorylation"), made.site_of("P06241", "O15117", taxon="10116")]
    pairs = read(made.ENZSUB, rows, SITES)
    assert list(pairs.found) == [("P06239", "O14543")] and pairs.found["P06239", "O14543"]["rows"] == 2
    assert pairs.left_out["other_kind"] == 1 and pairs.left_out["other_organism"] == 1 and pairs.left_out["duplicates"] == 1


def test_columns_may_stand_in_any_order_and_the_optional_ones_be_absent():
    pairs = read(["target", "source"], [["P00533", "P01135"]])
    assert list(pairs.found) == [("P01135", "P00533")]
    assert "ncbi_tax_id_source" in pairs.unchecked and "which is not checked" in pairtable.sentence(pairs)


def test_a_broken_table_is_an_error_with_its_line():
    with pytest.raises(pairtable.BadTable, match="line 1: no column called source, target"):
        read(["Something is not entirely good:"], [])
    with pytest.raises(pairtable.BadTable, match="line 3: 2 fields, the header has 10"):
        read(made.INTERACTIONS, [made.interaction("P01135", "P00533"), ["P01135", "P0053"]])
    with pytest.raises(pairtable.BadTable, match="line 1"):
        pairtable.read([], LIGANDS)


def test_layouts_ask_for_the_columns_that_they_read():
    for name, source in SOURCES.items():
        assert source["url"].startswith("https://") and source["max_bytes"] > 0, name
        if "pairs" in source:
            read(made.ENZSUB if name == "kinase-sites" else made.INTERACTIONS, [], source["pairs"])


def run(site, folder, *flags):
    served = {"embeddings": "/per-protein.h5", "ligand-receptor": "/interactions?datasets=ligrecextra", "kinase": "/kinase"}
    urls = [word for name, path in served.items() for word in ("--url", f"{name}={site.url(path)}")]
    return subprocess.run([sys.executable, EXAMPLES / "fetch_proteins.py", "--out", folder, "--pause", "0", *urls, *flags],
                          capture_output=True, text=True, timeout=60, check=False)


def test_the_script_fetches_resumes_converts_and_reports(site, tmp_path):
    site.files = {"/per-protein.h5": made.hdf5(30000), "/interactions": made.tsv(made.INTERACTIONS, MIXED).encode(),
                  "/kinase": made.tsv(made.INTERACTIONS, [made.interaction("P06239", "O14543")]).encode()}
    site.cut = [12345]
    done = run(site, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "again from byte 12345" in done.stderr and "10 rows: 3 pairs; left out: 2 with a complex" in done.stdout
    lines = (tmp_path / "ligand_receptor.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["ligand", "receptor", "ligand_gene", "receptor_gene", "rows", "sources"]
    assert lines[1].split("\t") == ["P01135", "P00533", "gP01135", "gP00533", "2", "CellPhoneDB;HPMR;Ramilowski2015"]
    report = json.loads((tmp_path / "fetched.json").read_text())
    assert report["embeddings"]["bytes"] == 30000 and len(report["embeddings"]["sha256"]) == 64
    told = report["ligand-receptor"]
    assert told["rows"] == told["pairs"] + sum(told["left_out"].values()) and told["isoforms_read_as_canonical"] == 1
    asked = len(site.asked)
    assert run(site, tmp_path, "--only", "kinase").returncode == 0 and len(site.asked) == asked, "what is there is not fetched again"
    assert json.loads((tmp_path / "fetched.json").read_text())["ligand-receptor"] == told, "the account of what was not asked for stays"


def test_the_script_says_what_is_wrong_and_does_the_rest(site, tmp_path):
    site.files = {"/per-protein.h5": b"<!DOCTYPE html>\n", "/interactions": b"Something is not entirely good:\n ==> Unknown argument\n",
                  "/kinase": made.tsv(made.INTERACTIONS, [made.interaction("P06239", "O14543")]).encode()}
    done = run(site, tmp_path)
    assert done.returncode == 1
    assert "embeddings: not an HDF5 file" in done.stderr and "begins with 'Something is not entirely good:'" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fetched.json", "kinase_substrate.tsv", "omnipath_kinaseextra.tsv"]
    assert run(site, tmp_path, "--only", "nothing").returncode == 2
