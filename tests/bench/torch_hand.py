"""The step of torch at its best: no autograd, no modules. See torch_step.py for how it was tuned.

Forward and backward are written out, into buffers that stay (`out=`). All parameters are one vector, and so are gradients and moments: Adam is seven
passes over long vectors in place of seven a tensor. Products are single `mm`: the form of `bmm` with `out=` that holds both towers was half as fast.
`mul_` then `add_` for the moments: `lerp_` is not vectorised in torch 1.13. The second thread is a Python one, for every operation here leaves the
interpreter's lock: a tower each, or half of the anchors of a joint critic each. Two threads inside BLAS or OpenMP gave less at these sizes.
"""
import math
import sys
import threading

import torch

from torch_loss import Anchor

DIM, HIDDEN, EMBED = 20, 256, 32
RATE, BETA1, BETA2, EPSILON = 5e-4, 0.9, 0.999, 1e-8
POOL = 16  # batches taken in turn
gate = torch.ops.aten.threshold_backward.grad_input


class Alone:
    """Both parts of a step on the calling thread."""

    def run(self, mine, theirs):
        mine()
        theirs()


class Pair:
    """Two parts of a step at a time, one of them on a second thread that waits in between."""

    def __init__(self):
        self.go, self.done, self.work = threading.Lock(), threading.Lock(), None
        self.go.acquire()
        self.done.acquire()
        sys.setswitchinterval(1e-4)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        torch.set_num_threads(1)  # these are settings of a thread
        torch.set_grad_enabled(False)
        torch.set_flush_denormal(True)
        while True:
            self.go.acquire()
            self.work()
            self.done.release()

    def run(self, mine, theirs):
        self.work = theirs
        self.go.release()
        mine()
        self.done.acquire()


class Adam:
    """Parameters, gradients and moments as four vectors; `views` of the first two have the shapes asked for."""

    def __init__(self, shapes):
        sizes = [math.prod(s) for s in shapes]
        self.weights, self.gradient, self.first, self.second, self.root = (torch.zeros(sum(sizes)) for _ in range(5))
        self.views = [[part.view(s) for part, s in zip(vector.split(sizes), shapes)] for vector in (self.weights, self.gradient)]
        self.beta1, self.beta2 = torch.tensor(BETA1), torch.tensor(BETA2)
        self.step = 0

    def update(self, begin=None, end=None, rate=RATE):
        """Of the parameters [begin, end). The first bias correction is in the rate, the second in both the rate and epsilon."""
        part = slice(begin, end)
        w, g, m, v, root = (t[part] for t in (self.weights, self.gradient, self.first, self.second, self.root))
        correct1, correct2 = 1 - BETA1 ** self.step, math.sqrt(1 - BETA2 ** self.step)
        m.mul_(self.beta1).add_(g, alpha=1 - BETA1)
        v.mul_(self.beta2).addcmul_(g, g, value=1 - BETA2)
        torch.sqrt(v, out=root).add_(torch.tensor(EPSILON * correct2))
        w.addcdiv_(m, root, value=-rate * correct2 / correct1)


def draw(views, generator):
    """Weights as torch.nn.Linear would draw them, near enough: they do not matter for the time."""
    for view in views:
        if view.dim() == 2:
            bound = 1 / math.sqrt(view.shape[0])
            view.uniform_(-bound, bound, generator=generator)


def batches(b, generator):
    return [tuple(torch.randn(b, DIM, generator=generator) for _ in range(2)) for _ in range(POOL)]


class Tower:
    def __init__(self, b, parameters, gradients):
        self.p, self.g = parameters, gradients
        self.h1, self.h2, self.d1, self.d2 = (torch.empty(b, HIDDEN) for _ in range(4))
        self.out, self.d_out = torch.empty(b, EMBED), torch.empty(b, EMBED)

    def forward(self, x):
        w1, b1, w2, b2, w3, b3 = self.p
        torch.addmm(b1, x, w1, out=self.h1).relu_()
        torch.addmm(b2, self.h1, w2, out=self.h2).relu_()
        torch.addmm(b3, self.h2, w3, out=self.out)

    def backward(self, x):
        w1, b1, w2, b2, w3, b3 = self.p
        g1, c1, g2, c2, g3, c3 = self.g
        torch.sum(self.d_out, 0, out=c3)
        torch.mm(self.h2.t(), self.d_out, out=g3)
        torch.mm(self.d_out, w3.t(), out=self.d2)
        gate(self.d2, self.h2, 0, grad_input=self.d2)
        torch.sum(self.d2, 0, out=c2)
        torch.mm(self.h1.t(), self.d2, out=g2)
        torch.mm(self.d2, w2.t(), out=self.d1)
        gate(self.d1, self.h1, 0, grad_input=self.d1)
        torch.sum(self.d1, 0, out=c1)
        torch.mm(x.t(), self.d1, out=g1)


