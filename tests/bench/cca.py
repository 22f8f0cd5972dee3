"""The closed-form reference of the protein figures, in numpy: 50 principal components, each rank to Gaussian, canonical correlations, and the log
ratio of the Gaussian that they make."""
import statistics

import numpy

COMPONENTS, RIDGE = 50, 1e-3


def coordinates(embeddings):
    """(n, COMPONENTS): components of the standardised columns, then normal scores of their ranks."""
    z = embeddings - embeddings.mean(0, dtype=numpy.float64)
    z /= numpy.maximum(z.std(0), 1e-12)
    _, axes = numpy.linalg.eigh(z.T @ z)
    scores = z @ axes[:, ::-1][:, :COMPONENTS]
    n = len(scores)
    inverse = statistics.NormalDist().inv_cdf
    normal = numpy.array([inverse((rank + 0.5) / n) for rank in range(n)])
    return normal[scores.argsort(0).argsort(0)]


def whiten(covariance):
    values, axes = numpy.linalg.eigh(covariance + RIDGE * numpy.eye(len(covariance)))
    return axes / numpy.sqrt(values) @ axes.T


class Cca:
    """Fitted on pairs of rows x, y; score(x, y) is their c_G, nats."""

    def __init__(self, x, y):
        self.means = x.mean(0), y.mean(0)
        x, y = x - self.means[0], y - self.means[1]
        n = len(x)
        maps = whiten(x.T @ x / n), whiten(y.T @ y / n)
        left, rho, right = numpy.linalg.svd(maps[0] @ (x.T @ y / n) @ maps[1])
        self.rho = numpy.minimum(rho, 1 - 1e-6)
        self.maps = maps[0] @ left, maps[1] @ right.T

    def score(self, x, y):
        u, v, rho = (x - self.means[0]) @ self.maps[0], (y - self.means[1]) @ self.maps[1], self.rho
        rest = 1 - rho**2
        return (-0.5 * numpy.log(rest) - (rho**2 * (u**2 + v**2) - 2 * rho * u * v) / (2 * rest)).sum(1)
