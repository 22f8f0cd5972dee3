"""The protocol of paper_table.py: no held-out protein is trained on, draws are the seed's alone, and AUROC is what it should be."""

import itertools

import numpy as np
import pytest

import paper_protocol


def some_pairs(n_x=60, n_y=50, n=300, seed=1):
    rng = np.random.default_rng(seed)
    return list(dict.fromkeys((f"L{rng.integers(n_x)}", f"R{rng.integers(n_y)}") for _ in range(n))) + [("L1", "L1"), ("R2", "L3")]


def test_no_held_out_protein_is_in_a_training_pair():
    pairs = some_pairs()
    for number in range(30):
        draw = paper_protocol.draw(pairs, 25, 7, number)
        out = set(draw.held_out)
        assert len(out) == 25 and out <= {id_ for pair in pairs for id_ in pair}
        assert draw.train and out.isdisjoint(id_ for pair in draw.train for id_ in pair)
        assert set(draw.train) == {pair for pair in pairs if out.isdisjoint(pair)}, "and nothing else is left out"


def test_all_ordered_pairs_of_held_out_proteins_are_scored_but_self_pairs():
    pairs = some_pairs()
    draw = paper_protocol.draw(pairs, 25, 7, 0)
    assert len(draw.scored) == len(set(draw.scored)) == 25 * 24
    assert set(draw.scored) == set(itertools.permutations(draw.held_out, 2))
    assert [pair in pairs for pair in draw.scored] == draw.known.tolist() and draw.known.any()
    xs, ys = {x for x, _ in pairs}, {y for _, y in pairs}
    assert [x in xs and y in ys for x, y in draw.scored] == draw.within_roles.tolist()
    assert not (draw.known & ~draw.within_roles).any()


def test_a_draw_depends_on_seed_and_number_alone():
    pairs = some_pairs()
    first = paper_protocol.draw(pairs, 25, 7, 3)
    assert paper_protocol.draw(list(reversed(pairs)), 25, 7, 3).held_out == first.held_out
    assert paper_protocol.draw(pairs, 25, 7, 4).held_out != first.held_out != paper_protocol.draw(pairs, 25, 8, 3).held_out


def test_a_draw_without_a_known_pair_is_drawn_again_and_said_so():
    pairs = [(f"L{i}", f"R{i}") for i in range(40)]
    draws = [paper_protocol.draw(pairs, 6, 1, number) for number in range(20)]
    assert all(draw.known.any() for draw in draws) and any(draw.redrawn for draw in draws)
    with pytest.raises(ValueError, match="1000 draws"):
        paper_protocol.draw([("A", "A"), ("B", "B"), ("C", "C"), ("D", "D")], 2, 1, 0)
    with pytest.raises(ValueError, match="170 proteins to hold out of 80"):
        paper_protocol.draw(pairs, 170, 1, 0)


def test_auroc_is_the_share_of_pairs_in_order():
    rng = np.random.default_rng(3)
    scores, positive = rng.integers(0, 12, 200) / 4, rng.random(200) < 0.2
    p, n = scores[positive][:, None], scores[~positive][None, :]
    assert paper_protocol.auroc(scores, positive) == pytest.approx(((p > n) + 0.5 * (p == n)).mean(), abs=1e-12)


def test_auroc_at_its_ends():
    assert paper_protocol.auroc([1, 2, 3], [False, False, True]) == 1.0
    assert paper_protocol.auroc([3, 2, 1], [False, False, True]) == 0.0
    assert paper_protocol.auroc([5, 5, 5, 5], [True, False, True, False]) == 0.5
    assert paper_protocol.auroc([1, 2], [True, True]) is None
    with pytest.raises(ValueError, match="not finite"):
        paper_protocol.auroc([1, float("nan")], [True, False])


def test_paired_differences_are_of_common_draws():
    mean, error, draws = paper_protocol.paired_difference({0: 0.7, 1: 0.8, 2: 0.9}, {0: 0.6, 1: 0.6, 3: 0.1})
    assert (mean, draws) == (pytest.approx(0.15), 2) and error == pytest.approx(0.05)
    assert paper_protocol.paired_difference({0: 0.7}, {}) == (None, None, 0)
    assert paper_protocol.mean_sd([0.5]) == (0.5, None) and paper_protocol.mean_sd([]) == (None, None)


def test_pair_tables_are_read_by_column_name(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("n\treceptor\tligand\n1\tP00533\tP01135\n2\tP00533\tP01135\n3\tQ15303\tP01135\n")
    assert paper_protocol.read_pairs(path, "ligand", "receptor") == ("ligand", "receptor", [("P01135", "P00533"), ("P01135", "Q15303")])
    path.write_text("kinase,substrate,label\nA,B,1\nA,C,0\n")
    assert paper_protocol.read_pairs(path) == ("kinase", "substrate", [("A", "B")])
    with pytest.raises(ValueError, match="no column called enzyme; there are kinase, substrate, label"):
        paper_protocol.read_pairs(path, "enzyme")
    path.write_text("kinase,substrate\nA\n")
    with pytest.raises(ValueError, match="line 2 has 1 fields"):
        paper_protocol.read_pairs(path)