class Separable:
    def __init__(self, b, team):
        generator = torch.Generator().manual_seed(0)
        shapes = [(DIM, HIDDEN), (HIDDEN,), (HIDDEN, HIDDEN), (HIDDEN,), (HIDDEN, EMBED), (EMBED,)] * 2
        self.team, self.adam = team, Adam(shapes)
        parameters, gradients = self.adam.views
        draw(parameters, generator)
        self.half = self.adam.weights.numel() // 2
        self.pool = batches(b, generator)
        self.f, self.g = Tower(b, parameters[:6], gradients[:6]), Tower(b, parameters[6:], gradients[6:])
        self.loss, self.scores, self.d_scores = Anchor(b), torch.empty(b, b), torch.empty(b, b)

    def step(self):
        f, g = self.f, self.g
        x, y = self.pool[self.adam.step % POOL]
        self.adam.step += 1
        self.team.run(lambda: f.forward(x), lambda: g.forward(y))
        torch.mm(g.out, f.out.t(), out=self.scores)  # a row is an anchor y
        loss = self.loss(self.scores, self.d_scores)

        def of_x():
            torch.mm(self.d_scores.t(), g.out, out=f.d_out)
            f.backward(x)
            self.adam.update(0, self.half)

        def of_y():
            torch.mm(self.d_scores, f.out, out=g.d_out)
            g.backward(y)
            self.adam.update(self.half, None)

        self.team.run(of_x, of_y)
        return loss


class Strip:
    """Buffers and sums of one thread, which takes `rows` anchors at a time: their activations stay in its cache."""

    def __init__(self, b, rows):
        self.b, self.rows = b, rows
        self.h1, self.h2, self.d2 = (torch.empty(b * rows, HIDDEN) for _ in range(3))
        self.d1 = self.h2  # free by then
        self.loss, self.d_scores = Anchor(b, rows), torch.empty(rows, b)
        self.ones = torch.ones(b * rows)
        self.sums = [torch.zeros(s) for s in ((HIDDEN, HIDDEN), (HIDDEN,), (HIDDEN,), (1,), (b, HIDDEN))]
        self.total = None

    def block(self, parameters, scaled, of_x, of_y, first, d_y):
        """Anchors [first, first + rows). The gradient d2 leaves w3 out, which is a scale of columns: `scaled` is W2 with it."""
        w2, b2, w3, b3 = parameters
        g2, c2, g3, c3, d_x = self.sums
        h1, h2, d1, d2 = self.h1, self.h2, self.d1, self.d2
        cube = (self.rows, self.b, HIDDEN)
        torch.add(of_y[first:first + self.rows, None, :], of_x, out=h1.view(cube))
        h1.relu_()
        torch.addmm(b2, h1, w2, out=h2).relu_()
        scores = torch.mv(h2, w3).add_(b3).view(self.rows, self.b)
        loss = self.loss(scores, self.d_scores, first)
        d = self.d_scores.view(-1)
        c3.add_(d.sum())
        g3.addmv_(h2.t(), d)
        gate(d[:, None].expand(h2.shape), h2, 0, grad_input=d2)
        c2.addmv_(d2.t(), self.ones)
        g2.addmm_(h1.t(), d2)
        torch.mm(d2, scaled.t(), out=d1)
        gate(d1, h1, 0, grad_input=d1)
        d_x.add_(d1.view(cube).sum(0))
        torch.sum(d1.view(cube), 1, out=d_y[first:first + self.rows])
        return loss


class Joint:
    """MLP [x; y] -> 256 -> 256 -> 1 of all B^2 pairs; its first layer is a sum of one product of x and one of y."""

    def __init__(self, b, team, rows=None):
        generator = torch.Generator().manual_seed(0)
        shapes = [(DIM, HIDDEN), (DIM, HIDDEN), (HIDDEN,), (HIDDEN, HIDDEN), (HIDDEN,), (HIDDEN,), (1,)]
        self.b, self.team, self.adam = b, team, Adam(shapes)
        draw(self.adam.views[0], generator)
        self.adam.views[0][5].normal_(0, 1 / 16, generator=generator)
        self.pool = batches(b, generator)
        self.strips = [Strip(b, rows or max(1, 1024 // b)) for _ in range(2)]
        self.d_y = torch.empty(b, HIDDEN)

    def _half(self, which, *inner):
        strip = self.strips[which]
        for total in strip.sums:
            total.zero_()
        begin, end = which * self.b // 2, (which + 1) * self.b // 2
        strip.total = sum(strip.block(*inner, first, self.d_y) for first in range(begin, end, strip.rows))

    def step(self):
        wx, wy, b1, w2, b2, w3, b3 = self.adam.views[0]
        gx, gy, c1, *outer = self.adam.views[1]
        x, y = self.pool[self.adam.step % POOL]
        self.adam.step += 1
        inner = ((w2, b2, w3, b3), w2 * w3, torch.addmm(b1, x, wx), y @ wy)
        self.team.run(lambda: self._half(0, *inner), lambda: self._half(1, *inner))
        ours, theirs = (s.sums for s in self.strips)
        for out, a, b in zip(outer, ours, theirs):
            torch.add(a, b, out=out)
        outer[0].mul_(w3)
        outer[1].mul_(w3)
        d_x = ours[4].add_(theirs[4])
        torch.sum(d_x, 0, out=c1)
        torch.mm(x.t(), d_x, out=gx)
        torch.mm(y.t(), self.d_y, out=gy)
        self.adam.update()
        return self.strips[0].total + self.strips[1].total
