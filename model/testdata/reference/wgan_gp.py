# SPDX-License-Identifier: Apache-2.0
"""Losses and gradients of the GAN steps as PyTorch gives them, for TestReference.

    python3 wgan_gp.py PATH/torch_train.py > wgan_gp.json

UNet and PatchGAN are those of torch_train.py; its losses are nested in main() and
stand below in the same words, less autocast. All is in float64. The output was
made with Python 3.11.7, torch 2.15.0 and numpy 2.4.6, on the CPU; values have
nine digits, so that other releases should give the same bytes.

Weights and pictures are made by a formula of the name and the index of each value
in *our* layout, which reference_test.go has too, and are exact in float32.

    python3 wgan_gp.py PATH/torch_train.py --margins 50

prints for 50 seeds how near an activation comes to the kink at 0, which is how
SEED was chosen.
"""
import argparse
import importlib.util
import json
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

# Of seeds 0 to 399, the one whose activation nearest to a kink is farthest from it:
# 1.1e-5. Were it within float32's rounding, some 1e-6, the two sides could take
# different slopes there, and no tolerance would be right.
SEED = 244
GENERATOR = {"size": 32, "in_channels": 1, "out_channels": 3, "num_downs": 5, "filters": 8, "norm": "batch"}
# PatchGAN's other widths are fixed at 128, 256 and 512: 64 doubled, as ours.
CRITIC = {"kind": "patchgan", "size": 32, "conditional": True, "gray_channels": 1, "filters": 64}
BATCH = 3
ENTRIES = 24  # of each gradient, at most
MASK = (1 << 64) - 1


# ---- values by formula, see reference_test.go ----

def splitmix(z):
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def hashes(seed, name, n):
    h = 0xCBF29CE484222325  # FNV-1a
    for b in f"{seed} {name}".encode():
        h = ((h ^ b) * 0x100000001B3) & MASK
    return splitmix(np.arange(n, dtype=np.uint64) + np.uint64(h))


def uniform(seed, name, shape):
    """Multiples of 2^-15 in [-1, 1)."""
    top = (hashes(seed, name, int(np.prod(shape))) >> np.uint64(48)).astype(np.float64)
    return ((top - 32768) / 32768).reshape(shape)


def nchw(x):
    return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))


# ---- our variables beside PyTorch's parameters ----

def conv_layout(m):
    """Shape of our kernel, and the place of each of its values in PyTorch's, see convShape.kernelShape."""
    if isinstance(m, nn.ConvTranspose2d):                   # PyTorch: [in, out, row, column]
        cin, cout = m.in_channels, m.out_channels
        shape = (2, 2, cin, 4 * cout)                       # [1-ty, 1-tx, in, (py, px, out)]
        at = np.arange(np.prod(shape)).reshape(2, 2, cin, 2, 2, cout)[::-1, ::-1]
        return shape, at.transpose(2, 5, 0, 3, 1, 4)        # [in, out, ty, py, tx, px]
    cin, cout = m.in_channels, m.out_channels               # PyTorch: [out, in, row, column]
    if m.stride[0] == 2:
        shape = (2, 2, 4 * cin, cout)                       # [ty, tx, (py, px, in), out]
        at = np.arange(np.prod(shape)).reshape(2, 2, 2, 2, cin, cout)
        return shape, at.transpose(5, 4, 0, 2, 1, 3)        # [out, in, ty, py, tx, px]
    shape = (4, 4, cin, cout)                               # [row, column, in, out]
    return shape, np.arange(np.prod(shape)).reshape(shape).transpose(3, 2, 0, 1)


def variables(prefix, layers):
    """Yields (our name, our shape, place in ours of each of PyTorch's values, parameter)."""
    for name, modules in layers:
        for m in modules:
            if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
                shape, at = conv_layout(m)
                yield f"/{prefix}/{name}/kernel", shape, at.reshape(-1), m.weight
                if m.bias is not None:
                    yield f"/{prefix}/{name}/bias", m.bias.shape, np.arange(len(m.bias)), m.bias
            elif isinstance(m, nn.BatchNorm2d):
                for ours, p in (("gamma", m.weight), ("beta", m.bias)):
                    yield f"/{prefix}/{name}/norm/{ours}", p.shape, np.arange(len(p)), p


def generator_variables(g):
    downs = len(g.down)
    layers = [(f"down_{i}", g.down[i]) for i in range(downs)]
    layers += [(f"up_{downs - 1 - i}", g.up[i]) for i in range(downs)]
    return list(variables("generator", layers))


def critic_variables(d):
    layers = []
    for m in d.net:
        if isinstance(m, nn.Conv2d):
            layers.append((f"conv_{len(layers)}", []))
        layers[-1][1].append(m)
    return list(variables("critic", layers))


def fill(seed, params):
    for name, shape, at, p in params:
        u = uniform(seed, name, shape)
        if name.endswith("kernel"):     # the power of two near 2/sqrt(fan-in)
            u = u * 2.0 ** (1 - int(np.prod(shape[:-1])).bit_length() // 2)
        elif name.endswith("gamma"):
            u = 1 + u / 4
        else:
            u = u / 8
        with torch.no_grad():
            p.copy_(torch.from_numpy(u.reshape(-1)[at].reshape(p.shape)))


# ---- torch_train.py's losses, D and gp_reduction handed in ----

bce = F.binary_cross_entropy_with_logits


def d_loss_vanilla(D, gray, color, fake):
    r, f = D(gray, color), D(gray, fake)
    return 0.5 * (bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f)))


def score(D, gray, color):
    return D(gray, color).mean((1, 2, 3))


def penalized(D, gp_reduction, gray, color):
    d = D(gray, color)
    return d.mean((1, 2, 3)) if gp_reduction == "mean" else d.sum((1, 2, 3))


