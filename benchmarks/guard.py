"""Measure what the guard notices, and write the tables of docs/guard.md.

    python -m benchmarks.guard DATA --weights MOBILENET_V2.weights.h5 [--runs FOLDER] [--no-train] \
        [--adults OTHER_DATA] [--dicom FOLDER]

DATA are the Kermany training images, split by patient with seed 1. The usual images are one of each patient of the test
split; the others are these images changed, photographs, pages of text, noise, DICOM files of other parts of the body,
and OTHER_DATA, chest images of adults. Photographs come with scikit-learn, matplotlib and, if it is installed,
scikit-image; DICOM files with pydicom, and from FOLDER. A run that is in the folder of runs already is not trained
again. Earlier results stay in guard.json.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

import chestnut as cn
from benchmarks.generalise import table
from benchmarks.pages import fill
from benchmarks.trained import NETWORKS, trained_runs
from chestnut.config import InputSpec
from chestnut.data.cache.cache import decode_all
from chestnut.data.decoding.decode import decode
from chestnut.data.decoding.headers import read_facts
from chestnut.data.decoding.intensity import standardise
from chestnut.data.manifest import Manifest
from chestnut.data.pixels import Grey
from chestnut.errors import ImageError
from chestnut.evaluation.intervals.auroc import auroc_estimate
from chestnut.evaluation.intervals.estimate import Estimate, format_figure
from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.bundle_guard import Guard
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.inference.guard.cloud import Cloud
from chestnut.inference.guard.looks import Seen
from chestnut.inference.guard.rehearsal import CHANGES
from chestnut.inference.guard.verdict import Verdicts
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.robustness.scanner_styles import StyleBank
from chestnut.robustness.shifts import SHIFTS, Shifted
from chestnut.runs.folder import RunFolder

HERE = Path(__file__).parent
RESULTS = HERE / "guard.json"
PAGE = HERE.parent / "docs" / "guard.md"

#: The DICOM files in FOLDER that show a chest.
CHESTS = ("CR-MONO1-10-chest.dcm", "pydicom-data_RG1_J2KI.dcm", "nhsx_nih_sample.dcm")

#: Smaller DICOM files are samples of a few pixels, which are not of anything.
LEAST_SIDE = 60

#: A network holds under a shift if it decides less than this share of images more wrongly than without, and fails from
#: this share on.
HELD, FAILED = 0.03, 0.1

#: How the names of pictures end.
PICTURES = (".png", ".jpg", ".jpeg")

#: The number of pages of text, and of pictures of noise.
DRAWN = 40

WORDS = (
    "the patient",
    "was seen",
    "in the clinic",
    "and returned",
    "home with",
    "advice",
    "if fever",
    "or cough",
    "persist",
)


@dataclass
class Judge:
    """A run with its network and its guard in memory."""

    engine: KerasEngine
    guard: Guard
    spec: InputSpec
    temperature: float
    threshold: float

    @classmethod
    def of(cls, run: Path) -> Judge:
        folder = RunFolder.open(run)
        if Guard.open(read_run_bundle(folder)) is None:
            cn.open_run(run).guard(quiet=True)
        bundle = read_run_bundle(folder)
        guard = Guard.open(bundle)
        assert guard is not None and not bundle.spec.needs_lungs
        return cls(KerasEngine.open(bundle), guard, bundle.spec, bundle.temperature, bundle.threshold)

    def judge(self, views: list[Grey], sizes: list[tuple[int, int]]) -> Judged:
        """Judge whole images at the size of the input."""
        images = [standardise(view, self.spec.intensity) for view in views]
        outputs = self.engine.features(np.stack(images), [str(number) for number in range(len(images))])
        seen = [Seen(view, image, size) for view, image, size in zip(views, images, sizes, strict=True)]
        found = self.guard.judge(seen, outputs.features)
        return Judged(found, outputs.features, probabilities(outputs.logits, self.temperature)[:, -1])

    def right(self, seen: Judged, truth: Any) -> float:
        """Return the share of images that are decided rightly."""
        return float(((seen.scores >= self.threshold) == truth).mean())


@dataclass
class Judged:
    """What a guard and its network say of some images."""

    verdicts: Verdicts
    features: Any
    scores: Any

    @property
    def flagged(self) -> Any:
        return ~np.array(self.verdicts.in_distribution)


def read_views(paths: list[str], spec: InputSpec) -> tuple[list[Grey], list[tuple[int, int]]]:
    """Decode files that can be decoded, each picture once."""
    found: dict[bytes, tuple[Grey, tuple[int, int]]] = {}
    facts = read_facts(paths)
    for path, height, width in zip(paths, facts["height"].tolist(), facts["width"].tolist(), strict=True):
        try:
            view = decode(path, spec.plain)
        except ImageError:
            continue
        found.setdefault(view.tobytes(), (view, (height, width)))
    return [view for view, _ in found.values()], [size for _, size in found.values()]


def photographs() -> list[str]:
    """Return the photographs that come with libraries."""
    places = {"sklearn": "datasets/images/*.jpg", "matplotlib": "mpl-data/sample_data/*.jpg"}
    places |= {"skimage": "data/*.[jp][pn]g"}
    files = []
    for library, pattern in places.items():
        found = importlib.util.find_spec(library)
        if found is not None and found.origin is not None:
            files += sorted(Path(found.origin).parent.glob(pattern))
    drawings = ("chessboard", "text", "page", "phantom", "logo", "color")
    return [str(file) for file in files if not file.name.startswith(drawings)]


def dicom_files(folder: Path | None) -> list[str]:
    """Return DICOM files that show no chest, and are large enough to show anything."""
    found = importlib.util.find_spec("pydicom")
    assert found is not None and found.origin is not None
    files = sorted((Path(found.origin).parent / "data" / "test_files").glob("*.dcm"))
    if folder is not None:
        files += [file for file in sorted(folder.glob("*.dcm")) if file.name not in CHESTS]
    facts = read_facts([str(file) for file in files])
    large = (facts[["height", "width"]].min(axis=1) >= LEAST_SIDE).tolist()
    return [str(file) for file, enough in zip(files, large, strict=True) if enough]


def draw_page(random: np.random.Generator, spec: InputSpec) -> Grey:
    """Draw a page of text."""
    page = Image.new("L", (620, 877), 255)
    pen, size = ImageDraw.Draw(page), int(random.integers(12, 40))
    font = ImageFont.load_default(size)
    for y in range(40, 820, int(size * 1.4)):
        line = " ".join(random.choice(WORDS, 14).tolist())
        pen.text((40, y), line[: int(1000 / size)], fill=0, font=font)
    if random.random() < 0.3:
        page = Image.eval(page, lambda value: 255 - value)
    return np.asarray(page.resize((spec.width, spec.height), Image.Resampling.HAMMING))


def draw_noise(random: np.random.Generator, spec: InputSpec) -> Grey:
    """Draw noise of some grain and contrast."""
    grain = int(random.choice([1, 2, 4, 8, 16, 32]))
    coarse = random.normal(128, random.uniform(20, 90), (spec.height // grain + 1, spec.width // grain + 1))
    picture = Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8))
    return np.asarray(picture.resize((spec.width, spec.height), Image.Resampling.BICUBIC))


def first_of_each(manifest: Manifest, split: str) -> Manifest:
    """Return one image of each patient of a split."""
    chosen = manifest.only(split)
    return chosen.take(np.sort(np.unique(chosen.patients, return_index=True)[1]))


def measure(run: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Return what the guard of a run notices."""
    judge = Judge.of(run)
    manifest = RunFolder.open(run).manifest
    whole, chosen = manifest.only("test"), first_of_each(manifest, "test")
    if len(chosen) > given.patients:
        chosen = chosen.take(np.sort(np.random.default_rng(0).permutation(len(chosen))[: given.patients]))
    views = list(decode_all(chosen, judge.spec.plain).pixels[:])
    sizes = [(224, 224)] * len(views)
    usual = judge.judge(views, sizes)
    all_test = judge.judge(list(decode_all(whole, judge.spec.plain).pixels[:]), [(224, 224)] * len(whole))
    found: dict[str, Any] = {
        "images": len(whole),
        "patients": len(chosen),
        "false_alarms": asdict(share_estimate(all_test.flagged, number_patients(whole.patients)[0])),
        "kinds": {},
        "shifts": {},
        "distances": {},
    }
    features: dict[str, Any] = {}
    for name, others, stored in kinds(judge, views, given):
        seen = judge.judge(others, stored)
        paired = np.arange(len(others)) if name in CHANGES else None
        found["kinds"][name] = compare(usual, seen, paired)
        features[name] = seen.features
    found["distances"] = compare_distances(judge, manifest, usual.features, features)
    training = manifest.only("train")
    bank = StyleBank(decode_all(training, judge.spec.plain).pixels, training.targets)
    truth = chosen.targets == 1
    found["plain"] = {
        "auroc": asdict(auroc_estimate(truth, usual.scores, np.arange(len(truth)))),
        "right": judge.right(usual, truth),
    }
    for shift in SHIFTS.values():
        shifted = Shifted(shift, np.stack(views), chosen.targets, bank)
        seen = judge.judge(list(shifted[:]), sizes)
        found["shifts"][shift.name] = {
            **compare(usual, seen, np.arange(len(views))),
            "network": asdict(auroc_estimate(truth, seen.scores, np.arange(len(truth)))),
            "drop": float(roc_auc_score(truth, usual.scores) - roc_auc_score(truth, seen.scores)),
            "wronged": judge.right(usual, truth) - judge.right(seen, truth),
        }
    return found


