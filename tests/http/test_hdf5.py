"""HDF5 files: the layouts that are read, the values exactly, and what is refused of a stranger's file, with its reason and without harm."""

import os
import pathlib
import signal
import struct
import sys
import zlib

import numpy as np
import pytest
from conftest import sanitized
from test_real_data import DATA, needs

h5py = pytest.importorskip("h5py", reason="python3-h5py is not installed")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from hdf5_files import NAMES, VALUES, build, matrix, mutate, per_protein, seeds  # noqa: E402

SECRET = "/etc/passwd"


class Put:
    """Uploads under a name of its own, each time."""

    n = 0

    def __init__(self, server):
        self.server = server

    def __call__(self, body, query=""):
        Put.n += 1
        self.name = f"h{Put.n}"
        return self.server.put(self.name, body, query)

    def taken(self, body, query=""):
        """(values, ids) as they are stored."""
        answer = self(body, query)
        assert answer.status == 201, answer
        record = answer.json()
        assert record["format"] == "hdf5" and record["kind"] == "matrix"
        digest = record["matrix_sha256"]
        blob = (self.server.folder / "data" / "blobs" / digest[:2] / digest[2:]).read_bytes()
        rows, cols, flags, ids_at = struct.unpack_from("<4Q", blob, len(blob) - 56)
        assert (rows, cols, bool(flags & 1)) == (record["rows"], record["columns"], record["ids"])
        ids = None
        if flags & 1:
            ends = np.frombuffer(blob, "<u8", rows + 1, ids_at)
            text = blob[ids_at + 8 * (rows + 1) :]
            ids = [text[a:b].decode() for a, b in zip(ends[:-1], ends[1:])]
        return np.frombuffer(blob, "<f4", rows * cols).reshape(rows, cols), ids

    def refused(self, body, *parts, query="", statuses=(413, 415, 422)):
        answer = self(body, query)
        assert answer.status in statuses, answer
        detail = answer.problem(answer.status)["detail"]
        for part in parts:
            assert part in detail, detail
        assert "root:" not in detail
        self.server.get(f"/v1/datasets/{self.name}").problem(404)
        return detail


@pytest.fixture
def put(shared):
    return Put(shared)


def same(found, values=VALUES, ids=NAMES):
    assert np.array_equal(found[0], np.asarray(values).astype("<f4")) and found[1] == ids


# ---- what is read ----


def test_embeddings_of_uniprot_are_rows_in_the_order_of_their_names(put):
    shuffled = np.random.default_rng(1).permutation(20)
    same(put.taken(build(per_protein(VALUES[shuffled], [NAMES[i] for i in shuffled]))))
    same(put.taken(build(per_protein(group="embeddings/t5")), "?key=embeddings/t5"))
    same(put.taken(build(per_protein(group="embeddings")), "?key=/embeddings/"))


def test_names_are_ordered_by_their_bytes(put):
    names = ["a", "B", "Z10", "Z9", "é", "é\u0301", "-", "_"]
    same(put.taken(build(per_protein(VALUES[:8], names))), VALUES[[sorted(range(8), key=lambda i: names[i].encode())]][0],
         sorted(names, key=str.encode))


@pytest.mark.parametrize("name", list(seeds()))
def test_every_way_of_storing_them_reads_the_same(put, name):
    same(put.taken(seeds()[name]))


def test_every_half_is_exact(put):
    halves = np.arange(65536, dtype="<u2").view("<f2")
    halves = halves[np.isfinite(halves)].reshape(-1, 16)
    same(put.taken(build(matrix(halves, None))), halves, None)
    same(put.taken(build(matrix(halves.astype(">f2"), None))), halves, None)


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "i1", "<i2", ">i4", "<i8", "u1", ">u2", "<u4", "<u8"])
def test_types_of_numbers(put, dtype):
    values = (np.arange(24).reshape(6, 4) - (12 if np.dtype(dtype).kind != "u" else 0)).astype(dtype)
    same(put.taken(build(matrix(values, None))), values, None)


def test_ids_of_a_matrix(put):
    ids = [f"é{i}" for i in range(20)]
    same(put.taken(build(matrix(ids=ids))), ids=ids)
    same(put.taken(build(matrix(ids_type="S8"))))
    same(put.taken(build(matrix(ids=None))), ids=None)

    def several(file):
        file["x"], file["accession"], file["gene"] = VALUES, NAMES, NAMES[::-1]
        file["other/names"], file["words"] = NAMES, ["too", "few"]

    body = build(several)
    same(put.taken(body), ids=None)  # which of them, nobody said
    same(put.taken(body, "?ids_key=gene"), ids=NAMES[::-1])
    same(put.taken(body, "?key=x&ids_key=/other/names"))
    put.refused(body, "ids_key", '"words"', "20", query="?ids_key=words")
    put.refused(body, "ids_key", '"gone"', '"accession"', query="?ids_key=gone")
    put.refused(build(matrix(ids=["same"] * 20)), "unique")
    put.refused(build(matrix(ids=[""] * 20)), "empty")
    put.refused(build(matrix(ids=["x" * 300] * 20)), "256")
    put.refused(build(matrix(ids=["x" * 5000] * 20)), "256")
    put.refused(build(matrix(ids=[b"\xff%d" % i for i in range(20)], ids_type="S8")), "UTF-8")


