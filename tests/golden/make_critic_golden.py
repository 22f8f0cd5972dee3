#!/usr/bin/env python3
"""Golden values of a small critic: scores, losses, every gradient, some optimiser steps.

Independent of the C code: numpy in float64, gradients by reverse differentiation written here, and checked here against central
differences. Run it in this folder with a Python that has numpy; it rewrites critic_separable.txt and critic_joint.txt.

Format: lines "name n v1 ... vn"; '#' starts a comment. Matrices are row-major. Inputs are float32 values written exactly.
"""

import numpy as np

B, DX, DY, H1, H2, E, G = 5, 3, 2, 6, 4, 3, 2
STEPS = 4
ADAM = dict(learning_rate=0.01, warmup_steps=3, ema=0.9, gradient_clip=0.5, weight_decay=0.1)
OBJECTIVES = (
    ("anchor_both", "anchor", dict(nu=8.0, both=True)),
    ("anchor_columns", "anchor", dict(nu=1.0, both=False)),
    ("infonce_both", "infonce", dict(both=True)),
    ("infonce_columns", "infonce", dict(both=False)),
    ("nwj", "nwj", {}),
)


def anchor_columns(c, nu):
    """Loss and gradient of sum over anchors j of the leave-one-out tuples, over B."""
    n = len(c)
    k_all = n - 1
    loss, grad = 0.0, np.zeros_like(c)
    for j in range(n):
        r = np.exp(c[:, j])
        negatives = [i for i in range(n) if i != j]
        for left_out in negatives:
            keep = np.array([i for i in range(n) if i != left_out])
            total = nu + r[keep].sum()
            w = k_all / (k_all + nu) / k_all / n
            loss += w * (np.log(total) - c[j, j])
            grad[keep, j] += w * r[keep] / total
            grad[j, j] -= w
        total = nu + r[negatives].sum()
        w = nu / (k_all + nu) / n
        loss += w * np.log(total / nu)
        grad[negatives, j] += w * r[negatives] / total
    return loss, grad


def infonce_columns(c):
    n = len(c)
    p = np.exp(c - c.max(axis=0))
    loss = np.mean(np.log(p.sum(axis=0)) + c.max(axis=0) - np.diag(c))
    return loss, (p / p.sum(axis=0) - np.eye(n)) / n


def nwj(c):
    n = len(c)
    off = 1 - np.eye(n)
    e = np.exp(c - 1) * off / (n * (n - 1))
    return e.sum() - np.mean(np.diag(c)), e - np.eye(n) / n


def objective(kind, c, nu=None, both=False):
    if kind == "nwj":
        return nwj(c)
    run = (lambda s: anchor_columns(s, nu)) if kind == "anchor" else infonce_columns
    loss, grad = run(c)
    if both:
        other, turned = run(c.T)
        loss, grad = (loss + other) / 2, (grad + turned.T) / 2
    return loss, grad


class Separable:
    """Two towers, one after the other in the parameters; each layer is weights (in, out), then biases."""

    sizes = [[(DX, H1), (H1, H2), (H2, E)], [(DY, H1), (H1, H2), (H2, E)]]

    def __init__(self):
        self.n_params = sum(i * o + o for tower in self.sizes for i, o in tower)

    def unpack(self, theta):
        at, towers = 0, []
        for tower in self.sizes:
            layers = []
            for i, o in tower:
                layers.append((theta[at : at + i * o].reshape(i, o), theta[at + i * o : at + i * o + o]))
                at += i * o + o
            towers.append(layers)
        return towers

    def scores(self, theta, x, y, base_x, base_y):
        self.trace = []
        for layers, h in zip(self.unpack(theta), (x, y)):
            kept = [h]
            for n, (w, b) in enumerate(layers):
                h = h @ w + b
                if n + 1 < len(layers):
                    h = np.maximum(h, 0)
                kept.append(h)
            self.trace.append(kept)
        return self.trace[0][-1] @ self.trace[1][-1].T + base_x @ base_y.T

    def gradient(self, theta, g):
        out = []
        towers = self.unpack(theta)
        heads = (g @ self.trace[1][-1], g.T @ self.trace[0][-1])
        for layers, kept, delta in zip(towers, self.trace, heads):
            parts = []
            for n in reversed(range(len(layers))):
                parts[:0] = [(kept[n].T @ delta).ravel(), delta.sum(axis=0)]
                delta = (delta @ layers[n][0].T) * (kept[n] > 0)
            out += parts
        return np.concatenate(out)


