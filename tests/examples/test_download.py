"""Downloads survive cuts, never mix two versions of a file, and never give a wrong file the name of the right one."""

import hashlib
import pathlib

import pytest

import download
import made

SHARED = pathlib.Path(__file__).resolve().parents[3] / "shared/data"


def fetch(site, path, **changes):
    arguments = {"check": download.check_hdf5, "max_bytes": 10**6, "pause": 0.0, **changes}
    return download.fetch(site.url("/f.h5"), path, **arguments)


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_cut_download_goes_on_where_it_ended(site, tmp_path):
    content = site.files["/f.h5"] = made.hdf5(200000)
    site.cut = [70000, 50000]
    assert fetch(site, tmp_path / "f.h5") == 200000
    assert (tmp_path / "f.h5").read_bytes() == content
    assert [asked for _, asked in site.asked] == [None, "bytes=70000-", "bytes=120000-"]
    assert left(tmp_path) == ["f.h5"]
    assert download.sha256(tmp_path / "f.h5") == hashlib.sha256(content).hexdigest()


def test_a_later_run_goes_on_too(site, tmp_path):
    content = site.files["/f.h5"] = made.hdf5(90000)
    site.cut = [1000]
    with pytest.raises(download.Refused, match="1000 of 90000 bytes came.*go on from byte 1000"):
        fetch(site, tmp_path / "f.h5", tries=1)
    assert left(tmp_path) == ["f.h5.part", "f.h5.part.json"]
    fetch(site, tmp_path / "f.h5")
    assert site.asked[-1][1] == "bytes=1000-" and (tmp_path / "f.h5").read_bytes() == content


def test_what_was_whole_already_is_not_sent_again(site, tmp_path):
    content = site.files["/f.h5"] = made.hdf5(5000)
    (tmp_path / "f.h5.part").write_bytes(content)
    (tmp_path / "f.h5.part.json").write_text('{"url": "%s", "version": "\\"v1\\""}' % site.url("/f.h5"))
    fetch(site, tmp_path / "f.h5")
    assert site.asked == [("/f.h5", "bytes=5000-")] and left(tmp_path) == ["f.h5"]


@pytest.mark.parametrize("change", ["another version", "no version", "no ranges"])
def test_parts_of_two_versions_are_never_put_together(site, tmp_path, change):
    site.files["/f.h5"] = made.hdf5(50000)
    site.cut = [20000]
    if change == "no version":
        site.version = None
    with pytest.raises(download.Refused):
        fetch(site, tmp_path / "f.h5", tries=1)
    content = site.files["/f.h5"] = made.hdf5(60000, version=2)
    if change == "another version":
        site.version = '"v2"'
    elif change == "no ranges":
        site.ranges = False
    fetch(site, tmp_path / "f.h5")
    assert (tmp_path / "f.h5").read_bytes() == content
    assert site.asked[-1][1] == (None if change == "no version" else "bytes=20000-")


def test_passing_troubles_are_tried_again_and_others_are_not(site, tmp_path):
    site.files["/f.h5"] = made.hdf5()
    site.status = [503, 429]
    fetch(site, tmp_path / "f.h5")
    assert len(site.asked) == 3
    site.status = [404]
    with pytest.raises(download.Refused, match="HTTP 404"):
        fetch(site, tmp_path / "g.h5")
    assert len(site.asked) == 4


def test_a_wrong_file_is_refused_and_leaves_nothing(site, tmp_path):
    for content, reason in [(b"<html>Not today</html>\n", "not an HDF5 file; it begins with '<html>Not today</html>'"),
                            (made.hdf5(3000, end=4000), "truncated HDF5 file: 3000 bytes of 4000"),
                            (made.hdf5(3000)[:8] + b"\x09" + bytes(90), "superblock that is not known here .version 9"),
                            (b"", "not an HDF5 file")]:
        site.files["/f.h5"] = content
        with pytest.raises(download.Refused, match=reason):
            fetch(site, tmp_path / "f.h5")
        assert left(tmp_path) == []


def test_a_file_larger_than_expected_is_not_kept(site, tmp_path):
    site.files["/f.h5"] = made.hdf5(50000)
    with pytest.raises(download.Refused, match="more than the 40000 bytes"):
        fetch(site, tmp_path / "f.h5", max_bytes=40000)
    assert left(tmp_path) == []


def test_a_table_is_known_by_its_columns_and_its_end(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("target\tsource\nP1\tP2\n")
    download.check_tsv(path, ["source", "target"])
    path.write_text("Something is not entirely good:\n ==> Unknown argument: `x`\n")
    with pytest.raises(download.Refused, match="begins with 'Something is not entirely good:'"):
        download.check_tsv(path, ["source"])
    path.write_text("target\tsource\nP1\tP")
    with pytest.raises(download.Refused, match="truncated"):
        download.check_tsv(path, ["source"])


def test_other_schemes_are_refused(tmp_path):
    with pytest.raises(download.Refused, match="http:// or https://"):
        download.fetch("file:///etc/hostname", tmp_path / "f", download.check_hdf5, 100)


def test_a_real_file_is_taken():
    path = SHARED / "tape_bert_lrks/per-protein.h5"
    if not path.exists():
        pytest.skip(f"no {path}")
    download.check_hdf5(path)
