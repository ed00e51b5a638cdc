# SPDX-License-Identifier: Apache-2.0
"""The generator of Chromabeam in PyTorch, for weights from `chromabeam export`."""
import json
import torch
from torch import nn
from torch.nn import functional as F
from safetensors import safe_open

NORMS = {"batch": nn.BatchNorm2d, "instance": lambda c: nn.InstanceNorm2d(c, affine=True),
         "layer": lambda c: nn.GroupNorm(1, c), "none": lambda c: nn.Identity()}


class UNet(nn.Module):
    def __init__(self, size, in_channels, out_channels, num_downs, filters, norm):
        super().__init__()
        self.into, self.out, self.down, self.up = in_channels, out_channels, nn.ModuleList(), nn.ModuleList()
        widths = [filters * min(2**i, 8) for i in range(num_downs)]
        bias = norm != "batch"  # batch norm would subtract it again
        for i, width in enumerate(widths):
            below = widths[i - 1] if i else in_channels
            self.down.append(nn.Conv2d(below, width, 4, 2, 1, bias=bias))
            self.down[i].norm = NORMS[norm](width) if 0 < i < num_downs - 1 else nn.Identity()
            above = width if i == num_downs - 1 else 2 * width  # beside the skip connection
            self.up.append(nn.ConvTranspose2d(above, below if i else out_channels, 4, 2, 1, bias=bias or i == 0))
            self.up[i].norm = NORMS[norm](below) if i else nn.Identity()

    def forward(self, gray):  # [batch, 1, size, size] in [-1, 1]
        x, skips = gray.expand(-1, self.into, -1, -1), []
        for i, layer in enumerate(self.down):
            x = layer.norm(layer(F.leaky_relu(x, 0.2) if i else x))
            skips.append(x)
        for i in reversed(range(len(self.up))):
            x = torch.cat([skips[i], x], 1) if i < len(self.up) - 1 else x
            x = self.up[i].norm(self.up[i](F.relu(x)))
        x = torch.tanh(x)
        if self.out == 3:
            return x  # red, green and blue in [-1, 1]
        cb, cr = x[:, :1], x[:, 1:]  # of ITU-R BT.601, to be joined with the luma
        return torch.cat([gray + 1.402 * cr, gray - 0.344136 * cb - 0.714136 * cr, gray + 1.772 * cb], 1)


def load(path):
    with safe_open(path, "pt") as f:
        net = UNet(**json.loads(f.metadata()["chromabeam.model"])["generator"])
        net.load_state_dict({name: f.get_tensor(name) for name in f.keys()}, strict=True)
    return net.eval()  # float32, whatever the file's type is
