"""A whole default estimate in torch: the recipe of core/src/spec.c, five folds, out-of-fold PMIs, mismatched pairs, p and q values.

    torch_estimate.py X.npy Y.npy [--jobs 1|2] [--form hand|autograd]      prints one JSON line

`hand` is as fast as torch could be made: backward by hand (torch_hand.py), one vector of parameters. `autograd` is what a skilled user would write:
autograd, Adam(foreach=True), foreach operations for clipping and averaging. All else is the same. With --jobs 2, two processes share the folds.
"""
import argparse
import json
import math
import multiprocessing
import resource
import time

import numpy
import torch

import torch_hand
from torch_hand import EMBED, HIDDEN, Tower
from torch_loss import Anchor, LeaveOut, by_autograd
from torch_recipe import SHRINKAGES, Gaussian, RankGaussian, bounds, calibrate

FOLDS, VALIDATION, VALIDATION_MAX = 5, 0.15, 1024
BATCH, MAX_STEPS, RATE, WARM_UP, AVERAGE, CLIP, NU = 128, 3000, 2e-3, 30, 0.999, 10.0, 8.0
PATIENCE, PATIENCE_SHARE, EVERY, EVERY_SHARE = 200, 0.5, 6, 0.1
NULL_PAIRS, SEED = 100000, 42


class BothDirections:
    """Anchor loss over rows and columns, and its gradient for c[i, j] with x in rows."""

    def __init__(self, b, nu):
        self.loss = Anchor(b, nu=nu, weight=0.5)
        self.turned, self.gradient, self.other = (torch.empty(b, b) for _ in range(3))

    def value(self, c):
        return float(self.loss(c, None) + self.loss(self.turned.copy_(c.t()), None))

    def __call__(self, c):
        rows = self.loss(c, self.gradient)
        columns = self.loss(self.turned.copy_(c.t()), self.other)
        self.gradient.add_(self.other.t())
        return float(rows + columns)


def forward(parameters, rows):
    w1, b1, w2, b2, w3, b3 = parameters
    return torch.addmm(b3, torch.addmm(b2, torch.addmm(b1, rows, w1).relu_(), w2).relu_(), w3)


def by_modules(parameters, rows):
    """The same for autograd, which takes no operations in place."""
    w1, b1, w2, b2, w3, b3 = parameters
    return torch.addmm(b3, torch.relu(torch.addmm(b2, torch.relu(torch.addmm(b1, rows, w1)), w2)), w3)


class Residual:
    """f(x).g(y) on top of the Gaussian columns; the last layer of g starts at zero."""

    def __init__(self, dims, generator):
        shapes = [s for d in dims for s in ((d, HIDDEN), (HIDDEN,), (HIDDEN, HIDDEN), (HIDDEN,), (HIDDEN, EMBED), (EMBED,))]
        self.adam = torch_hand.Adam(shapes)
        parameters, gradients = self.adam.views
        for at in (0, 2, 4, 6, 8):
            bound = 0.5 / math.sqrt(shapes[at][0])
            for view in parameters[at:at + 2]:
                view.uniform_(-bound, bound, generator=generator)
        self.towers = [Tower(BATCH, parameters[6 * s:6 * s + 6], gradients[6 * s:6 * s + 6]) for s in (0, 1)]
        self.average = self.adam.weights.clone()
        self.objective = BothDirections(BATCH, NU)

    def features(self, weights, side, rows, base):
        views = [p.view(v.shape) for p, v in zip(weights.split([v.numel() for v in self.adam.views[0]]), self.adam.views[0])]
        return torch.cat([forward(views[6 * side:6 * side + 6], rows), base], 1)

    def learn(self, x, y, base_x, base_y):
        f, g = self.towers
        self.adam.step += 1
        f.forward(x)
        g.forward(y)
        scores = torch.addmm(base_x @ base_y.t(), f.out, g.out.t())
        loss = self.objective(scores)
        torch.mm(self.objective.gradient, g.out, out=f.d_out)
        torch.mm(self.objective.gradient.t(), f.out, out=g.d_out)
        f.backward(x)
        g.backward(y)
        norm = float(self.adam.gradient.norm())
        if norm > CLIP:
            self.adam.gradient.mul_(CLIP / norm)
        self.adam.update(rate=RATE * min(1.0, self.adam.step / WARM_UP))
        fresh = 1 - min(AVERAGE, (1 + self.adam.step) / (10 + self.adam.step))
        self.average.mul_(1 - fresh).add_(self.adam.weights, alpha=fresh)
        return loss