class Joint:
    """An MLP on [x;y]: weights of x, weights of y, bias of the first layer, then the other layers."""

    sizes = [(DX + DY, H1), (H1, H2), (H2, 1)]

    def __init__(self):
        self.n_params = sum(i * o + o for i, o in self.sizes)

    def unpack(self, theta):
        at, layers = 0, []
        for i, o in self.sizes:
            layers.append((theta[at : at + i * o].reshape(i, o), theta[at + i * o : at + i * o + o]))
            at += i * o + o
        return layers

    def scores(self, theta, x, y, base_x, base_y):
        n = len(x)
        h = np.concatenate([np.repeat(x, n, axis=0), np.tile(y, (n, 1))], axis=1)
        self.kept = [h]
        layers = self.unpack(theta)
        for k, (w, b) in enumerate(layers):
            h = h @ w + b
            if k + 1 < len(layers):
                h = np.maximum(h, 0)
            self.kept.append(h)
        return h.reshape(n, n) + base_x @ base_y.T

    def gradient(self, theta, g):
        layers, parts = self.unpack(theta), []
        delta = g.reshape(-1, 1)
        for n in reversed(range(len(layers))):
            parts[:0] = [(self.kept[n].T @ delta).ravel(), delta.sum(axis=0)]
            delta = (delta @ layers[n][0].T) * (self.kept[n] > 0)
        return np.concatenate(parts)


def check_gradient(critic, theta, data, kind, options, got):
    h = 1e-6
    for p in range(len(theta)):
        ends = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[p] += sign * h
            ends.append(objective(kind, critic.scores(moved, *data), **options)[0])
        assert abs((ends[0] - ends[1]) / (2 * h) - got[p]) < 1e-7, (kind, p)


def adam(critic, theta, data, kind, options):
    """AdamW with linear warm-up, clipping by the global norm, and a ramped average of the weights."""
    theta, average = theta.copy(), theta.copy()
    m, v, losses = np.zeros_like(theta), np.zeros_like(theta), []
    for t in range(1, STEPS + 1):
        loss, g = objective(kind, critic.scores(theta, *data), **options)
        losses.append(loss)
        g = critic.gradient(theta, g)
        norm = np.sqrt((g * g).sum())
        if norm > ADAM["gradient_clip"]:
            g = g * ADAM["gradient_clip"] / norm
        rate = ADAM["learning_rate"] * min(1, t / ADAM["warmup_steps"])
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        theta = theta - rate * step - rate * ADAM["weight_decay"] * theta
        keep = min(ADAM["ema"], (1 + t) / (10 + t))
        average = keep * average + (1 - keep) * theta
    return losses, theta, average


def write(out, name, values):
    flat = np.asarray(values, dtype=np.float64).ravel()
    out.write(f"{name} {flat.size} " + " ".join(f"{v:.17g}" for v in flat) + "\n")


def make(file_name, critic, seed):
    rng = np.random.default_rng(seed)
    draw = lambda *shape: rng.standard_normal(shape).astype(np.float32).astype(np.float64)
    x, y, base_x, base_y = draw(B, DX), draw(B, DY), 0.5 * draw(B, G), 0.5 * draw(B, G)
    theta = (0.6 * draw(critic.n_params)).astype(np.float32).astype(np.float64)
    data = (x, y, base_x, base_y)
    with open(file_name, "w", encoding="ascii") as out:
        out.write("# Written by make_critic_golden.py (numpy, float64, seed %d); do not edit.\n" % seed)
        for name, values in (("x", x), ("y", y), ("base_x", base_x), ("base_y", base_y), ("params", theta)):
            write(out, name, values)
        scores = critic.scores(theta, *data)
        write(out, "scores", scores)
        for label, kind, options in OBJECTIVES:
            loss, grad_scores = objective(kind, scores, **options)
            critic.scores(theta, *data)
            gradient = critic.gradient(theta, grad_scores)
            check_gradient(critic, theta, data, kind, options, gradient)
            write(out, label + ".loss", [loss])
            write(out, label + ".grad_scores", grad_scores)
            write(out, label + ".gradient", gradient)
        # Not InfoNCE: where its gradient is zero by invariance, Adam would make steps of rounding errors.
        label, kind, options = OBJECTIVES[0]
        losses, weights, average = adam(critic, theta, data, kind, options)
        write(out, label + ".adam_losses", losses)
        write(out, label + ".adam_weights", weights)
        write(out, label + ".adam_average", average)


if __name__ == "__main__":
    make("critic_separable.txt", Separable(), 20250101)
    make("critic_joint.txt", Joint(), 20250102)
