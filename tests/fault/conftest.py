import pathlib

import numpy as np
import pytest

from daemon import MUTUALD, Daemon


def pairs(n, dim, seed=1):
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n, dim))
    return {side: {"data": np.round(shared + 0.5 * rng.standard_normal((n, dim)), 5).tolist()} for side in "xy"}


def sanitized():
    """Whether training is many times slower than it is for users."""
    content = pathlib.Path(MUTUALD).read_bytes()
    return b"__asan_init" in content or b"__tsan_init" in content


@pytest.fixture(scope="session")
def spec():
    """Some seconds of training: two folds that run side by side, evaluations and permutations included."""
    steps = 3000 if sanitized() else 16000
    return {
        **pairs(2000, 3),
        "critic": {"hidden": [64, 64], "embed": 16},
        "train": {"batch": 128, "max_steps": steps, "early_stopping": False, "evaluate_every": 100, "evaluate_fraction": 0},
        "split": {"folds": 2},
        "permutations": 20,
        "null_pairs": 20000,
        "seed": "7",
        "timeout_s": 600,
    }


@pytest.fixture
def daemon(tmp_path):
    """Makes daemons on one folder; none outlives the test."""
    made = []

    def make(*flags, folder="daemon", **settings):
        path = tmp_path / folder
        path.mkdir(exist_ok=True)
        made.append(Daemon(path, *flags, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def reference(tmp_path_factory, spec):
    """The job done without any disturbance."""
    one = Daemon(tmp_path_factory.mktemp("reference"), "--workers", "2").start()
    try:
        yield one.outcome(one.accept(spec))
    finally:
        one.close()