def kinds(
    judge: Judge, views: list[Grey], given: argparse.Namespace
) -> Iterator[tuple[str, list[Grey], list[tuple[int, int]]]]:
    """Yield images of each kind, with their sizes."""
    random, size = np.random.default_rng(0), (224, 224)
    yield "photographs", *read_views(photographs(), judge.spec)
    yield "pages of text", [draw_page(random, judge.spec) for _ in range(DRAWN)], [(877, 620)] * DRAWN
    yield "noise", [draw_noise(random, judge.spec) for _ in range(DRAWN)], [size] * DRAWN
    yield "DICOM files of no chest", *read_views(dicom_files(given.dicom), judge.spec)
    for name, change in CHANGES.items():
        if name != "noise in its place":
            yield name, [change(view) for view in views], [size] * len(views)
    if given.adults is not None:
        files = sorted(
            str(file) for file in given.adults.rglob("*") if file.suffix.lower() in (".png", ".jpg", ".jpeg")
        )
        yield "chests of adults", *read_views(files, judge.spec)


def compare(usual: Judged, seen: Judged, patients: Any = None) -> dict[str, Any]:
    """Return how well strangeness tells other images from usual ones, and the share that is flagged."""
    count, other = len(usual.verdicts), len(seen.verdicts)
    owners = np.arange(count, count + other) if patients is None else patients
    truth = np.repeat([False, True], [count, other])
    strangeness = np.concatenate([usual.verdicts.strangeness, seen.verdicts.strangeness])
    reasons = seen.verdicts.counts.most_common(1)
    return {
        "images": other,
        "auroc": asdict(auroc_estimate(truth, strangeness, np.concatenate([np.arange(count), owners]))),
        "flagged": asdict(share_estimate(seen.flagged, np.arange(other))),
        "reason": reasons[0][0] if reasons else "",
    }