def test_one_dimension_is_one_column(put):
    same(put.taken(build(lambda file: file.create_dataset("y", data=np.arange(5)))), np.arange(5).reshape(5, 1), None)


def test_a_matrix_beside_other_data_is_chosen_by_key(put):
    def fill(file):
        file["a"], file["b"], file["labels"] = VALUES, 2 * VALUES, np.arange(20)

    body = build(fill)
    put.refused(body, '"a", "b"', "key")
    same(put.taken(body, "?key=b"), 2 * VALUES, None)
    same(put.taken(body, "?key=labels"), np.arange(20).reshape(20, 1), None)
    put.refused(body, "key", '"c"', '"a", "b", "labels"', query="?key=c")
    put.refused(body, "no group", query="?key=a/b")
    assert put(body, "?key=").status == 400 and put(body, f"?key={'k' * 256}").status == 400


def test_codes_may_be_declared_categorical(put):
    body = build(lambda file: file.create_dataset("y", data=np.arange(12).reshape(6, 2) % 3))
    assert put(body, "?categorical=all").status == 201
    put.refused(build(matrix()), "categorical", query="?categorical=1")


def test_a_column_that_no_number_is_in_is_named(put):
    values = VALUES.astype("f8")
    for value, what in ((np.nan, "NaN"), (-np.inf, "-infinity"), (1e300, "float32's range")):
        values[17, 3] = value
        put.refused(build(per_protein(values)), 'row 17 ("P00017")', "column 3", what)
        put.refused(build(matrix(values, None)), "row 17", "column 3", what)


def test_real_embeddings_equal_their_array(put):
    folder = needs(DATA / "tape_bert_lrks" / "per-protein.h5").parent
    values, ids = put.taken((folder / "per-protein.h5").read_bytes())
    listed = (folder / "ids.txt").read_text().split()
    order = np.argsort(listed)
    assert ids == [listed[i] for i in order]
    assert np.array_equal(values, np.load(folder / "embeddings.npy")[order].astype("<f2").astype("<f4"))


# ---- what is refused ----


def test_layouts_that_are_no_matrix(put):
    put.refused(build(per_protein([VALUES[: 3 + i] for i in range(20)])), "per residue", "per-protein.h5", '"P00000"')
    uneven = [np.arange(4 + (i == 5)) for i in range(20)]
    put.refused(build(per_protein(uneven)), '"P00005" has 5', "one length")
    put.refused(build(lambda file: None), "no data set")
    put.refused(build(lambda file: file.create_group("deep/deeper")), '"deep"', "key")
    put.refused(build(matrix(np.zeros((2, 2, 2)), None)), "no data set of numbers")
    put.refused(build(matrix(np.zeros((2, 2, 2)), None)), '"x" is no matrix', query="?key=x")
    put.refused(build(matrix(np.zeros((0, 3)), None)), "empty")
    put.refused(build(matrix(np.zeros((2, 2), "c8"), None)), "no data set of numbers")
    put.refused(build(matrix(np.zeros((2, 2), "V4"), None)), "no data set of numbers")

    def mixed(file):
        per_protein()(file)
        file["labels"] = NAMES

    put.refused(build(mixed), '"labels" is a list of strings', "key")


def zeros_packed(megabytes):
    """A zlib stream of that many MB of zeros, made without packing them all."""
    packer = zlib.compressobj()
    first = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    head, block = first[:2], first[2:]
    total = 1
    for _ in range(megabytes):
        total = zlib.adler32(bytes(1 << 20), total)
    return head + megabytes * block + b"\x03\x00" + struct.pack(">I", total)


