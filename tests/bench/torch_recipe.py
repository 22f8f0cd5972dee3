"""Parts of the default recipe (core/src/spec.c) in torch that are no training: ranks, Gaussian baseline, calibration, bounds.

What core does in double is done in double here too, except for matrices of validation scores, which no user of torch would.
"""
import math

import torch

from torch_loss import LeaveOut

RIDGE, RHO_MAX = 1e-3, 1 - 1e-6
SHRINKAGES = (0.0, 0.5, 1.0, 2.0, math.inf)
SLOPE_MIN, SLOPE_PROBE, EARNED, SECTIONS = 0.02, 0.9, 1.92, 10
GOLDEN = 0.61803398874989484820


class RankGaussian:
    """Each column to the normal score of its average rank among the fitted rows."""

    def __init__(self, rows):
        self.sorted = rows.t().contiguous().sort(1).values

    def __call__(self, rows):
        n, columns = self.sorted.shape[1], rows.t().contiguous()
        below = torch.searchsorted(self.sorted, columns)
        at_most = torch.searchsorted(self.sorted, columns, right=True)
        rank = (0.5 * (below + at_most).double()).clamp(0.5, n - 0.5) / n
        return torch.special.ndtri(rank).float().t().contiguous()


class Gaussian:
    """Canonical correlations of the training rows, and the log ratio of the normal law that has them as a product of columns."""

    def __init__(self, x, y):
        self.n, self.dims = x.shape[0], x.shape[1] + y.shape[1]
        x, y = x.double(), y.double()
        self.mean = x.mean(0), y.mean(0)
        x, y = x - self.mean[0], y - self.mean[1]
        upper = []
        for rows in (x, y):
            covariance = rows.t() @ rows / self.n
            covariance.diagonal().mul_(1 + RIDGE)
            upper.append(torch.linalg.cholesky(covariance).t())
        whitened = torch.linalg.solve_triangular(upper[0].t(), x.t() @ y / self.n, upper=False)
        whitened = torch.linalg.solve_triangular(upper[1], whitened, upper=True, left=False)
        u, rho, vt = torch.linalg.svd(whitened, full_matrices=False)
        self.maps = (torch.linalg.solve_triangular(upper[0], u, upper=True), torch.linalg.solve_triangular(upper[1], vt.t(), upper=True))
        self.raw = rho.clamp(0.0, RHO_MAX)
        self.shrink(0.0)

    def shrink(self, s):
        bias = s * self.dims / self.n
        self.rho = torch.tanh((torch.atanh(self.raw) ** 2 - bias).clamp_min(0.0).sqrt()).clamp_max(RHO_MAX)
        self.mi = float(-0.5 * torch.log1p(-self.rho ** 2).sum())

    def columns(self, side, rows):
        """(n, k + 2): variates, and the side's own function beside the 1 that meets the other side's."""
        v = (rows.double() - self.mean[side]) @ self.maps[side]
        gain = self.rho / (1 - self.rho ** 2)
        own = (0.0 if side else self.mi) - 0.5 * (v * v) @ (self.rho * gain)
        ones = torch.ones(len(rows), 1, dtype=torch.float64)
        pair = (ones, own[:, None]) if side else (own[:, None], ones)
        return torch.cat([v if side else v * gain, *pair], 1).float()


class Lines:
    """The rows and columns of a score matrix at a slope, for the one-dimensional fit of their log-scale."""

    def __init__(self, scores, slope, leave_out):
        ratio = (scores * slope).clamp_max(80.0).exp_()
        hollow = ratio * (1 - torch.eye(len(ratio)))
        joint = ratio.diagonal()[:, None]
        self.log_joint = slope * scores.diagonal().double()
        self.totals = torch.cat([leave_out(m) + joint for m in (hollow, hollow.t().contiguous())])
        self.others = torch.cat([hollow.sum(1), hollow.sum(0)])
        self.n = len(ratio)
        for part in (self.totals[:self.n], self.totals[self.n:]):
            part.diagonal().fill_(math.inf)  # the joint pair is no negative to leave out: its share is 0
        self.work = torch.empty_like(self.totals)

    def _shares(self, totals, a, out=None):
        return torch.mul(totals, math.exp(a), out=out).add_(1.0).reciprocal_()

    def fit(self):
        """Log-scale by Newton, held by bisection, and the loss there in nats, summed over the pairs."""
        low, high, a = -20.0, 20.0, 0.0
        for _ in range(100):
            h, h0 = self._shares(self.totals, a, self.work).view(-1), self._shares(self.others, a)
            total, squares = (float(h.sum() + h0.sum()), float(torch.dot(h, h) + torch.dot(h0, h0)))
            first, second = 2 * self.n - total, total - squares
            low, high = (a, high) if first < 0 else (low, a)
            following = a - first / second if second > 0 else math.nan
            if not low < following < high:
                following = 0.5 * (low + high)
            step, a = abs(following - a), following
            if step < 1e-6:  # single precision has no more
                break
        return a, self.loss(a)

    def loss(self, a):
        k = self.n - 1
        shares = self._shares(self.totals, a, self.work)
        for part in (shares[:self.n], shares[self.n:]):
            part.diagonal().fill_(1.0)
        logs = -shares.log_().sum(dtype=torch.float64) / k
        anchor = torch.log1p(math.exp(a) * self.others).sum(dtype=torch.float64)
        return float((k * (logs - 2 * (self.log_joint + a).sum()) + anchor) / (2 * (k + 1)))


def calibrate(scores):
    """(slope, log-scale); a slope other than 1 has to earn itself."""
    leave_out = LeaveOut(len(scores))

    def at(slope):
        return (slope, *Lines(scores, slope, leave_out).fit())

    plain = at(1.0)
    if at(SLOPE_PROBE)[2] >= plain[2]:
        return plain[:2]
    low, high = math.log(SLOPE_MIN), 0.0
    left, right = (at(math.exp(v)) for v in (high - GOLDEN * (high - low), low + GOLDEN * (high - low)))
    for _ in range(SECTIONS):
        if left[2] < right[2]:
            high, right = math.log(right[0]), left
            left = at(math.exp(high - GOLDEN * (high - low)))
        else:
            low, left = math.log(left[0]), right
            right = at(math.exp(low + GOLDEN * (high - low)))
    best = min(left, right, key=lambda point: point[2])
    return best[:2] if plain[2] - best[2] > EARNED else plain[:2]


def bounds(scores):
    """InfoNCE, NWJ and DV of calibrated (b, b) scores."""
    b = len(scores)
    diagonal = scores.diagonal().mean()
    contrast = 0.5 * (torch.logsumexp(scores, 0) + torch.logsumexp(scores, 1)).mean()
    off = torch.logsumexp(scores.masked_fill(torch.eye(b, dtype=torch.bool), -math.inf).reshape(-1), 0) - math.log(b * (b - 1))
    return torch.stack([math.log(b) + diagonal - contrast, diagonal + 1 - off.exp(), diagonal - off])