def compare_distances(judge: Judge, manifest: Manifest, usual: Any, others: dict[str, Any]) -> dict[str, float]:
    """Return the mean AUROC over the kinds of several distances of features."""
    training = manifest.only("train")
    training = training.take(np.sort(np.random.default_rng(0).permutation(len(training))[:1000]))
    decoded = decode_all(training, judge.spec)
    known = judge.engine.features(decoded.pixels, training.paths).features
    last = judge.engine.network.layers[-1].input.shape[-1]
    cut: Callable[[Any], Any] = lambda values: values[:, :last]  # noqa: E731
    keep: Callable[[Any], Any] = lambda values: values  # noqa: E731
    means = {}
    for words, part in {"last layer": cut, "last layer and last maps": keep}.items():
        cloud = Cloud.fit(part(known), training.targets)
        rules = {
            "Mahalanobis": cloud.distances,
            "relative Mahalanobis": relative(part(known), cloud),
            "10th neighbour": neighbour(part(known)),
        }
        for name, rule in rules.items():
            near = rule(part(usual))
            each = [separate(near, rule(part(values))) for values in others.values()]
            means[f"{name}, {words}"] = float(np.mean(each))
    return means


def relative(known: Any, cloud: Cloud) -> Callable[[Any], Any]:
    """Return the relative distance: that to the nearest class less that to all images (Ren 2021, arXiv:2106.09022)."""
    alone = Cloud.fit(known, np.zeros(len(known), dtype=np.int64))
    return lambda values: cloud.distances(values) ** 2 - alone.distances(values) ** 2


def neighbour(known: Any, number: int = 10) -> Callable[[Any], Any]:
    """Return the distance of unit features to their nearest neighbours (Sun 2022, arXiv:2204.06507)."""

    def unit(values: Any) -> Any:
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)

    near = unit(known)
    return lambda values: -np.sort(unit(values) @ near.T, axis=1)[:, -number]


def separate(near: Any, far: Any) -> float:
    return float(roc_auc_score(np.repeat([0, 1], [len(near), len(far)]), np.concatenate([near, far])))


def shown(figure: dict[str, Any]) -> str:
    return str(Estimate(**figure))


def percent(figure: dict[str, Any]) -> str:
    return f"{100 * figure['value']:.0f} % ({100 * figure['low']:.0f}–{100 * figure['high']:.0f})"