def hostile(name):
    def fill(file):
        space = h5py.h5s.create_simple((64, 1))
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        if name == "external storage":
            plist.set_external(SECRET.encode(), 0, h5py.h5f.UNLIMITED)
            h5py.h5d.create(file.id, b"x", h5py.h5t.STD_U8LE, space, plist)
        elif name == "external link":
            file["x"] = h5py.ExternalLink("/tmp/other.h5", "/x")
        elif name == "soft link":
            file["real"] = np.arange(4)
            file["y"] = np.arange(4)
            file["x"] = h5py.SoftLink("/real")
        elif name == "virtual":
            layout = h5py.VirtualLayout((4, 2), "f4")
            layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", (4, 2))
            file.create_virtual_dataset("x", layout)
        elif name == "bomb":
            file.create_dataset("x", (10_000_000, 60_000), "f4", chunks=(1, 1000))
        elif name == "never written":
            file.create_dataset("x", (1_000_000, 1_000), "f4")
        elif name == "written in part":
            file.create_dataset("x", (1000, 1000), "f4", chunks=(100, 100))[:100, :100] = 1
        elif name == "large chunk":
            file.create_dataset("x", (2000, 40_000), "u1", chunks=(2000, 40_000), compression="gzip")
        elif name == "lzf":
            file.create_dataset("x", data=np.ones((8, 8)), compression="lzf")
        elif name == "scale and offset":
            file.create_dataset("x", data=np.ones((8, 8), "i4"), scaleoffset=0)
        elif name == "chunk that unpacks to 1000 MB":
            data = file.create_dataset("x", (1, 1024), "f4", chunks=(1, 1024), compression="gzip")
            data.id.write_direct_chunk((0, 0), zeros_packed(1000))

    return build(fill)


@pytest.mark.parametrize("name, parts", [
    ("external storage", ["another file"]),
    ("external link", ["link"]),
    ("soft link", ['"x" is a link']),
    ("virtual", ["virtual"]),
    ("bomb", ["values"]),
    ("never written", ["never written"]),
    ("written in part", ["never written"]),
    ("large chunk", ["64 MiB"]),
    ("lzf", ["filter 32000", "gzip"]),
    ("scale and offset", ["filter 6"]),
    ("chunk that unpacks to 1000 MB", ["memory"]),
])
def test_hostile_files(put, name, parts):
    if "memory" in parts and sanitized():
        pytest.skip("under sanitizers the reader's memory has no limit")
    statuses = {"bomb": (413,), "external link": (415,)}.get(name, (413, 415, 422))
    put.refused(hostile(name), *parts, statuses=statuses)
    if name in ("external link", "soft link"):
        put.refused(hostile(name), "link", query="?key=x", statuses=(415,))
        put.refused(hostile(name), "link", query="?key=x/y", statuses=(415,))


def test_a_group_that_holds_itself_is_harmless(put):
    def fill(file):
        matrix()(file.create_group("a"))
        file["a/again"] = file["/"]

    body = build(fill)
    same(put.taken(body, "?key=a/again/a/again/a/x"))
    same(put.taken(body, "?key=a"))


def test_names_that_are_no_text(put):
    def fill(file):
        space = h5py.h5s.create_simple((4,))
        for name in (b"\xff\xfe", b"ok"):
            h5py.h5d.create(file.id, name, h5py.h5t.IEEE_F32LE, space).write(space, space, np.zeros(4, "f4"))

    put.refused(build(fill), "UTF-8")


def test_only_the_signature(put):
    put.refused(b"\x89HDF\r\n\x1a\n" + bytes(200), "damaged")
    put.refused(b"\x89HDF\r\n\x1a\n", "damaged")
    put.refused(b"x,y\n1,2\n", "damaged", query="?format=hdf5")
    put.refused(build(matrix()), "hdf5", query="?kind=pairs")


def test_files_cut_off(put):
    for data in (seeds()["vectors"], seeds()["matrix_packed_latest"]):
        for part in (0.1, 0.5, 0.9, 0.999):
            put.refused(data[: int(part * len(data))])


def test_mutated_files_are_answered_and_harm_nothing(put):
    files = list(seeds().values())
    counts = {}
    for i in range(60 if sanitized() else 200):
        answer = put(mutate(files[i % len(files)], np.random.default_rng([6, i])))
        assert answer.status in (201, 413, 415, 422), answer
        if answer.status != 201:
            assert answer.problem(answer.status)["detail"]
        counts[answer.status] = counts.get(answer.status, 0) + 1
    print(counts)
    assert counts.get(422, 0) > 10
    same(put.taken(files[0]))
    assert not children(put.server)


def children(server):
    pid = server.process.pid
    return [c for task in os.listdir(f"/proc/{pid}/task") for c in pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split()]


# ---- the reader's own absence ----


def test_a_server_without_the_reader_says_so(server_factory, tmp_path):
    answer = server_factory("--hdf5-reader", tmp_path / "none").put("x", seeds()["vectors"])
    assert "without its HDF5 reader" in answer.problem(415)["detail"]


def test_a_reader_that_is_another_program(server_factory):
    server = server_factory("--hdf5-reader", "/bin/true")
    server.put("x", seeds()["vectors"]).problem(422)
    assert not children(server)