class ByAutograd(Residual):
    def __init__(self, dims, generator):
        super().__init__(dims, generator)
        self.views = [v.requires_grad_() for v in self.adam.views[0]]
        self.averages = [a.view(v.shape) for a, v in zip(self.average.split([v.numel() for v in self.views]), self.views)]
        self.optimiser = torch.optim.Adam(self.views, lr=RATE, foreach=True)
        self.hollow, self.leave_out = 1 - torch.eye(BATCH), LeaveOut(BATCH)

    def learn(self, x, y, base_x, base_y):
        self.adam.step += 1
        self.optimiser.param_groups[0]["lr"] = RATE * min(1.0, self.adam.step / WARM_UP)
        self.optimiser.zero_grad(set_to_none=True)
        with torch.enable_grad():
            f, g = (by_modules(self.views[6 * s:6 * s + 6], rows) for s, rows in ((0, x), (1, y)))
            scores = f @ g.t() + base_x @ base_y.t()
            loss = 0.5 * sum(by_autograd(c, self.hollow, self.leave_out, NU) for c in (scores, scores.t().contiguous()))
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.views, CLIP)
        self.optimiser.step()
        fresh = 1 - min(AVERAGE, (1 + self.adam.step) / (10 + self.adam.step))
        torch._foreach_mul_(self.averages, 1 - fresh)
        torch._foreach_add_(self.averages, [v.detach() for v in self.views], alpha=fresh)
        return float(loss)


