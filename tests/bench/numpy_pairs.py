"""What numpy makes of a model's weights: features of proteins, pairs scored from them, and the answer's JSON. A server of lines of JSON.

{"open": {"weights", "embeddings"}}   reads both files and keeps the features of all rows of both sides
{"score": [[x_id, y_id], ...]}        seconds from the decoded pairs to the bytes of the answer, with all that mutuald's has ("full") or with ids and PMI
                                      alone ("lean"); "cpu": seconds of "full"; "pmi": the numbers
{"cold": [[x_id, y_id], ...]}         the same from the files, features of the asked rows included
"""
import functools
import json
import statistics
import sys
import time

import numpy

BLOCK = 4096
TIE = 1e-6  # relative: a protein of many pairs is many equal ranks, which another order of summation must not tell apart


def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    n = int.from_bytes(data[:8], "little")
    kinds = {"F32": "<f4", "F64": "<f8", "U32": "<u4", "U64": "<u8", "U8": "u1"}
    header = json.loads(data[8:8 + n])
    header.pop("__metadata__")
    return {name: numpy.frombuffer(data[8 + n + t["data_offsets"][0]:8 + n + t["data_offsets"][1]], kinds[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items()}


@functools.lru_cache
def normal_scores(n):
    """What an average rank of 0, 1/2, ..., n becomes."""
    inverse = statistics.NormalDist().inv_cdf
    return numpy.array([inverse(min(max(halves / 2, 0.5), n - 0.5) / n) for halves in range(2 * n + 1)], numpy.float32)


class Member:
    """A separable critic with the Gaussian baseline, of a model with rank-to-Gaussian inputs."""

    def __init__(self, tensors, number):
        prefix = f"member.{number}."
        self.t = {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}

    def prepared(self, side, rows):
        t = self.t
        z = ((rows[:, t[side + ".columns"]] - t[side + ".mean"]) * t[side + ".scale"]).astype(numpy.float32)
        if side + ".components" in t:
            z = z @ t[side + ".components"]
        for column, known in enumerate(t[side + ".quantiles"]):
            near = TIE * numpy.abs(known).max()
            halves = numpy.searchsorted(known, z[:, column] - near, "left") + numpy.searchsorted(known, z[:, column] + near, "right")
            z[:, column] = normal_scores(len(known))[halves]
        return z

    def baseline(self, side, z):
        t = self.t
        rho, slope = t["baseline.rho"], t["baseline.slope"][0]
        rest = 1 - rho**2
        u = (z - t[f"baseline.{side}_mean"]) @ t[f"baseline.{side}_map"]
        own = -slope * (0.5 * rho**2 / rest * u**2).sum(1)
        one = numpy.ones_like(own)
        if side == "x":
            return numpy.column_stack([slope * rho / rest * u, own - slope * 0.5 * numpy.log(rest).sum(), one])
        return numpy.column_stack([u, one, own])

    def features(self, side, rows):
        h = z = self.prepared(side, rows)
        for layer in range(3):
            h = h @ self.t[f"critic.{side}.layer{layer}.weight"] + self.t[f"critic.{side}.layer{layer}.bias"]
            if layer < 2:
                numpy.maximum(h, 0, out=h)
        return numpy.concatenate([h, self.baseline(side, z).astype(numpy.float32)], axis=1)


class Model:
    def __init__(self, weights, embeddings):
        tensors = read_safetensors(weights)
        self.members = [Member(tensors, k) for k in range(sum(name.endswith(".calibration") for name in tensors))]
        self.constant = numpy.mean([m.t["calibration"][1] for m in self.members])
        self.null = tensors["null.pmi"]
        ids = [tensors[f"{side}.id_bytes"].tobytes() for side in "xy"]
        at = [tensors[f"{side}.id_offsets"].tolist() for side in "xy"]
        names = [[bytes_[a:b].decode() for a, b in zip(offsets, offsets[1:])] for bytes_, offsets in zip(ids, at)]
        self.trained = {(names[0][a], names[1][b]) for a, b in tensors["pairs.rows"].tolist()}
        found = numpy.load(embeddings)
        self.values, self.row = found["embeddings"], {name: row for row, name in enumerate(found["ids"].tolist())}

    def features(self, side, rows):
        share = [m.t["calibration"][0] / len(self.members) if side == "x" else 1 for m in self.members]
        return numpy.concatenate([m.features(side, rows) * numpy.float32(s) for m, s in zip(self.members, share)], axis=1)

    def all_features(self):
        self.kept = [numpy.concatenate([self.features(side, self.values[a:a + BLOCK]) for a in range(0, len(self.values), BLOCK)]) for side in "xy"]
        self.place = [self.row, self.row]

    def features_of(self, pairs):
        self.kept, self.place = [], []
        for k, side in enumerate("xy"):
            names = list(dict.fromkeys(pair[k] for pair in pairs))
            self.place.append({name: at for at, name in enumerate(names)})
            self.kept.append(self.features(side, self.values[[self.row[name] for name in names]]))

    def score(self, pairs):
        i, j = ([place[pair[k]] for pair in pairs] for k, place in enumerate(self.place))
        return numpy.einsum("ij,ij->i", self.kept[0][i], self.kept[1][j]) + self.constant

    def full(self, pairs):
        pmi, null = self.score(pairs).astype(float), self.null
        below = numpy.searchsorted(null, pmi, "left")
        p = (1 + len(null) - below) / (1 + len(null))
        order = numpy.argsort(p)
        q = numpy.empty(len(p))
        q[order] = numpy.minimum(numpy.minimum.accumulate((p[order] * len(p) / numpy.arange(1, len(p) + 1))[::-1])[::-1], 1)
        rows = zip(pairs, pmi.tolist(), (below / len(null)).tolist(), p.tolist(), q.tolist())
        data = [{"x_id": x, "y_id": y, "pmi": s, "percentile": below, "p_value": p, "q_value": q, "trained": (x, y) in self.trained}
                for (x, y), s, below, p, q in rows]
        return json.dumps({"object": "list", "unit": "nats", "data": data}).encode(), pmi

    def lean(self, pairs):
        pmi = self.score(pairs)
        return json.dumps({"data": [{"x_id": x, "y_id": y, "pmi": s} for (x, y), s in zip(pairs, pmi.tolist())]}).encode(), pmi


def main():
    print(json.dumps({"numpy": numpy.__version__}), flush=True)
    model = files = None
    for line in sys.stdin:
        ask = json.loads(line)
        if "open" in ask:
            files = ask["open"]
            model = Model(**files)
            model.all_features()
            answer = {}
        elif "cold" in ask:
            begun = time.perf_counter()
            other = Model(**files)
            other.features_of(ask["cold"])
            other.full(ask["cold"])
            answer = {"seconds": time.perf_counter() - begun}
        else:
            begun, cpu = time.perf_counter(), time.process_time()
            model.full(ask["score"])
            between, cpu = time.perf_counter(), time.process_time() - cpu
            _, pmi = model.lean(ask["score"])
            answer = {"full": between - begun, "cpu": cpu, "lean": time.perf_counter() - between, "pmi": pmi.tolist()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
