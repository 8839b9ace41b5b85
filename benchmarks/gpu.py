"""Train on whatever device is found: chestnut against a plain PyTorch loop on the same images.

    KERAS_BACKEND=jax python -m benchmarks.gpu [--rounds 2] [--only cnn-small,resnet50] [--feeds device,pieces,host]

Each program runs in a process of its own, and they take turns. All train random 8-bit images from memory, without
augmentation, with Adam. PyTorch runs channels-last under bfloat16 autocast with all images on the card, as fast
notebooks do; it needs torchvision for the two large networks. An epoch's rate is its images over its seconds, without
validation; the first epoch, which compiles, is told apart. From the second round on, chestnut finds what the first has
compiled.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

EPOCHS = 4


@dataclass(frozen=True)
class Case:
    """A network with its images.

    Attributes:
        network: The recipe.
        batch: The images of a batch.
        images: The images of an epoch.
        side: The side of an image in pixels.
        settings: Settings of the recipe, beside those of all cases.
    """

    network: str
    batch: int
    images: int
    side: int
    settings: tuple[str, ...] = ()


_WHOLE = ("model.unfreeze=1.0", "model.weights=none", "model.dense=[]", "model.dense_dropout=0", "model.l2=0")
CASES = {
    "cnn-small 32": Case("cnn-small", 32, 8192, 180),
    "cnn-small 128": Case("cnn-small", 128, 8192, 180),
    "mobilenet-v2 32": Case("mobilenet-v2", 32, 2048, 224, _WHOLE),
    "mobilenet-v2 128": Case("mobilenet-v2", 128, 4096, 224, _WHOLE),
    "resnet50 32": Case("resnet50", 32, 2048, 224, _WHOLE),
    "resnet50 128": Case("resnet50", 128, 4096, 224, _WHOLE),
}


def make_images(count: int, side: int, seed: int = 0) -> tuple[Any, Any]:
    """Return random grey images, uint8, shape (count, side, side), and their classes, of which 1 is brighter."""
    import numpy as np

    random = np.random.default_rng(seed)
    targets = random.integers(0, 2, count)
    pixels = np.frombuffer(random.bytes(count * side * side), np.uint8).reshape(count, side, side) // 2
    pixels[targets == 1, : side // 2] += 50
    return pixels, targets.astype(np.int64)


def run_chestnut(case: Case, cache: Path) -> dict[str, Any]:
    """Train a case with chestnut, and return the seconds of its epochs."""
    import numpy as np

    began = time.perf_counter()
    import chestnut as cn
    from chestnut.models.compile_cache import keep_compiled
    from chestnut.models.device import backend, describe, policy, repeatable
    from chestnut.training.batches import Batches
    from chestnut.training.checkpoint import Checkpoint
    from chestnut.training.inputs import Images
    from chestnut.training.learner import Learner
    from chestnut.training.loop import Validation, fit
    from chestnut.training.precision import resolve
    from chestnut.training.starting_network import make_start

    plain = ("augment.flip=false", "augment.rotation=0", "augment.shift=0", "augment.zoom=0", "train.stop.patience=0")
    given = (f"train.batch_size={case.batch}", f"train.epochs={EPOCHS}")
    recipe = resolve(cn.load_recipe(case.network, (*case.settings, *plain, *given)), 2)
    keep_compiled(cache)
    repeatable(recipe.seed)
    start = make_start(recipe, 2, np.array([0.5, 0.5]))
    pixels, targets = make_images(case.images, case.side)
    learner = Learner(start.parts.trained, recipe, policy(recipe.train.precision), frozen=start.parts.frozen)
    batches = Batches(Images(pixels, recipe.input), targets, recipe, 2)
    validation = Validation(Images(pixels[:256], recipe.input), targets[:256])
    ready = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        outcome = fit(learner, batches, validation, Checkpoint(Path(folder)))
    rows = outcome.progress.rows
    return {
        "seconds": [row["train_seconds"] for row in rows],
        "whole": [row["seconds"] for row in rows],
        "losses": [row["loss"] for row in rows],
        "ready": ready,
        "all": time.perf_counter() - began,
        "backend": backend(),
        "device": describe(),
        "precision": recipe.train.precision,
    }


def run_torch(case: Case) -> dict[str, Any]:
    """Train a case with a plain PyTorch loop, and return the seconds of its epochs."""
    import torch
    from torch import nn

    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = _make_torch(case).to(device, memory_format=torch.channels_last)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):  # chestnut never trains it either
            layer.eval().requires_grad_(False)
    channels = 1 if case.network == "cnn-small" else 3
    pixels, classes = make_images(case.images, case.side)
    images, targets = torch.from_numpy(pixels).to(device)[:, None], torch.from_numpy(classes).to(device)
    adam, seconds, losses = torch.optim.Adam(network.parameters(), lr=1e-3), [], []
    for _ in range(EPOCHS):
        started, total = time.perf_counter(), torch.zeros((), device=device)
        for rows in torch.randperm(len(images), device=device).split(case.batch):
            batch = (images[rows].float() / 255).expand(-1, channels, -1, -1)
            adam.zero_grad()
            with torch.autocast(device, dtype=torch.bfloat16):
                logits = network(batch.contiguous(memory_format=torch.channels_last))
            loss = nn.functional.cross_entropy(logits.float(), targets[rows])
            loss.backward()
            adam.step()
            total += loss.detach() * len(rows)
        losses.append(float(total) / len(images))  # waits for the device
        seconds.append(time.perf_counter() - started)
    return {
        "seconds": seconds,
        "whole": seconds,
        "losses": losses,
        "device": torch.cuda.get_device_name() if device == "cuda" else "CPU",
    }


def _make_torch(case: Case) -> Any:
    import torch
    from torch import nn

    if case.network == "cnn-small":
        blocks = [(1, 16), (16, 32), (32, 64)]
        convolutions = [[nn.Conv2d(low, high, 3), nn.ReLU(), nn.MaxPool2d(2)] for low, high in blocks]
        layers = [layer for block in convolutions for layer in block]
        network = nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(128), nn.ReLU(), nn.Linear(128, 2))
        network(torch.zeros(2, 1, case.side, case.side))  # gives the lazy layer its shape
        return network
    import torchvision

    made = {"resnet50": torchvision.models.resnet50, "mobilenet-v2": torchvision.models.mobilenet_v2}
    return made[case.network](weights=None, num_classes=2)


def measure(name: str, party: str, cache: Path, feed: str = "auto") -> dict[str, Any]:
    """Run one party in a process of its own and return what it measured."""
    command = [sys.executable, "-m", "benchmarks.gpu", "--party", party, "--only", name, "--cache", str(cache)]
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CHESTNUT_FEED": feed}
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet)
    if answer.returncode:
        raise RuntimeError(f"{party} failed on {name}: {answer.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def run(names: list[str], rounds: int, feeds: list[str]) -> dict[str, Any]:
    """Return the images a second of each party in each case: the median of all epochs but the first of a process."""
    torch = ["torch"] if importlib.util.find_spec("torch") else []
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            case, row = CASES[name], {}
            parties = torch if case.network == "cnn-small" or importlib.util.find_spec("torchvision") else []
            for _ in range(rounds):
                for party in [*(f"chestnut {feed}" for feed in feeds), *parties]:
                    found = measure(name, party.split()[0], Path(folder), party.split()[-1])
                    own = row.setdefault(party, {"rates": [], "whole": [], "first": [], "last": found})
                    own["rates"] += [case.images / seconds for seconds in found["seconds"][1:]]
                    own["whole"] += [case.images / seconds for seconds in found["whole"][1:]]
                    own["first"].append(found["seconds"][0])
            result[name] = row
            sys.stdout.write(_describe(name, row) + "\n")
            sys.stdout.flush()
    return result


def _describe(name: str, row: dict[str, Any]) -> str:
    texts = []
    for party, own in row.items():
        first = ", ".join(f"{seconds:.1f}" for seconds in own["first"])
        rate, whole = median(own["rates"]), median(own["whole"])
        texts.append(f"{party} {rate:,.0f} images/s ({whole:,.0f} with validation), first epoch {first} s")
    return f"{name}: " + "; ".join(texts)


def main() -> None:
    """Measure one party for the parent process, or measure all and print the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", default=",".join(CASES))
    parser.add_argument("--feeds", default="auto")
    parser.add_argument("--party", choices=("chestnut", "torch"))
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.party:
        case = CASES[given.only]
        sys.stdout.write(json.dumps(run_torch(case) if given.party == "torch" else run_chestnut(case, given.cache)))
        return
    names = [name for name in CASES if name in given.only.split(",") or CASES[name].network in given.only.split(",")]
    result = run(names, given.rounds, given.feeds.split(","))
    if given.out:
        given.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
