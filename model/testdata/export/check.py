# SPDX-License-Identifier: Apache-2.0
"""What Python makes of exported files, for the tests of package model.

check.py have        prints which of the libraries there are
check.py read FILE…  prints type, shape and SHA-256 of the bytes of every tensor, by every reader there is
check.py colour DIR…  runs DIR/net.safetensors on DIR/gray, float32 [n, size, size], and writes DIR/rgb, [n, size, size, 3]
"""
import hashlib
import importlib.util
import json
import sys


def have():
    return {name: importlib.util.find_spec(name) is not None for name in ("safetensors", "numpy", "torch")}


def described(dtype, shape, data):
    return {"dtype": dtype, "shape": list(shape), "sha256": hashlib.sha256(data).hexdigest()}


def read(path):
    import safetensors
    readers = {}
    with open(path, "rb") as f:
        readers["safetensors"] = {
            name: described(t["dtype"], t["shape"], bytes(t["data"])) for name, t in safetensors.deserialize(f.read())
        }
    types = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64"}
    bfloat16 = any(t["dtype"] == "BF16" for t in readers["safetensors"].values())
    if have()["numpy"] and not bfloat16:  # a type that numpy lacks
        with safetensors.safe_open(path, "np") as f:
            tensors = {name: f.get_tensor(name) for name in f.keys()}
        readers["numpy"] = {n: described(types[str(t.dtype)], t.shape, t.tobytes()) for n, t in tensors.items()}
    if have()["torch"]:
        import torch
        from safetensors.torch import load_file
        readers["torch"] = {
            n: described(types[str(t.dtype).split(".")[1]], t.shape, t.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
            for n, t in load_file(path).items()
        }
    with safetensors.safe_open(path, "pt" if have()["torch"] else "np") as f:
        return {"readers": readers, "metadata": f.metadata()}


def colour(folder):
    import numpy
    import torch
    import unet
    net = unet.load(folder + "/net.safetensors")
    size = json.loads(read(folder + "/net.safetensors")["metadata"]["chromabeam.model"])["generator"]["size"]
    gray = torch.from_numpy(numpy.fromfile(folder + "/gray", "<f4").reshape(-1, 1, size, size))
    with torch.no_grad():
        net(gray).permute(0, 2, 3, 1).contiguous().numpy().astype("<f4").tofile(folder + "/rgb")


if __name__ == "__main__":
    if sys.argv[1] == "have":
        json.dump(have(), sys.stdout)
    elif sys.argv[1] == "read":
        json.dump({path: read(path) for path in sys.argv[2:]}, sys.stdout)
    else:
        for each in sys.argv[2:]:
            colour(each)