def d_loss_wgan(D, gp_reduction, gray, color, fake, eps):
    s_real, s_fake = score(D, torch.cat([gray, gray]), torch.cat([color, fake])).chunk(2)
    mix = eps * color + (1 - eps) * fake
    mix.requires_grad_(True)
    g, = torch.autograd.grad(penalized(D, gp_reduction, gray, mix).sum(), mix, create_graph=True)
    gp = ((g.flatten(1).square().sum(1) + 1e-12).sqrt() - 1).square().mean()
    return s_fake.mean() - s_real.mean() + 10 * gp


def g_loss(D, mode, gray, color, fake):
    loss = F.l1_loss(fake, color)
    if mode == "vanilla":
        s = D(gray, fake)
        return bce(s, torch.ones_like(s)) + 25 * loss
    return -score(D, gray, fake).mean() + 25 * loss


# ---- the reference ----

def short(x):
    """Nine digits; what is 0 but for float64's rounding is 0."""
    return float(f"{x:.9g}") if abs(x) > 1e-12 else 0.0


def gradients(params):
    out = []
    for name, shape, at, p in params:
        grad = np.empty(p.numel())
        grad[at] = p.grad.numpy().reshape(-1)
        places = list(range(grad.size))
        if grad.size > ENTRIES:     # by hash, since evenly spaced ones fall on few channels
            places = (hashes(0, name + " entries", ENTRIES) % np.uint64(grad.size)).astype(int).tolist()
        out.append({"name": name, "size": grad.size, "norm": short(np.linalg.norm(grad)), "sum": short(grad.sum()),
                    "largest": short(np.abs(grad).max()), "at": places, "values": [short(grad[i]) for i in places]})
    return out


class Setting:
    """Networks and pictures of one seed."""

    def __init__(self, peer, seed, d_norm):
        self.G = peer.UNet(1, 3, GENERATOR["num_downs"], GENERATOR["filters"], GENERATOR["norm"]).double()
        self.D = peer.PatchGAN(4, CRITIC["filters"], d_norm).double()
        self.g_params, self.d_params = generator_variables(self.G), critic_variables(self.D)
        for module, params in ((self.G, self.g_params), (self.D, self.d_params)):
            assert len(params) == len(list(module.parameters()))
            fill(seed, params)
        size = GENERATOR["size"]
        self.gray = nchw(uniform(seed, "gray", (BATCH, size, size, 1)))
        self.color = nchw(uniform(seed, "color", (BATCH, size, size, 3)))
        alpha = torch.from_numpy((uniform(seed, "alpha", (BATCH, 1, 1, 1)) + 1) / 2)
        self.eps = 1 - alpha    # ours is real + alpha*(fake - real)

    def critic(self, mode, reduction):
        with torch.no_grad():
            fake = self.G(self.gray)
        if mode == "vanilla":
            return d_loss_vanilla(self.D, self.gray, self.color, fake)
        return d_loss_wgan(self.D, reduction, self.gray, self.color, fake, self.eps)

    def generator(self, mode):
        return g_loss(self.D, mode, self.gray, self.color, self.G(self.gray))

    def result(self, loss, params):
        for _, _, _, p in self.g_params + self.d_params:
            p.grad = None
        loss.backward()
        return {"loss": short(loss.item()), "gradients": gradients(params)}


# torch_train.py's critic has batch norm under vanilla, instance norm under wgan-gp.
# Vanilla is asked with both: only instance norm lets a batch go through at once.
CASES = [("wgan-gp", "sum", "instance"), ("wgan-gp", "mean", "instance"),
         ("vanilla", "", "instance"), ("vanilla", "", "batch")]


def margin(peer, seed):
    """The least distance of an activation's input, or of the L1 loss's, from 0."""
    least = []
    for d_norm in ("instance", "batch"):
        s = Setting(peer, seed, d_norm)
        for m in [*s.G.modules(), *s.D.modules()]:
            if isinstance(m, (nn.LeakyReLU, nn.ReLU)):
                m.register_forward_pre_hook(lambda _, x: least.append(x[0].abs().min().item()))
        s.critic("wgan-gp" if d_norm == "instance" else "vanilla", "sum")
        with torch.no_grad():
            fake = s.G(s.gray)
            s.D(s.gray, fake)
        least.append((fake - s.color).abs().min().item())
    return min(least)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("torch_train")
    p.add_argument("--margins", type=int, metavar="SEEDS")
    a = p.parse_args()
    spec = importlib.util.spec_from_file_location("torch_train", a.torch_train)
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    np.seterr(over="ignore")    # the hash wraps around
    if a.margins:
        for seed in range(a.margins):
            print(seed, margin(peer, seed))
        return

    cases = []
    for mode, reduction, d_norm in CASES:
        s = Setting(peer, SEED, d_norm)
        case = {"name": " ".join(w for w in (mode, reduction, d_norm) if w), "gan_mode": mode,
                "gp_reduction": reduction, "d_norm": d_norm,
                "critic": s.result(s.critic(mode, reduction), s.d_params)}
        if reduction != "mean":     # the generator's loss knows no penalty
            case["generator"] = s.result(s.generator(mode), s.g_params)
        cases.append(case)
    versions = {"python": sys.version.split()[0], "torch": torch.__version__, "numpy": np.__version__}
    text = json.dumps({"license": "Apache-2.0", "versions": versions, "seed": SEED, "batch": BATCH,
                       "margin": short(margin(peer, SEED)), "generator": GENERATOR, "critic": CRITIC, "cases": cases})
    print(text.replace('{"name"', '\n{"name"'))    # a line for each gradient


if __name__ == "__main__":
    main()