def kind_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of kinds: the AUROC of strangeness, and the share flagged, for each network."""
    own = chosen(results)
    names = list(first(own)["kinds"]) if own else []
    rows = [["unchanged", f"{row['images']:,}"] for row in list(own.values())[:1]]
    for row in rows:
        row += [cell for one in own.values() for cell in ("", percent(one["false_alarms"]))]
    for name in names:
        parts = [row["kinds"][name] for row in own.values()]
        cells = [cell for part in parts for cell in (shown(part["auroc"]), percent(part["flagged"]))]
        rows.append([name, ", ".join(dict.fromkeys(str(part["images"]) for part in parts)), *cells])
    return table(("images", "number", *(cell for name in own for cell in (f"`{name}`, AUROC", "flagged"))), rows)


def shift_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of shifts: what the network loses, beside the share flagged."""
    own = chosen(results)
    order = sorted(SHIFTS, key=lambda shift: -np.mean([row["shifts"][shift]["wronged"] for row in own.values()]))
    rows = []
    for shift in order:
        parts = [row["shifts"][shift] for row in own.values()]
        cells = [
            cell
            for one in parts
            for cell in (format_figure(one["drop"]), format_figure(one["wronged"]), whole(one["flagged"]))
        ]
        rows.append([f"`{shift}`", *cells])
    columns = (cell for name in own for cell in (f"`{name}`, AUROC lost", "decisions lost", "flagged"))
    return table(("shift", *columns), rows)


def whole(figure: dict[str, Any]) -> str:
    return f"{100 * figure['value']:.0f} %"


def correlation_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of how the share flagged goes with what the network loses over the shifts."""
    lines = []
    for name, row in chosen(results).items():
        shifts = list(row["shifts"].values())
        flags = [one["flagged"]["value"] for one in shifts]
        ranks = [spearmanr([one[loss] for one in shifts], flags).statistic for loss in ("drop", "wronged")]
        held = [one["flagged"]["value"] for one in shifts if one["wronged"] < HELD]
        failed = [one["flagged"]["value"] for one in shifts if one["wronged"] >= FAILED]
        lines.append([f"`{name}`", *(f"{rank:.2f}".replace("-", "−") for rank in ranks), group(held), group(failed)])
    columns = ("network", "rank correlation with AUROC lost", "with decisions lost")
    return table((*columns, f"flagged where it loses less than {HELD:g}", f"{FAILED:g} or more"), lines)


def group(shares: list[float]) -> str:
    return f"{100 * np.mean(shares):.0f} % ({len(shares)} shifts)" if shares else "no such shift"


def distance_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of distances: the mean AUROC over the kinds."""
    own = chosen(results)
    names = list(first(own)["distances"]) if own else []
    rows = [[name, *(f"{row['distances'][name]:.3f}" for row in own.values())] for name in names]
    return table(("distance and features", *(f"`{name}`" for name in own)), rows)


def chosen(results: dict[str, Any]) -> dict[str, Any]:
    return {name: results[name] for name in NETWORKS if name in results}


def first(own: dict[str, Any]) -> Any:
    return next(iter(own.values()))


def write(results: dict[str, Any]) -> None:
    """Write the tables between the marks of the page."""
    blocks = {"kinds": kind_lines, "shifts": shift_lines, "correlation": correlation_lines, "distances": distance_lines}
    fill(PAGE, {name: lines(results) for name, lines in blocks.items()})


def main() -> None:
    """Measure the three networks, store the results and write the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, help="a weights file of MobileNetV2; else it is downloaded")
    parser.add_argument("--runs", type=Path, default=Path(tempfile.gettempdir()) / "chestnut-trained")
    parser.add_argument("--no-train", action="store_true", help="leave out networks whose runs are not in FOLDER")
    parser.add_argument("--only", help="measure this network alone")
    parser.add_argument("--patients", type=int, default=1000, help="the most test patients whose images are changed")
    parser.add_argument("--adults", type=Path, help="a folder of chest images of adults")
    parser.add_argument("--dicom", type=Path, help="a folder of further DICOM files")
    given = parser.parse_args()
    if given.no_train:
        runs = {name: given.runs / name for name in NETWORKS if (given.runs / name).exists()}
    else:
        runs = trained_runs(given.data, given.weights, given.runs)
    for name, run in runs.items():
        if given.only in (None, name):
            keep(name, measure(run, given))
    write(json.loads(RESULTS.read_text()))


def keep(name: str, found: dict[str, Any]) -> None:
    """Store the results of a network beside those of the others."""
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    RESULTS.write_text(json.dumps(results | {name: found}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
