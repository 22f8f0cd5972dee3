"""Small made files in the layouts of the sources that fetch_proteins.py reads."""


def hdf5(size=4000, version=0, end=None):
    """Bytes with the superblock of an HDF5 file of that size; nothing behind it that means anything."""
    at = {0: 40, 2: 28}[version]
    head = bytearray(size)
    head[:9] = b"\x89HDF\r\n\x1a\n" + bytes([version])
    head[13 if version == 0 else 9] = 8
    head[at:at + 8] = (end or size).to_bytes(8, "little")
    for i in range(64, size):
        head[i] = i * 7 % 251
    return bytes(head)


INTERACTIONS = ["source", "target", "source_genesymbol", "target_genesymbol", "is_directed", "sources", "ncbi_tax_id_source", "entity_type_source",
                "ncbi_tax_id_target", "entity_type_target"]


def interaction(x, y, sources="CellPhoneDB;HPMR", taxa=("9606", "9606"), types=("protein", "protein")):
    return [x, y, f"g{x}", f"g{y}", "1", sources, taxa[0], types[0], taxa[1], types[1]]


ENZSUB = ["enzyme", "substrate", "enzyme_genesymbol", "substrate_genesymbol", "residue_type", "residue_offset", "modification", "sources",
          "ncbi_tax_id"]


def site_of(x, y, residue="Y", offset="204", modification="phosphorylation", taxon="9606"):
    return [x, y, "LCK", "SOCS3", residue, offset, modification, "PhosphoSite", taxon]


def tsv(header, rows):
    return "".join("\t".join(row) + "\n" for row in [header, *rows])
