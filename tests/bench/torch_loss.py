"""The anchor loss of docs/estimators.md, section 2.1, in torch: scores c (B, B), anchors in rows, c[j, i] of candidate i; K = N = B - 1, nu = 1
unless said.

    S_j = sum_{i != j} r_ji,   D_jk = nu + r_jj + S_j - r_jk   (k != j)
    L = (1/B) sum_j [ K/(K+nu) (1/N) sum_k (log D_jk - c_jj) + nu/(K+nu) (log(nu + S_j) - log nu) ]

Three writings. `definition` is the formula, in double, and what the others are checked against. `by_autograd` is what one hands to autograd.
`Anchor` is loss and gradient written out, into buffers that stay. Both are shifted by the largest score. A sum that leaves one entry out must not be a
subtraction where that entry is most of the sum. A product with 1 - I is one without a subtraction, and for 64 candidates nothing is faster; for more it
is used within blocks of 32 candidates and again between the blocks' sums. (At 256: 51 us, the whole product 179, prefix and suffix sums over 112,
subtraction with the largest entry apart 66.)
"""
import math

import torch

BLOCK = 32   # candidates
WHOLE = 64   # candidates up to which blocks do not pay
NU = 1.0


def definition(c):
    """Loss of scores in double, term by term."""
    c = c.double()
    b = c.shape[0]
    n = b - 1
    total = 0.0
    for j in range(b):
        ratio = c[j].exp()
        for k in range(b):
            if k != j:
                total = total + n / (n + NU) / n * (torch.log(NU + ratio.sum() - ratio[k]) - c[j, j])
        total = total + NU / (n + NU) * torch.log((NU + ratio.sum() - ratio[j]) / NU)
    return total / b


class LeaveOut:
    """values (rows, b) -> (rows, b): the sum of each row without the entry itself. Rows are contiguous, entries not negative."""

    def __init__(self, b):
        self.block = b if b <= WHOLE or b % BLOCK else BLOCK
        self.within, self.between = 1 - torch.eye(self.block), 1 - torch.eye(b // self.block)

    def __call__(self, values, out=None):
        if self.block == values.shape[1]:
            return torch.mm(values, self.within, out=out)
        blocks = values.view(values.shape[0], -1, self.block).sum(2) @ self.between
        rows = None if out is None else out.view(-1, self.block)
        return torch.addmm(blocks.view(-1, 1), values.view(-1, self.block), self.within, out=rows).view(values.shape)


def by_autograd(c, hollow, leave_out, nu=NU):
    """hollow (B, B) is 1 - I."""
    b = c.shape[0]
    n, log_nu = b - 1, math.log(nu)
    shift = c.detach().amax(1, keepdim=True).clamp_min(log_nu)
    ratio, nu_shifted = torch.exp(c - shift), torch.exp(log_nu - shift)
    others = ratio * hollow
    denominator = nu_shifted + torch.diagonal(ratio)[:, None] + leave_out(others)
    positive = (torch.log(denominator) * hollow).sum() / n + shift.sum() - torch.diagonal(c).sum()
    anchor = (torch.log(nu_shifted + others.sum(1, keepdim=True)) + shift - log_nu).sum()
    return (n * positive + nu * anchor) / ((n + nu) * b)


class Anchor:
    """Loss and gradient of `rows` anchors from `first` on (all of them for a separable critic), times `weight`.

    Constants are tensors: torch makes one of every Python number that it is given, which here costs more than the operation on a small tensor.
    """

    def __init__(self, b, rows=None, nu=NU, weight=1.0):
        rows = rows or b
        self.n, self.nu, self.log_nu = b - 1, nu, math.log(nu)
        self.hollow = 1 - torch.eye(b)
        self.other, self.inverse, self.denominator = (torch.empty(rows, b) for _ in range(3))
        self.per_positive, self.per_anchor = (weight * v / ((self.n + nu) * b) for v in (self.n, nu))
        self.per_negative = self.per_positive / self.n
        self.k_negative, self.k_anchor, self.k_positive = (torch.tensor(v) for v in (self.per_negative, self.per_anchor, self.per_positive))
        self.least = torch.tensor(self.log_nu)
        self.leave_out = LeaveOut(b)

    def __call__(self, c, gradient, first=0):
        """The loss; gradient (rows, B) is overwritten, with None there is none."""
        hollow = self.hollow[first:first + c.shape[0]]
        shift = torch.maximum(c.amax(1, keepdim=True), self.least)
        ratio = torch.sub(c, shift, out=self.inverse if gradient is None else gradient).exp_()
        nu = torch.sub(self.least, shift).exp_()
        other = torch.mul(ratio, hollow, out=self.other)
        joint = ratio.diagonal(first).clone()
        anchor = other.sum(1, keepdim=True).add_(nu)
        denominator = self.leave_out(other, self.denominator).add_(nu.add_(joint[:, None]))
        if gradient is not None:
            self._gradient(gradient, hollow, other, denominator, joint, anchor, first)
        positive = denominator.log_().mul_(hollow).sum().div_(self.n).add_(shift.sum()).sub_(c.diagonal(first).sum())
        return positive.mul_(self.per_positive).add_(anchor.log_().add_(shift).sub_(self.least).sum(), alpha=self.per_anchor)

    def _gradient(self, gradient, hollow, other, denominator, joint, anchor, first):
        inverse = torch.div(hollow, denominator, out=self.inverse)
        inverses = inverse.sum(1)
        self.leave_out(inverse, gradient).mul_(self.k_negative).add_(self.k_anchor / anchor).mul_(other)
        gradient.diagonal(first).copy_(joint.mul_(inverses).mul_(self.k_negative).sub_(self.k_positive))