class Fold:
    form = Residual

    def __init__(self, fold, x, y):
        self.generator = torch.Generator().manual_seed(SEED + fold)
        shuffled = torch.randperm(len(x), generator=torch.Generator().manual_seed(SEED))
        self.test = torch.tensor_split(shuffled, FOLDS)[fold].sort().values
        outside = torch.ones(len(x), dtype=torch.bool)
        outside[self.test] = False
        fit = outside.nonzero()[:, 0]
        dealt = fit[torch.randperm(len(fit), generator=self.generator)]
        n_validation = min(VALIDATION_MAX, int(VALIDATION * len(fit) + 0.5))
        self.parts = {"validation": [], "train": [], "test": []}
        for side in (x, y):
            normal = RankGaussian(side[fit])
            for name, rows in (("validation", dealt[:n_validation]), ("train", dealt[n_validation:]), ("test", self.test)):
                self.parts[name].append(normal(side[rows]))
        self.gaussian = Gaussian(*self.parts["train"])
        self.critic = self.form([x.shape[1], y.shape[1]], self.generator)
        self.selecting = BothDirections(n_validation, n_validation - 1.0)
        self._choose_shrinkage()

    def _columns(self, name):
        return [self.gaussian.columns(side, self.parts[name][side]) for side in (0, 1)]

    def _choose_shrinkage(self):
        losses = {}
        for s in SHRINKAGES:
            self.gaussian.shrink(s)
            bx, by = self._columns("validation")
            losses[s] = self.selecting.value(bx @ by.t())
        self.gaussian.shrink(min(losses, key=losses.get))
        self.base = {name: self._columns(name) for name in self.parts}

    def features(self, name, weights):
        return [self.critic.features(weights, side, self.parts[name][side], self.base[name][side]) for side in (0, 1)]

    def validation_scores(self, weights):
        f, g = self.features("validation", weights)
        return f @ g.t()

    def train(self):
        best = (self.selecting.value(self.validation_scores(self.critic.average)), 0, self.critic.average.clone())
        rows, base = self.parts["train"], self.base["train"]
        n, step, due = len(rows[0]), 0, EVERY
        per_epoch = n // BATCH
        while step < MAX_STEPS:
            if step % per_epoch == 0:
                order = torch.randperm(n, generator=self.generator)
            at = order[step % per_epoch * BATCH:][:BATCH]
            self.critic.learn(rows[0][at], rows[1][at], base[0][at], base[1][at])
            step += 1
            if step >= due or step == MAX_STEPS:
                loss = self.selecting.value(self.validation_scores(self.critic.average))
                due = step + max(EVERY, int(step * EVERY_SHARE))
                if loss < best[0]:
                    best = (loss, step, self.critic.average.clone())
            if step - best[1] >= PATIENCE + PATIENCE_SHARE * best[1]:
                break
        self.steps, self.best = step, best[2]

    def score(self):
        slope, scale = calibrate(self.validation_scores(self.best))

        def pairs(f, g):
            return (f * g).sum(1).double() * slope + scale

        f, g = self.features("test", self.best)
        n = len(self.test)
        i = torch.randint(n, (NULL_PAIRS // FOLDS,), generator=self.generator)
        j = (i + 1 + torch.randint(n - 1, i.shape, generator=self.generator)) % n
        order = torch.randperm(n, generator=self.generator)
        blocks = order[:n // BATCH * BATCH].view(-1, BATCH)
        bracket = torch.stack([bounds(f[b] @ g[b].t() * slope + scale) for b in blocks]).mean(0)
        return {"test": self.test.numpy(), "pmi": pairs(f, g).numpy(), "null": pairs(f[i], g[j]).numpy(), "bracket": bracket.numpy(),
                "train": float(pairs(*self.features("train", self.best)).mean()), "steps": self.steps}


def one_fold(fold):
    torch.set_grad_enabled(False)
    torch.set_flush_denormal(True)
    worked = Fold(fold, *one_fold.data)
    worked.train()
    return worked.score()


def q_values(p):
    """Benjamini and Hochberg."""
    order = numpy.argsort(p)[::-1]
    scaled = p[order] * len(p) / numpy.arange(len(p), 0, -1)
    q = numpy.empty(len(p))
    q[order] = numpy.minimum(1.0, numpy.minimum.accumulate(scaled))
    return q


def combine(folds, n):
    pmi = numpy.empty(n)
    for fold in folds:
        pmi[fold["test"]] = fold["pmi"]
    null = numpy.sort(numpy.concatenate([fold["null"] for fold in folds]))
    p = (1 + len(null) - numpy.searchsorted(null, pmi)) / (1 + len(null))
    q_values(p)
    held_out, train = pmi.mean(), float(numpy.mean([fold["train"] for fold in folds]))
    return {"mi_nats": float(held_out + 0.5 * min(train - held_out, max(held_out, 0.0))), "held_out_nats": float(held_out), "train_nats": train,
            "null_mean_ratio": float(numpy.exp(null).mean()), "steps": sum(fold["steps"] for fold in folds)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("x")
    parser.add_argument("y")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--form", choices=("hand", "autograd"), default="hand")
    asked = parser.parse_args()
    Fold.form = ByAutograd if asked.form == "autograd" else Residual
    begun = time.perf_counter()
    data = [numpy.load(path).astype(numpy.float32) for path in (asked.x, asked.y)]
    one_fold.data = [torch.from_numpy(side) for side in data]
    if asked.jobs == 1:
        folds = [one_fold(fold) for fold in range(FOLDS)]
    else:
        with multiprocessing.get_context("fork").Pool(asked.jobs) as pool:
            folds = pool.map(one_fold, range(FOLDS), chunksize=1)
    found = combine(folds, len(data[0]))
    found.update(seconds=time.perf_counter() - begun, peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
