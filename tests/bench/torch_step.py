"""The optimiser step of docs/performance.md in torch: d = 20, towers 20-256-256-32 or joint 40-256-256-1, anchor loss nu = 1, K = B - 1, one direction, Adam.

    torch_step.py            serve: a line about itself, then a line {"form", "critic", "batch", "seconds"} in, a line with the rate out
    torch_step.py --check    losses and gradients of all forms against the definition

Forms:
  plain     as most would write it: nn.Sequential, autograd, torch.optim.Adam with its defaults
  autograd  tuned in the ordinary ways: Adam(foreach=True), zero_grad(set_to_none=True), the first layer of the joint critic split
  hand      torch_hand.py: backward written out, one vector of parameters
  threads   the same on two Python threads

How it was tuned (Zen 5 guest, torch 1.13.1 and OpenBLAS 0.3.21 of Debian 12), what brought something:
  OPENBLAS_CORETYPE=SkylakeX where the CPU has AVX-512 (Cooperlake is the same), ATEN_CPU_CAPABILITY=avx512, malloc that keeps its memory
  (MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_, MALLOC_TOP_PAD_), denormals flushed: set by sides.py
  no autograd, out= everywhere; `mm` a tower in place of `bmm` over both; no Python numbers in the loop; Adam over one vector; the joint critic in strips of
  about 1,024 pairs (512 to 4,096 are within 5 %), w3 left out of its gradient until the end
and what did not: oneDNN's linear and 1x1 convolutions (78 GF/s at 64x256x256 where BLAS gives 136), Adam in chunks that fit the cache, TorchScript
(0.3 us an operation instead of 0.45), its CPU fusers (none in this build), inference_mode, two threads inside the products (up to 256 rows).
"""
import ctypes
import json
import re
import sys
import time

import torch
from torch import nn

import torch_hand
import torch_loss
from torch_hand import DIM, EMBED, HIDDEN, POOL

WARM_UP = 20  # steps, or as many as the measured time holds


class Towers(nn.Module):
    def __init__(self):
        super().__init__()
        self.f, self.g = (nn.Sequential(nn.Linear(DIM, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(),
                                        nn.Linear(HIDDEN, EMBED)) for _ in range(2))

    def forward(self, x, y):
        return self.g(y) @ self.f(x).t()


class JointMlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.of_x, self.of_y = nn.Linear(DIM, HIDDEN), nn.Linear(DIM, HIDDEN, bias=False)
        self.rest = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(inplace=True), nn.Linear(HIDDEN, 1))

    def forward(self, x, y):
        return self.rest(self.of_y(y)[:, None, :] + self.of_x(x)).squeeze(2)


class ByAutograd:
    def __init__(self, critic, b, tuned):
        generator = torch.Generator().manual_seed(0)
        torch.manual_seed(0)
        self.model = Towers() if critic == "separable" else JointMlp()
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=torch_hand.RATE, **({"foreach": True} if tuned else {}))
        self.pool, self.tuned, self.done = torch_hand.batches(b, generator), tuned, 0
        self.hollow, self.leave_out = 1 - torch.eye(b), torch_loss.LeaveOut(b)

    def step(self):
        x, y = self.pool[self.done % POOL]
        self.done += 1
        self.optimiser.zero_grad(set_to_none=self.tuned)
        loss = torch_loss.by_autograd(self.model(x, y), self.hollow, self.leave_out)
        loss.backward()
        self.optimiser.step()
        return loss


def make(form, critic, b):
    hand = form in ("hand", "threads")
    torch.set_grad_enabled(not hand)
    if not hand:
        return ByAutograd(critic, b, form == "autograd")
    team = torch_hand.Pair() if form == "threads" else torch_hand.Alone()
    return (torch_hand.Separable if critic == "separable" else torch_hand.Joint)(b, team)


