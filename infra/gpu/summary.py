#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes one Markdown page of all figures that run.sh has gathered.

    python3 infra/gpu/summary.py OUT

reads OUT/json/*.json and OUT/times.tsv and prints: training steps and colouring
beside other scripts, in pictures per second and with ratios; the metrics of a run in
each precision; how long the runs took; and what failed. It needs nothing but
Python's standard library.
"""
import collections
import glob
import json
import os
import sys

PRECISIONS = {"float32": "fp32", "bfloat16": "bf16"}
ORDER = ["fp32", "tf32", "bf16"]
MODES = ["wgan-gp", "vanilla", "l1"]

# One figure: pictures per second, what it was measured with, memory in MiB or None.
Figure = collections.namedtuple("Figure", "rate how memory ms")


def read(folder):
    """Returns the JSON objects in a folder by name. What is no object is passed over."""
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "json", "*.json"))):
        name = os.path.splitext(os.path.basename(path))[0]
        try:
            with open(path, encoding="utf-8") as file:
                value = json.load(file)
        except ValueError as err:
            print(f"summary.py: passing over {path}: {err}", file=sys.stderr)
            continue
        if isinstance(value, dict):
            found[name] = value
        else:
            print(f"summary.py: passing over {path}: it is no object", file=sys.stderr)
    return found


def mebibytes(row):
    """The device's memory of one of our rows, or else the process's."""
    size = row.get("device_memory_bytes") or row.get("peak_memory_bytes")
    return size / 2**20 if size else None


def ours(value):
    """Yields (table, key, precision, figure) of one of our measurements."""
    machine = value.get("machine", {})
    precision = PRECISIONS.get(machine.get("precision"), machine.get("precision"))
    for row in value.get("rows", []):
        how, table = value.get("convolutions", "auto"), value["bench"]
        if table == "infer":
            key = (value["size"], row["batch"])
            if not value.get("resident"):
                table, how = "memory", f"{row['lanes']} lanes"
        else:
            key = (value["recipe"], value["size"], row["batch"])
        yield table, key, precision, Figure(row["pictures_per_second"], how, mebibytes(row), row["ms_median"])


def options(value):
    """Names what one of the others' measurements was made with."""
    words = [word for word in ("compile", "cuda_graph", "channels_last") if value.get(word)]
    if value.get("compile") not in (None, False, True, "default"):  # a mode of the compiler
        words[0] += " " + str(value["compile"])
    if value.get("convt"):
        words.append(value["convt"])
    return ", ".join(word.replace("_", "-") for word in words) or "eager"


def theirs(value):
    """Returns (table, key, precision, figure) of another script's measurement."""
    size, batch = value["image_size"], value["batch"]
    train = value["bench"] == "train"
    key = (value["mode"], size, batch) if train else (size, batch)
    figure = Figure(value["img_per_s"], options(value), value.get("peak_mem_mib"), value["ms_per_step_median"])
    return "train" if train else "infer", key, value["precision"], figure


def gather(values):
    """Returns tables[table][key][precision][who], the best figure of each."""
    tables = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(dict)))

    def add(table, key, precision, who, figure):
        for name in (precision, "best"):
            how = figure.how if name != "best" else f"{precision}, {figure.how}"
            best = tables[table][key][name]
            if who not in best or figure.rate > best[who].rate:
                best[who] = figure._replace(how=how)

    for name, value in values.items():
        try:
            if value.get("framework") in ("torch", "jax"):
                table, key, precision, figure = theirs(value)
                add(table, key, precision, value["framework"], figure)
            elif value.get("bench") in ("train", "infer"):
                for table, key, precision, figure in ours(value):
                    add(table, key, precision, "ours", figure)
        except KeyError as err:
            print(f"summary.py: passing over {name}: it lacks {err}", file=sys.stderr)
        except TypeError as err:
            print(f"summary.py: passing over {name}: {err}", file=sys.stderr)
    return tables


def number(x):
    """Prints a rate with as many digits as it is good for."""
    if x >= 1000:
        return f"{x:,.0f}"
    return f"{x:.1f}" if x >= 100 else f"{x:.2f}"


def cell(figure):
    return f"{number(figure.rate)} ({figure.how})" if figure else "–"


def ratio(figure, other):
    return f"{figure.rate / other.rate:.2f}" if figure and other and other.rate else "–"


def memory(figures):
    return " / ".join(f"{f.memory:.0f}" if f and f.memory else "–" for f in figures)


def markdown(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def compared(table, label):
    """Rows of a table: each precision like with like, then the best of all."""
    rows = []
    for key in sorted(table, key=sort_key):
        precisions = [p for p in ORDER if p in table[key]] + ["best"]
        if len(precisions) == 2:  # one precision is the best by itself
            precisions = precisions[:1]
        for precision in precisions:
            best = table[key][precision]
            who = [best.get(name) for name in ("ours", "torch", "jax")]
            rows.append([label(key), precision, *map(cell, who), ratio(who[0], who[1]), ratio(who[0], who[2]), memory(who)])
    return rows


def sort_key(key):
    """Modes in their order, larger pictures first."""
    if isinstance(key[0], str):
        mode = MODES.index(key[0]) if key[0] in MODES else len(MODES)
        return -key[1], key[2], mode, key[0]
    return -key[0], key[1], 0, ""


HEADER = ["", "precision", "ours", "PyTorch", "JAX", "to PyTorch", "to JAX", "MiB ours / PyTorch / JAX"]


def speed(tables):
    lines = []
    if tables["train"]:
        lines += ["## Training steps, pictures per second", ""]
        lines += markdown(["step"] + HEADER[1:], compared(tables["train"], lambda k: f"{k[0]}, {k[1]} px, batch {k[2]}"))
    if tables["infer"]:
        lines += ["## Colouring, pictures that stay on the device, per second", ""]
        lines += markdown(["pictures"] + HEADER[1:], compared(tables["infer"], lambda k: f"{k[0]} px, batch {k[1]}"))
    if tables["memory"]:
        lines += ["## Colouring, pictures from and to memory, per second", ""]
        rows = [[f"{key[0]} px, batch {key[1]}", p, cell(tables["memory"][key][p]["ours"])]
                for key in sorted(tables["memory"], key=sort_key) for p in ORDER if p in tables["memory"][key]]
        lines += markdown(["pictures", "precision", "ours"], rows)
    return lines


def metrics(values):
    """The metrics of a run in each precision."""
    names = [n for n in ("float32", "tf32", "bfloat16") if f"evaluate-{n}" in values]
    if not names:
        return []
    keys = ["l1", "psnr", "ssim", "ciede2000", "colorfulness"]
    rows = []
    for name in names:
        for output in ("raw", "recombined"):
            quality = values[f"evaluate-{name}"].get(output, {})
            rows.append([name, output, *(f"{quality[k]:.4g}" if k in quality else "–" for k in keys)])
    return ["## One run in each precision, validation pictures", ""] + \
        markdown(["trained in", "output", "L1", "PSNR", "SSIM", "CIEDE2000", "colourfulness"], rows)


def times(folder):
    """Returns {name: (seconds, calls, last exit code)} of times.tsv."""
    found = {}
    path = os.path.join(folder, "times.tsv")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                name, seconds, code = line.rstrip("\n").split("\t")
                total, calls, _ = found.get(name, (0, 0, 0))
                found[name] = (total + int(seconds), calls + 1, int(code))
    return found


def runs(found):
    rows, total = [], 0
    for name, (seconds, calls, code) in sorted(found.items()):
        if name.startswith("train-"):
            total += seconds
            state = {0: "done", 124: "to go on", 130: "to go on", 137: "to go on"}.get(code, f"exit code {code}")
            rows.append([name[len("train-"):], f"{seconds / 60:.1f}", str(calls), state])
    if not rows:
        return []
    return ["## Runs", ""] + markdown(["run", "minutes", "calls", "state"], rows + [["all", f"{total / 60:.1f}", "", ""]])


def failures(found, values):
    names = [f"{name} (exit code {code})" for name, (_, _, code) in sorted(found.items())
             if code and name not in values and not name.startswith("train-")]
    return ["## Not measured", ""] + [f"- {name}" for name in names] + [""] if names else []


def head(values):
    lines = []
    for value in values.values():
        machine = value.get("machine")
        if machine and machine.get("backend"):
            lines.append(f"- ours: chromabeam {machine['version']}, {machine['go']}, {machine['device']}, "
                         f"{machine.get('cpu', 'unknown processor')}, {machine['cores']} cores")
            break
    for framework, name in (("torch", "PyTorch"), ("jax", "JAX")):
        versions = next((v["versions"] for v in values.values() if v.get("framework") == framework and "versions" in v), None)
        if versions:
            lines.append(f"- {name}: " + ", ".join(f"{k} {versions[k]}" for k in sorted(versions)))
    return ["# Figures of one machine", ""] + (lines + [""] if lines else [])


def main(arguments):
    if len(arguments) != 1:
        print("usage: summary.py OUT", file=sys.stderr)
        return 2
    folder = arguments[0]
    values, found = read(folder), times(folder)
    lines = head(values) + speed(gather(values)) + metrics(values) + runs(found) + failures(found, values)
    print("\n".join(lines).rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
