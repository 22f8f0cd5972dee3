"""A figure: one JSON line, a ratio to a baseline that was measured in alternation with it.

On a machine that others use, two rates measured a minute apart differ by a fifth. Runs alternate A B A B, every pair gives a ratio, and the median of
those is the figure; `spread` is the lowest and the highest of them. A ratio above 1 is in favour of `value` whichever way is better.
"""
import json
import statistics


class Report:
    def __init__(self, quiet=False):
        self.lines, self.quiet = [], quiet

    def _add(self, line):
        self.lines.append(line)
        if not self.quiet:
            print(json.dumps(line), flush=True)

    def figure(self, name, pairs, unit, baseline, better="higher", target=None, **more):
        """pairs: (value, baseline value) of each alternation. target: the ratio that is wanted, or a limit on the value as value() has it."""
        ratios = [(a / b if better == "higher" else b / a) for a, b in pairs]
        line = {"name": name, "value": rounded(statistics.median(a for a, _ in pairs)), "unit": unit, "better": better, "baseline": baseline,
                "baseline_value": rounded(statistics.median(b for _, b in pairs)), "ratio": rounded(statistics.median(ratios)),
                "runs": len(pairs), "spread": [rounded(min(ratios)), rounded(max(ratios))]}
        if isinstance(target, tuple):
            judge(line, statistics.median(a for a, _ in pairs), *target)
        elif target is not None:
            line["target"] = f"ratio >= {target:g}"
            line["met"] = line["ratio"] >= target
        self._add({**line, **more})

    def value(self, name, values, unit, baseline=None, target=None, **more):
        """A figure that is compared with nothing else, or with a limit: target ("<=", 5)."""
        middle = statistics.median(values)
        line = {"name": name, "value": rounded(middle), "unit": unit, "baseline": baseline, "baseline_value": None, "ratio": None,
                "runs": len(values), "spread": [rounded(min(values)), rounded(max(values))]}
        if target is not None:
            judge(line, middle, *target)
        self._add({**line, **more})

    def grown(self, name, parameter, before, size, small, large, unit, exponents):
        """A cost at two sizes of a parameter."""
        middle = statistics.median(exponents)
        self._add({"name": name, "value": rounded(large), "unit": unit, "better": "lower", "parameter": parameter, "size": size,
                   "baseline": f"{before} {parameter}", "baseline_value": rounded(small), "ratio": rounded(large / small),
                   "exponent": rounded(middle), "runs": len(exponents), "spread": [rounded(min(exponents)), rounded(max(exponents))]})

    def skip(self, name, reason):
        self._add({"name": name, "skipped": str(reason)})


def judge(line, value, sign, limit):
    line["target"] = f"{sign} {limit:g} {line['unit']}".strip()
    line["met"] = bool(value <= limit if sign == "<=" else value >= limit)


def rounded(value):
    """Four digits: the fifth is noise."""
    return float(f"{value:.4g}") if value == value else None