def rate(one, seconds):
    begun = time.perf_counter()
    for _ in range(WARM_UP):
        one.step()
        if time.perf_counter() - begun > seconds:
            break
    wall, cpu, done = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - wall < seconds:
        one.step()
        done += 1
    return {"steps_per_s": done / (time.perf_counter() - wall), "cpu_steps_per_s": done / (time.process_time() - cpu)}


def about():
    """What runs: the CPU kernels that OpenBLAS and torch chose."""
    blas = ctypes.CDLL("libopenblas.so.0")
    blas.openblas_get_corename.restype = ctypes.c_char_p
    found = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
    return {"torch": torch.__version__, "blas": blas.openblas_get_corename().decode(), "aten": found.group(1) if found else "?",
            "threads": torch.get_num_threads(), "blas_threads": blas.openblas_get_num_threads()}


def serve():
    print(json.dumps(about()), flush=True)
    made = {}
    for line in sys.stdin:
        ask = json.loads(line)
        key = ask["form"], ask["critic"], ask["batch"]
        if key not in made:
            made = {key: make(*key)}  # one at a time: its buffers are what the cache holds
        torch.set_grad_enabled(key[0] not in ("hand", "threads"))
        print(json.dumps(rate(made[key], ask["seconds"])), flush=True)


def check_loss(b, scale):
    """Relative errors of loss and gradient against the definition, in double by autograd."""
    torch.manual_seed(1)
    c = torch.randn(b, b) * scale
    exact = c.double().requires_grad_()
    truth = torch_loss.definition(exact)
    truth.backward()
    soft = c.clone().requires_grad_()
    loss = torch_loss.by_autograd(soft, 1 - torch.eye(b), torch_loss.LeaveOut(b))
    loss.backward()
    with torch.no_grad():
        gradient = torch.empty(b, b)
        by_hand = torch_loss.Anchor(b)(c.clone(), gradient)
    off = [abs(float(v) - float(truth)) / abs(float(truth)) for v in (loss, by_hand)]
    off += [float((g - exact.grad).abs().max() / exact.grad.abs().max()) for g in (soft.grad, gradient)]
    return max(off)


def check_step(critic, b):
    """The largest difference of any gradient between the hand-written backward and autograd on the same weights."""
    by_hand = make("hand", critic, b)
    by_hand.adam.update = lambda *_: None
    by_hand.step()
    torch.set_grad_enabled(True)
    w = [v.clone().requires_grad_() for v in by_hand.adam.views[0]]
    x, y = by_hand.pool[0]

    def tower(v, p):
        return torch.relu(torch.relu(v @ p[0] + p[1]) @ p[2] + p[3]) @ p[4] + p[5]

    if critic == "separable":
        scores = tower(y, w[6:]) @ tower(x, w[:6]).t()
    else:
        first = torch.relu((y @ w[1])[:, None, :] + x @ w[0] + w[2])
        scores = torch.relu(first @ w[3] + w[4]) @ w[5] + w[6]
    torch_loss.by_autograd(scores, 1 - torch.eye(b), torch_loss.LeaveOut(b)).backward()
    largest = max(float(v.grad.abs().max()) for v in w)
    return max(float((v.grad - g).abs().max()) for v, g in zip(w, by_hand.adam.views[1])) / largest


def check():
    worst = 0.0
    for b, scale in ((8, 1.0), (64, 3.0), (64, 12.0), (160, 3.0), (160, 12.0)):
        error = check_loss(b, scale)
        worst = max(worst, error)
        print(json.dumps({"check": "loss", "batch": b, "score_sd": scale, "relative_error": error}))
    for critic, b in (("separable", 64), ("separable", 160), ("joint", 64)):
        error = check_step(critic, b)
        worst = max(worst, error)
        print(json.dumps({"check": "gradients", "critic": critic, "batch": b, "relative_error": error}))
    return 0 if worst < 1e-3 else 1


if __name__ == "__main__":
    torch.set_flush_denormal(True)
    sys.exit(check() if "--check" in sys.argv else serve())
