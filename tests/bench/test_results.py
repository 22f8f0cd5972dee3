"""RESULTS.md: what a call that skips a part does to the figures that stand there."""
import results
from figures import Report


def test_sections_of_skipped_parts_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "HERE", tmp_path)
    first = Report(quiet=True)
    first.value("screen.top.memory", [241], "MiB", target=("<=", 1024))
    first.figure("step.one", [(3, 1)], "steps/s", "torch", target=2)
    first.figure("pairs.request.p99", [(35, 16)], "ms", "numpy", better="lower", target=("<=", 20))
    first.skip("pairs.auroc", "no data")
    results.write(first.lines, False, 0)
    second = Report(quiet=True)
    second.skip("screen", "not built")
    second.figure("step.one", [(1, 1)], "steps/s", "torch", target=2)
    second.skip("step.two", "no torch")
    results.write(second.lines, False, 0)
    text = (tmp_path / "RESULTS.md").read_text()
    assert "| screen.top.memory | 241 MiB |" in text and "<= 1024 MiB, met" in text and "not built" not in text
    assert "<= 20 ms, **not met**" in text and "ratio >= 2, **not met**" in text and "no torch" in text
    assert "skipped: no data" in text, "a part that was never measured says why"
