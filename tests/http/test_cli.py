"""The real `mutual` against the real daemon: what a user at a terminal relies on."""

import csv
import gzip
import hashlib
import io
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import subprocess
import time

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUTUAL = os.environ.get("MUTUAL_BIN", str(ROOT / "build/release/clients/cli/mutual"))
JOB_ID = re.compile(r"job_[0-9A-Z]{26}")
QUICK = ("--folds", "2", "--max-steps", "40")
ENDLESS = ("--max-steps", "100000", "--set", "/train/early_stopping=false", "--set", "/train/learning_rate=1e-6")


def environment(**changes):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MUTUAL_") and k != "NO_COLOR"}
    return {**env, "LC_ALL": "C.UTF-8", "TERM": "xterm", **changes}


@pytest.fixture
def mutual(server):
    def run(*args, code=0, url=None, text=True, **env):
        done = subprocess.run([MUTUAL, "--server", url or server.url, *map(str, args)], capture_output=True, text=text,
                              timeout=120, env=environment(**env))
        assert done.returncode == code, f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture
def pair(tmp_path):
    """300 pairs of two columns, correlation 0.8 each: 1.02 nats."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((300, 2))
    y = 0.8 * x + 0.6 * rng.standard_normal((300, 2))
    np.save(tmp_path / "x.npy", x.astype("f4"))
    np.savetxt(tmp_path / "y data.csv", y, delimiter=",", header="a,b", comments="")
    return tmp_path / "x.npy", tmp_path / "y data.csv"


@pytest.fixture
def finished(mutual, pair):
    done = mutual("estimate", *pair, *QUICK, "-o", "json")
    return json.loads(done.stdout)["id"]


@pytest.fixture
def endless(mutual, pair):
    """A job that is still training when the test looks at it, and until the daemon goes."""
    return mutual("estimate", *pair, *ENDLESS, "--detach").stdout.strip()


def test_estimate_prints_the_result_with_its_unit_interval_and_what_to_look_at_next(mutual, pair):
    done = mutual("estimate", *pair, *QUICK, "--tag", "project=cli")
    job = JOB_ID.search(done.stdout).group()
    assert re.search(r"mutual information +-?\d\.\d{4} nats = -?\d\.\d{4} bits", done.stdout)
    assert "95% sampling interval" in done.stdout and "AUROC" in done.stdout and "per fold" in done.stdout
    assert "warning few_pairs" in done.stdout
    assert f"mutual pmi {job}" in done.stdout and f"mutual curve {job}" in done.stdout
    assert job in mutual("jobs", "ls", "--tag", "project=cli").stdout
    assert job not in mutual("jobs", "ls", "--tag", "project=other").stdout


def test_json_is_the_job_as_the_server_sends_it(mutual, server, pair):
    job = json.loads(mutual("estimate", *pair, *QUICK, "--seed", "42", "--set", "/train/batch=64", "-o", "json").stdout)
    assert job["state"] == "succeeded"
    assert job["spec"]["split"]["folds"] == 2 and job["spec"]["train"]["batch"] == 64 and job["spec"]["seed"] == "42"
    assert json.loads(mutual("jobs", "get", job["id"], "-o", "json").stdout) == job
    again = json.loads(mutual("estimate", *pair, *QUICK, "--seed", "42", "--set", "/train/batch=64", "-o", "json").stdout)
    assert again["id"] != job["id"] and again["result"]["mi"] == job["result"]["mi"]


def test_csv_is_one_row_of_exact_figures(mutual, pair):
    done = mutual("estimate", *pair, *QUICK, "-o", "csv", "--quiet")
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    job = json.loads(mutual("jobs", "get", row["id"], "-o", "json").stdout)
    assert float(row["mi_nats"]) == job["result"]["mi"]["nats"]
    assert float(row["sampling95_low_nats"]) == job["result"]["mi"]["sampling95_nats"][0]
    assert done.stderr == ""


def test_a_file_is_uploaded_once_under_a_name_made_of_its_hash(mutual, pair):
    mutual("estimate", *pair, *QUICK)
    mutual("estimate", *pair, *QUICK)
    names = [row["name"] for row in csv.DictReader(io.StringIO(mutual("datasets", "ls", "-o", "csv", "--limit", 1000).stdout))]
    for path, stem in zip(pair, ("x", "y-data")):
        assert names.count(f"{stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}") == 1


def test_the_same_bytes_are_another_data_set_as_pairs(mutual, server, tmp_path):
    (tmp_path / "lr.csv").write_text("1,2\n3,4\n5,6\n")
    put = lambda *more, **how: mutual("datasets", "put", "lr", tmp_path / "lr.csv", *more, "-o", "json", **how)
    first = json.loads(put("--kind", "pairs").stdout)
    assert first["kind"] == "pairs" and json.loads(put("--kind", "pairs").stdout) == first
    assert "409" in put(code=2).stderr
    assert "409" in put("--kind", "matrix", code=2).stderr


def test_datasets_are_put_described_used_by_name_and_removed(mutual, pair):
    mutual("datasets", "put", "cli-x", pair[0])
    mutual("datasets", "put", "cli-x", pair[0])
    described = json.loads(mutual("datasets", "get", "cli-x", "-o", "json").stdout)
    assert (described["rows"], described["columns"]) == (300, 2)
    assert "cli-x" in mutual("datasets").stdout
    mutual("estimate", "dataset:cli-x", pair[1], *QUICK)
    refused = mutual("datasets", "put", "cli-x", pair[1], code=2)
    assert "409" in refused.stderr
    mutual("datasets", "rm", "cli-x")
    assert "404" in mutual("datasets", "get", "cli-x", code=2).stderr


def test_categorical_columns_are_said_with_flags(mutual, pair, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("label\n" + "".join(f"{i % 3}\n" for i in range(300)))
    job = json.loads(mutual("estimate", pair[0], labels, *QUICK, "--categorical-y", "0", "-o", "json").stdout)
    assert job["spec"]["y"]["categorical"] == "all" and "categorical" not in job["spec"]["x"]
    shown = mutual("datasets", "put", "labels", labels, "--categorical", "label").stdout
    assert "3: 0, 1, 2" in shown
    mutual("estimate", pair[0], labels, *QUICK, "--categorical-y", "label", code=2)


def test_a_spec_file_names_everything_and_flags_change_it(mutual, pair, tmp_path):
    spec = tmp_path / "job.json"
    data = np.load(pair[0]).astype("f8").tolist()
    spec.write_text(json.dumps({"x": {"data": data}, "y": {"data": data}, "split": {"folds": 5}, "train": {"max_steps": 20}}))
    job = json.loads(mutual("estimate", "--spec", spec, "--folds", "2", "-o", "json").stdout)
    assert job["spec"]["split"]["folds"] == 2 and job["spec"]["train"]["max_steps"] == 20


def test_pmi_comes_as_table_json_csv_and_npy(mutual, finished, tmp_path):
    assert mutual("pmi", finished).stdout.count("\n") == 21
    page = json.loads(mutual("pmi", finished, "-o", "json", "--top", "3").stdout)
    values = [row["pmi"] for row in page["data"]]
    assert len(values) == 3 and values == sorted(values, reverse=True)
    rows = list(csv.DictReader(io.StringIO(mutual("pmi", finished, "-o", "csv").stdout)))
    assert len(rows) == 300 and max(float(row["pmi"]) for row in rows) == values[0]
    mutual("pmi", finished, "--out", tmp_path / "p.npy")
    array = np.load(tmp_path / "p.npy")
    assert array.shape[0] == 300 and array.dtype == np.float64
    assert np.load(io.BytesIO(mutual("pmi", finished, "-o", "npy", text=False).stdout)).shape == array.shape
    assert len(mutual("pmi", finished, "--min", values[1]).stdout.splitlines()) == 3
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("p.npy")] == ["p.npy"]


def test_estimate_saves_the_pairs_and_draws_the_curves_on_request(mutual, pair, tmp_path):
    done = mutual("estimate", *pair, *QUICK, "--pmi", tmp_path / "pairs.csv", "--curve")
    assert len((tmp_path / "pairs.csv").read_text().splitlines()) == 301
    assert "loss, nats" in done.stdout


def test_objectives_are_compared_in_one_table(mutual, pair, tmp_path):
    done = mutual("estimate", *pair, *QUICK, "--compare", "infonce-anchor:nu=2,infonce,ksg")
    job = JOB_ID.search(done.stdout).group()
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines[2:5]] == ["infonce-anchor", "infonce", "ksg"]
    assert lines[1][:4] == ["OBJECTIVE", "MI", "(nats)", "+-"] and "●" in done.stdout and "combined standard errors" in done.stdout
    assert mutual("jobs", "get", job).stdout == done.stdout
    rows = list(csv.DictReader(io.StringIO(mutual("jobs", "get", job, "-o", "csv").stdout)))
    result = json.loads(mutual("jobs", "get", job, "-o", "json").stdout)["result"]
    assert [float(r["mi_nats"]) for r in rows] == [r["mi"]["nats"] for r in result["comparison"]]
    assert rows[1]["null_mean_ratio"] == "" and "no_pmi" in rows[1]["warnings"]
    for wanted in ("ksg", "2"):
        mutual("pmi", job, "--objective", wanted, "--out", tmp_path / f"{wanted}.npy")
    assert (tmp_path / "ksg.npy").read_bytes() == (tmp_path / "2.npy").read_bytes()
    assert "no PMI" in mutual("pmi", job, "--objective", "infonce", code=2).stderr
    drawn = mutual("curve", job, "--objective", "infonce").stdout
    assert "2 runs" in drawn and "infonce-anchor" not in drawn
    assert "4 runs" in mutual("curve", job).stdout
    mutual("curve", job, "--objective", "smile", code=2)


def test_all_objectives_of_the_server_can_be_compared(mutual, pair):
    done = mutual("estimate", *pair, "--folds", "1", "--max-steps", "3", "--compare", "all", "--detach", "-o", "json")
    job = json.loads(done.stdout)
    mutual("jobs", "cancel", job["id"])
    compared = [o["name"] for o in job["spec"]["objectives"]]
    info = json.loads(mutual("info", "-o", "json").stdout)
    assert compared == [o["name"] for o in info["objectives"] if o["available"]]


def test_a_download_that_fails_leaves_no_file(mutual, endless, tmp_path):
    refused = mutual("pmi", endless, "--out", tmp_path / "p.npy", code=2)
    assert "409" in refused.stderr
    assert not list(tmp_path.glob("p.npy*"))


def test_curves_are_drawn_in_braille_or_ascii_and_given_as_data(mutual, finished):
    drawn = mutual("curve", finished).stdout
    assert any("\u2800" < c <= "\u28ff" for c in drawn) and "MI, nats" in drawn and "loss, nats" in drawn and "step" in drawn
    assert re.search(r"^ +0\.0 .*\n +0\.1 ", drawn, re.M), drawn
    assert "\x1b" not in drawn
    plain = mutual("curve", finished, LC_ALL="C").stdout
    assert plain.isascii() and "ooo" in plain
    assert max(map(len, mutual("curve", finished, COLUMNS="60").stdout.splitlines())) <= 60
    assert "1 run" in mutual("curve", finished, "--run", "0.1").stdout
    assert "no run 0.7" in mutual("curve", finished, "--run", "0.7", code=2).stderr
    runs = json.loads(mutual("curve", finished, "-o", "json").stdout)["runs"]
    rows = list(csv.DictReader(io.StringIO(mutual("curve", finished, "-o", "csv").stdout)))
    assert len(rows) == sum(len(run["step"]) for run in runs) > 0


def test_info_and_queue_are_readable(mutual):
    assert "infonce-anchor" in mutual("info").stdout
    assert "limits" in json.loads(mutual("info", "-o", "json").stdout)
    assert re.search(r"^/train/batch +128 +4\.\.4096 +\S", mutual("info", "--fields").stdout, re.M)
    assert mutual("queue").stdout


def test_exit_1_when_the_job_fails(mutual, pair):
    failed = mutual("estimate", *pair, *ENDLESS, "--timeout", "1", code=1)
    assert "failed" in failed.stdout and "time" in failed.stderr.lower()


def test_exit_1_when_the_job_is_canceled(mutual, endless):
    mutual("jobs", "cancel", endless)
    assert "canceled" in mutual("jobs", "watch", endless, code=1).stderr
    mutual("jobs", "rm", endless)
    mutual("jobs", "get", endless, code=2)


@pytest.mark.parametrize("args, said", [
    (["frobnicate"], "frobnicate"),
    (["estimate", "only-x.npy"], "needs X and Y"),
    (["estimate", "no-such-file.npy", "dataset:y"], "No such file"),
    (["estimate", "dataset:nowhere-x", "dataset:nowhere-y"], "/y/dataset: "),
    (["estimate", "dataset:a", "dataset:b", "--set", "/critic/type=joint"], "needs its quotes"),
    (["jobs", "get", "job_00000000000000000000000000"], "404"),
    (["jobs", "get", "../../etc/passwd"], "404"),
    (["curve", "job_1", "--folds", "3"], "not a flag"),
])
def test_exit_2_says_what_is_wrong(mutual, args, said):
    assert said in mutual(*args, code=2).stderr


def test_exit_2_lists_every_bad_field_with_its_pointer(mutual, pair):
    refused = mutual("estimate", *pair, "--nu", "-4", "--set", "/train/batch=0", "--set", "/frobnicate=1", code=2)
    for pointer in ("/objective/nu", "/train/batch", "/frobnicate"):
        assert re.search(rf"^  {pointer}: .+", refused.stderr, re.M), refused.stderr


def test_exit_2_for_a_file_that_is_not_data(mutual, pair, tmp_path):
    (tmp_path / "bad.npy").write_bytes(b"\x93NUMPY\x01\x00")
    refused = mutual("estimate", tmp_path / "bad.npy", pair[1], code=2)
    assert "bad.npy" in refused.stderr and re.search(r"\(4\d\d\)", refused.stderr)


def test_exit_3_when_nobody_listens(mutual):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        done = mutual("info", code=3, url=f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert "cannot reach" in done.stderr and "is mutuald running" in done.stderr


def start(server, *args):
    return subprocess.Popen([MUTUAL, "--server", server.url, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=environment())


def test_ctrl_c_detaches_prints_the_id_and_the_job_goes_on(mutual, server, pair):
    process = start(server, "estimate", *pair, *ENDLESS)
    job = JOB_ID.search(process.stderr.readline()).group()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert out == f"{job}\n" and f"mutual jobs watch {job}" in err
    assert json.loads(mutual("jobs", "get", job, "-o", "json").stdout)["state"] in ("queued", "running")
    mutual("jobs", "cancel", job)


def test_watch_follows_to_the_end(mutual, server, pair):
    job = mutual("estimate", *pair, *QUICK, "--detach").stdout.strip()
    assert JOB_ID.fullmatch(job)
    assert "mutual information" in mutual("jobs", "watch", job).stdout


def test_on_a_terminal_there_is_a_progress_bar_that_goes_away(server, pair):
    primary, secondary = pty.openpty()
    process = subprocess.Popen([MUTUAL, "--server", server.url, "estimate", *map(str, pair), "--max-steps", "400", "--set",
                                "/train/early_stopping=false"], stdout=subprocess.DEVNULL, stderr=secondary,
                               env=environment())
    os.close(secondary)
    shown = b""
    while select.select([primary], [], [], 60)[0]:
        try:
            piece = os.read(primary, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(primary)
    assert process.wait(timeout=60) == 0
    text = shown.decode()
    assert "\r" in text and re.search(r"runs \d/5", text) and "%" in text
    assert text.rstrip("\n").endswith("\r\x1b[K")


def test_arrays_of_a_file_and_pair_tables_are_put_by_flags(mutual, tmp_path):
    x = np.random.default_rng(8).standard_normal((20, 2))
    np.savez_compressed(tmp_path / "two.npz", a=x, b=x[:5], names=np.array([f"P{i}" for i in range(20)]))
    assert "say which with key" in mutual("datasets", "put", "two", tmp_path / "two.npz", code=2).stderr
    found = json.loads(mutual("datasets", "put", "two", tmp_path / "two.npz", "--key", "a", "--ids-key", "names", "-o", "json").stdout)
    assert (found["rows"], found["ids"], found["format"]) == (20, True, "npz")
    (tmp_path / "lr.tsv.gz").write_bytes(gzip.compress(b"ligand\treceptor\tnote\nP1\tP2\tx\nP3\tP4\t\n"))
    shown = mutual("datasets", "put", "lr", tmp_path / "lr.tsv.gz", "--kind", "pairs").stdout
    assert "ligand" in shown and "text, 1 empty" in shown


def test_output_that_cannot_be_written_is_reported(server):
    with open("/dev/full", "w") as full:
        done = subprocess.run([MUTUAL, "--server", server.url, "info"], stdout=full, stderr=subprocess.PIPE, text=True,
                              env=environment(), timeout=30)
    assert done.returncode == 1 and "No space left" in done.stderr


def test_help_needs_no_server_and_names_every_command(mutual):
    text = mutual("help", url="http://127.0.0.1:1").stdout
    for command in ("estimate", "jobs watch", "datasets put", "pmi", "curve", "info", "queue"):
        assert f"mutual {command}" in text
    assert "--folds" in mutual("help", "estimate", url="http://127.0.0.1:1").stdout
    assert re.fullmatch(r"mutual \d+\.\d+\.\d+\n", mutual("--version", url="http://127.0.0.1:1").stdout)


def test_pairs_by_id_from_files(mutual, tmp_path):
    """One file on both sides, its ids joined by a table that names an unknown one."""
    rng = np.random.default_rng(11)
    values = rng.standard_normal((80, 3))
    near = np.argsort(((values[:, None] - values[None]) ** 2).sum(2) + 1e9 * np.eye(80), axis=None)[:300]
    (tmp_path / "people.csv").write_text("id,a,b,c\n" + "".join(f"P{i},{a},{b},{c}\n" for i, (a, b, c) in enumerate(values)))
    rows = [f"note\t{k // 80}\tP{k // 80}\tP{k % 80}\t1" for k in near] + ["note\t0\tP0\tP999\t1", "note\t0\tP0\tP79\t0"]
    (tmp_path / "friends.tsv").write_text("what\tn\tfrom\tto\tknown\n" + "\n".join(rows) + "\n")
    people, friends = tmp_path / "people.csv", tmp_path / "friends.tsv"
    columns = ("--x-id", "from", "--y-id", "to", "--label", "known")
    done = mutual("estimate", people, people, "--pairs", friends, *columns, "--split", "x", *QUICK)
    assert "300 of 302 rows" in done.stdout and "1 without an embedding: 0 ids of x, 1 of y" in done.stdout, done.stdout
    assert "by x, 300 pairs held out" in done.stdout and "warning ids_without_embedding" in done.stdout
    job = JOB_ID.search(done.stdout).group()
    spec = json.loads(mutual("jobs", "get", job, "-o", "json").stdout)["spec"]
    assert spec["pairs"]["y_id"] == "to" and spec["x"]["dataset"] == spec["y"]["dataset"]
    table = spec["pairs"]["dataset"]
    assert table.startswith("friends-")
    of_one = list(csv.DictReader(io.StringIO(mutual("pmi", job, "--x-id", f"P{near[0] // 80}", "--top", 20, "-o", "csv").stdout)))
    assert of_one and {r["x_id"] for r in of_one} == {f"P{near[0] // 80}"} and f"P{near[0] % 80}" in {r["y_id"] for r in of_one}
    assert "no row with the id" in mutual("pmi", job, "--y-id", "P999", code=2).stderr
    again = mutual("estimate", people, people, "--pairs", f"dataset:{table}", *columns, "--split", "x", *QUICK, "-o", "json")
    assert json.loads(again.stdout)["result"]["pairs"]["used"] == 300
    assert "--pairs" in mutual("estimate", people, people, "--x-id", "from", code=2).stderr


def test_flags_in_the_manual_are_the_help_text():
    manual = (ROOT / "clients/cli/README.md").read_text()
    block = re.search(r"<!-- help:begin.*?-->\n```\n(.*?)```\n<!-- help:end -->", manual, re.S)
    told = subprocess.run([MUTUAL, "help"], capture_output=True, text=True, check=True, env=environment()).stdout
    assert block.group(1) == told, "regenerate the block: mutual help"


BENCH = ("--set", "/critic/hidden=[8]", "--set", "/null_pairs=1000", "--set", "/train/batch=32")


def test_a_staircase_is_climbed_shown_and_saved(mutual, tmp_path):
    done = mutual("benchmark", "--law", "gaussian:dim=2", "--fresh", 20, "--levels", "1,2", "--sample", 300, "--objectives", "nwj,smile:tau=3",
                  "--repetitions", 2, *BENCH, "--csv", tmp_path / "figures.csv")
    assert "gaussian dim=2: bias and spread of 2 repetitions, bits" in done.stdout and "1 bits" in done.stdout
    assert re.search(r"\n  smile +-?\d\.\d{3} ±\d", done.stdout) and "over all laws and levels" in done.stdout
    rows = list(csv.DictReader(io.StringIO((tmp_path / "figures.csv").read_text())))
    assert [(r["label"], r["level"], r["truth_bits"]) for r in rows] == [(n, str(k), str(k + 1)) for n in ("nwj", "smile") for k in (0, 1)]
    job = json.loads(mutual("jobs", "get", JOB_ID.search(done.stdout).group(), "-o", "json").stdout)
    assert job["kind"] == "benchmark" and job["spec"]["objectives"][1]["tau"] == 3
    assert float(rows[3]["rmse_nats"]) == job["result"]["benchmark"]["cells"][1]["levels"][1]["rmse_nats"]
    assert job["id"] in mutual("jobs", "ls", "--kind", "benchmark").stdout
    again = list(csv.DictReader(io.StringIO(mutual("jobs", "get", job["id"], "-o", "csv").stdout)))
    assert again == rows
    assert "gaussian dim=2" in mutual("curve", job["id"], "--objective", "nwj").stdout


def test_a_suite_is_one_table(mutual):
    done = mutual("benchmark", "--suite", "further:b", "--law", "ring-0.3", "--n", 60, "--repetitions", 1, "--objective", "ksg", *BENCH)
    assert "ksg, nats" in done.stdout and "ring-0.3" in done.stdout and "95% HELD" in done.stdout


def test_a_benchmark_that_cannot_be_is_said_before_anything_runs(mutual):
    assert "needs laws" in mutual("benchmark", code=2).stderr
    assert "/laws/0" in mutual("benchmark", "--law", "gausian", code=2).stderr
