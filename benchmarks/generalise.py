"""Measure how networks generalise beyond their training scanner, and write the tables of docs/generalisation.md.

    python -m benchmarks.generalise DATA --external OTHER_DATA --weights MOBILENET_V2.weights.h5 \
        [--only robust,robust-lungs,tried] [--runs FOLDER] [--no-train]

DATA are the Kermany training images, OTHER_DATA images with the classes Pneumonia and No_findings. The results are
those of the validation split by patient, seed 1: plain, under the shifts of `chestnut stress`, and after the exchanges
with which it begins; the test split is not used. A run that is in FOLDER already is not trained again, and with
`--no-train` none is. A run has the name of its recipe, and of what was done to it: `cnn-small`, `cnn-small-lungs`.
Earlier results stay in generalise.json.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.kermany import SEED, chestnut, write_head
from benchmarks.pages import fill
from chestnut.evaluation.comparison import Candidate, rank

HERE = Path(__file__).parent
RESULTS = HERE / "generalise.json"
PAGES = (HERE.parent / "docs" / "generalisation.md", HERE.parent / "README.md")
RECIPES = HERE.parent / "src" / "chestnut" / "recipes"
SMALL = HERE / "generalise.toml"
MAPPING = "Pneumonia=PNEUMONIA,No_findings=NORMAL"
GOAL = "balanced"
SIDES = ("same", "other")

GEOMETRY = ("augment.rotation=10", "augment.zoom=0.25", "augment.aspect=0.35", "augment.shift=0.1")
TONE = ("augment.contrast=0.5", "augment.brightness=0.2", "augment.gamma=0.5")
DETAIL = ("augment.resolution=0.75", "augment.jpeg=0.9", "augment.noise=0.06")
COVER = ("augment.border=0.12", "augment.erase=0.4", "augment.marker=0.12")
ALL = (*GEOMETRY, *TONE, *DETAIL, *COVER, "data.balance=weights")
HALF_CLEAN = (*ALL, "input.intensity=equalise", "augment.clean=0.5")

RECIPES_COMPARED = ("hog-logistic", "cnn-small", "mobilenet-v2", "robust", "robust-mobilenet")
WHOLE, LUNGS = "whole", "lungs"

#: The networks to compare, each on whole images and on images cropped to the lungs: the recipe and the frame.
FRAMES = {
    f"{recipe}, {frame}" if frame == LUNGS else recipe: (recipe, frame)
    for recipe in RECIPES_COMPARED
    for frame in (WHOLE, LUNGS)
}

#: `robust` with three seeds, whose networks are joined.
JOINED = "robust-joined, lungs"
FRAMES[JOINED] = ("robust", LUNGS)
SEEDS = 3

#: All networks of the tables, in order.
MAIN = tuple(FRAMES)

#: The networks of the README's first table, with the words that name them there.
STORY = {
    "hog-logistic": "gradients and logistic regression, whole image",
    "cnn-small": "the notebooks' network, whole image",
    "mobilenet-v2": "MobileNetV2 with ImageNet weights, whole image",
    "robust": "recipe `robust`, whole image",
    "robust, lungs": "recipe `robust`, cropped to the lungs",
}

#: The settings to try, one at a time, on the small network.
TRIED: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "percentile": ("input.intensity=percentile",),
    "equalise": ("input.intensity=equalise",),
    "CLAHE": ("input.intensity=clahe",),
    "style": ("augment.style=1.0",),
    "fourier": ("augment.fourier=0.03",),
    "rotation, zoom, aspect, shift": GEOMETRY,
    "contrast, brightness, gamma": TONE,
    "resolution, JPEG, noise": DETAIL,
    "border, erase, marker": COVER,
    "all, style": (*ALL, "augment.style=1.0"),
    "all, equalise": (*ALL, "input.intensity=equalise"),
    "all, CLAHE, style": (*ALL, "input.intensity=clahe", "augment.style=1.0"),
    "all, equalise, half of it clean": HALF_CLEAN,
    "the same, weights averaged": (*HALF_CLEAN, "train.average=0.99"),
    "the same, labels smoothed": (*HALF_CLEAN, "loss.label_smoothing=0.05"),
}

STEADY = (*HALF_CLEAN, "train.average=0.99", "loss.label_smoothing=0.05")
LIGHTER = ("augment.rotation=7", "augment.zoom=0.12", "augment.aspect=0.2", "augment.shift=0.04")
LUNGS_STEADY = (*STEADY, "input.frame=lungs")
LUNGS_LIGHTER = (*LUNGS_STEADY, *LIGHTER)

#: The settings to try with the lungs, one at a time, on the small network.
TRIED_LUNGS: dict[str, tuple[str, ...]] = {
    "whole image": STEADY,
    "whole image, lungs placed as another image has them": (*STEADY, "augment.reframe=1.0"),
    "lungs": LUNGS_STEADY,
    "lungs, aspect kept": (*LUNGS_STEADY, "input.resize=fit"),
    "lungs, black outside them": (*LUNGS_STEADY, "input.outside=blank"),
    "lungs, twice the margin": (*LUNGS_STEADY, "input.margin=0.08"),
    "lungs, grey values as they are": (*LUNGS_STEADY, "input.intensity=none"),
    "lungs, lighter geometry": LUNGS_LIGHTER,
    "the same, 128 pixels": (*LUNGS_LIGHTER, "input.height=128", "input.width=128"),
    "the same, twice the epochs": (*LUNGS_LIGHTER, "train.epochs=12"),
}


def folder_of(given: argparse.Namespace, name: str) -> Path:
    """Return the folder of a run."""
    folder: Path = given.runs / re.sub(r"\W+", "-", name)
    return folder


def may_run(given: argparse.Namespace, name: str) -> bool:
    """Return whether a run is there, or may be trained."""
    return not given.no_train or folder_of(given, name).exists()


def train_run(given: argparse.Namespace, name: str, recipe: str, settings: tuple[str, ...]) -> Path:
    """Train a run unless it exists; return its folder."""
    folder = folder_of(given, name)
    if not folder.exists():
        words = [f"--set={setting}" for setting in (f"seed={SEED}", *settings)]
        place = ("--runs", str(given.runs.resolve()), "--name", folder.name)
        chestnut(given.runs, "train", str(given.data.resolve()), "--recipe", recipe, *place, "--no-audit", *words)
    return folder


def make_run(given: argparse.Namespace, name: str) -> Path:
    """Train a network of the tables unless it exists; return its folder."""
    recipe, frame = FRAMES[name]
    if name == JOINED:
        folder = folder_of(given, name)
        if not (folder / "ensemble").exists():
            words = (f"--set=seed={SEED}", f"--set=input.frame={frame}", f"--seeds={SEEDS}", "--recipe", recipe)
            place = ("--runs", str(given.runs.resolve()), "--name", folder.name)
            chestnut(given.runs, "ensemble", str(given.data.resolve()), *words, *place)
        return folder / "ensemble"
    weights = (f"model.weights={given.weights.resolve()}",) if given.weights and "mobilenet" in recipe else ()
    return train_run(given, name, recipe, (f"input.frame={frame}", *weights))


def stress_run(given: argparse.Namespace, folder: Path, *, exchange: bool) -> dict[str, Any]:
    """Return the results of `chestnut stress` for a run, with its exchange test or without."""
    words = ["--operating-point", GOAL, *([] if exchange else ["--no-exchange"])]
    if given.external:
        words += ["--external", str(given.external.resolve()), "--map", MAPPING]
    found = chestnut(given.runs, "stress", str(folder.resolve()), *words)
    external = found["external"]
    return {
        "images": found["images"],
        "patients": found["patients"],
        "minutes": round(seconds_of(folder) / 60, 1),
        "plain": found["plain"],
        "mean": found["mean"],
        "worst": found["worst"],
        "shifts": {row["name"]: {key: row[key] for key in ("auroc", "specificity")} for row in found["shifts"]},
        "external": None if external is None else external["metrics"]["auroc"],
        "points": found["operating_points"]["points"],
        **({"exchange": read_exchange(found["exchange"])} if found["exchange"] else {}),
    }


def seconds_of(folder: Path) -> float:
    """Return the seconds of all epochs of a run, or of the members of an ensemble."""
    facts = json.loads((folder / "environment.json").read_text())
    return sum(seconds_of(Path(one["run"])) for one in facts.get("members", [])) or float(facts["seconds"])


def judge_joined(given: argparse.Namespace) -> list[dict[str, Any]]:
    """Test the ensemble of seeds against its members, on plain images and with everything exchanged."""
    folder = folder_of(given, JOINED)
    members = sorted(folder.glob("robust-s*"))
    for run in members:
        if not (run / "exchange" / "exchange.json").is_file():
            chestnut(given.runs, "exchange", str(run.resolve()))
    tables = [pd.read_csv(run / "exchange" / "predictions.csv", keep_default_na=False) for run in members]
    tables.append(pd.read_csv(folder / "ensemble" / "exchange" / "predictions.csv", keep_default_na=False))
    found = []
    for words, condition, donor in (("as they are", "plain", ""), ("all exchanged, other class", "all", "other")):
        parts = [
            part.sort_values("path")
            for table in tables
            for _, part in table[(table["condition"] == condition) & (table["donor"] == donor)].groupby("draw")
        ]
        scores = [part[["probability_NORMAL", "probability_PNEUMONIA"]].to_numpy(float) for part in parts]
        draws = len(scores) // len(tables)
        pair = rank(
            (parts[0]["label"] == "PNEUMONIA").to_numpy(int),
            parts[0]["patient"].to_numpy(str),
            [Candidate("joined", tuple(scores[-draws:])), Candidate("one", tuple(scores[:-draws]))],
        )
        names = {one.name: one.figures["auroc"] for one in pair.standings}
        sign = 1 if pair.standings[0].name == "joined" else -1
        test = pair.pairs[0]
        lead = [sign * one for one in (test.difference.value, test.difference.low, test.difference.high)]
        each = [
            float(np.mean([auroc(parts[0], one) for one in scores[i : i + draws]]))
            for i in range(0, len(scores), draws)
        ]
        found.append(
            {
                "images": words,
                "joined": asdict(names["joined"]),
                "one": asdict(names["one"]),
                "each": each[:-1],
                "lead": [lead[0], *sorted(lead[1:])],
                "p": test.p,
            }
        )
    return found


def auroc(part: pd.DataFrame, scores: Any) -> float:
    return float(roc_auc_score(part["label"] == "PNEUMONIA", scores[:, 1]))


def joined_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of the ensemble of seeds against its members."""
    rows = []
    for row in results.get("joined", []):
        lead, low, high = row["lead"]
        each = ", ".join(f"{one:.3f}" for one in row["each"])
        rows.append(
            [
                row["images"],
                *(each, shown(row["one"], interval=True), shown(row["joined"], interval=True)),
                *(
                    f"{lead:.4f} ({low:.4f} to {high:.4f})".replace("-", "−"),
                    "under 0.001" if row["p"] < 0.001 else f"{row['p']:.3f}",
                ),
            ]
        )
    return table(("validation images", "AUROC of each seed", "their mean", "joined", "lead", "p"), rows)


def read_exchange(found: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of an exchange test."""
    names = ("auroc", "sensitivity", "specificity")
    return {
        "images": found["images"],
        "plain": found["plain"],
        "conditions": {
            one["name"]: {
                **{side: {key: one[side][key] for key in names} for side in SIDES},
                "given_away": one["given_away"],
            }
            for one in found["conditions"]
        },
    }


def shown(figure: dict[str, Any] | None, interval: bool = False) -> str:
    if figure is None or figure["value"] is None:
        return "–"
    value = f"{figure['value']:.3f}"
    return f"{value} ({figure['low']:.3f}–{figure['high']:.3f})" if interval else value


def table(columns: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    lines = [f"| {' | '.join(columns)} |", f"| {' | '.join('---' for _ in columns)} |"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def main_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of networks."""
    rows = []
    for name in filter(results.get, MAIN):
        row = results[name]
        worst = row["worst"]
        rows.append(
            [
                name,
                shown(row["plain"]["auroc"], interval=True),
                shown(row["mean"]["auroc"], interval=True),
                f"{shown(row['shifts'][worst]['auroc'])} ({worst})",
                f"{shown(row['mean']['sensitivity'])}, {shown(row['mean']['specificity'])}",
                shown(row["external"], interval=True),
            ]
        )
    shifted = "sensitivity, specificity, mean over shifts"
    return table(("run", "AUROC, plain", "AUROC, mean over shifts", "worst shift", shifted, "AUROC, external"), rows)


def story_lines(results: dict[str, Any]) -> list[str]:
    """Return the README's first table: what is left where framing and scanner are those of the other class."""
    rows = []
    for name, words in STORY.items():
        row = results.get(name, {})
        if "exchange" in row:
            other = row["exchange"]["conditions"]["all"]["other"]
            rates = [f"{shown(one['sensitivity'])}, {shown(one['specificity'])}" for one in (row["plain"], other)]
            figures = [shown(one["auroc"], interval=True) for one in (row["plain"], other)]
            rows.append([words, figures[0], rates[0], figures[1], rates[1]])
    rates = "sensitivity, specificity"
    return table(("network", "AUROC, validation", rates, "AUROC, exchanged", rates), rows)


def tried_lungs_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of settings that concern the lungs, on the small network."""
    rows = []
    for name in TRIED_LUNGS:
        row = results.get(f"tried {name}", {}).get("exchange")
        if row:
            pair = row["conditions"]["all"]
            rows.append(
                [
                    *(name, shown(row["plain"]["auroc"], interval=True), shown(pair["other"]["auroc"], interval=True)),
                    shown(pair["given_away"], interval=True),
                    f"{shown(pair['other']['sensitivity'])}, {shown(pair['other']['specificity'])}",
                ]
            )
    rates = "sensitivity, specificity, exchanged"
    return table(("setting", "AUROC, plain", "AUROC, exchanged", "AUROC given away", rates), rows)


def frame_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of whole images against lungs: plain, all exchanged, and the mean over the shifts."""
    rows = []
    for name in FRAMES:
        row = results.get(name, {})
        if "exchange" in row:
            everything = row["exchange"]["conditions"]["all"]
            rows.append(
                [
                    *(f"`{FRAMES[name][0]}`" + (", three seeds joined" if name == JOINED else ""), FRAMES[name][1]),
                    f"{shown(row['plain']['auroc'])}, {shown(row['plain']['specificity'])}",
                    *(
                        f"{shown(everything[side]['auroc'])}, {shown(everything[side]['specificity'])}"
                        for side in SIDES
                    ),
                    shown(everything["given_away"], interval=True),
                    f"{shown(row['mean']['auroc'])}, {shown(row['mean']['specificity'])}",
                ]
            )
    return table(
        (
            *("recipe", "frame", "plain: AUROC, specificity", "all exchanged with its own class"),
            *("all exchanged with the other class", "AUROC given away", "mean over shifts"),
        ),
        rows,
    )


def exchange_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of the AUROC after each exchange with the other class, and with the own one in brackets."""
    found = {name: results[name]["exchange"] for name in MAIN if "exchange" in results.get(name, {})}
    conditions = list(dict.fromkeys(condition for row in found.values() for condition in row["conditions"]))
    rows = [
        [
            *(name, shown(row["plain"]["auroc"])),
            *(
                f"{shown(row['conditions'][one]['other']['auroc'])} ({shown(row['conditions'][one]['same']['auroc'])})"
                for one in conditions
            ),
        ]
        for name, row in found.items()
    ]
    return table(("run", "plain", *conditions), rows)


def shift_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of all shifts, with a column per network."""
    names = [name for name in MAIN if name in results]
    shifts = list(dict.fromkeys(shift for name in names for shift in results[name]["shifts"]))
    rows = [
        [shift, *(shown(results[name]["shifts"].get(shift, {}).get("auroc")) for name in names)] for shift in shifts
    ]
    return table(("shift", *names), rows)


def point_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of thresholds and their rates under shifts."""
    rows = []
    for name in filter(results.get, MAIN):
        for point in results[name]["points"]:
            rates = [
                f"{shown(point[key]['sensitivity'])}, {shown(point[key]['specificity'])}" for key in ("plain", "mean")
            ]
            rows.append([name, point["rule"], f"{point['threshold']:.3g}", *rates])
    return table(("run", "threshold from", "threshold", "plain: sensitivity, specificity", "mean over shifts"), rows)


def tried_lines(results: dict[str, Any]) -> list[str]:
    """Return the table of settings on the small network."""
    rows = []
    for name in TRIED:
        row = results.get(f"tried {name}")
        if row:
            swapped = [row["shifts"][shift]["auroc"]["value"] for shift in row["shifts"] if "swapped" in shift]
            rows.append(
                [
                    name,
                    shown(row["plain"]["auroc"]),
                    shown(row["mean"]["auroc"], interval=True),
                    shown(row["mean"]["specificity"]),
                    f"{sum(swapped) / len(swapped):.3f}",
                    shown(row["shifts"].get("aspect", {}).get("auroc")),
                ]
            )
    columns = ("ingredient", "AUROC, plain", "mean over shifts", "its specificity", "styles swapped", "aspect")
    return table(columns, rows)


def write(results: dict[str, Any]) -> None:
    """Write the tables between the marks of the pages, and the results into the recipes' heads."""
    blocks = {
        **{"story": story_lines, "main": main_lines, "frames": frame_lines, "exchange": exchange_lines},
        "tried-lungs": tried_lungs_lines,
        "joined": joined_lines,
        **{"shifts": shift_lines, "points": point_lines, "tried": tried_lines},
    }
    for page in PAGES:
        fill(page, {name: lines(results) for name, lines in blocks.items()})
    for name in ("robust", "robust-mobilenet"):
        if f"{name}, {LUNGS}" in results:
            head(RECIPES / f"{name}.toml", results[f"{name}, {LUNGS}"])


def head(path: Path, row: dict[str, Any]) -> None:
    """Write the time and score of a recipe into its head."""
    measured = (
        f"validation AUROC {shown(row['plain']['auroc'], interval=True)},\n"
        f"#           in the mean over the shifts of chestnut stress {shown(row['mean']['auroc'], interval=True)},\n"
        f"#           on a split by patient of the Kermany training images, seed {SEED};\n"
        f"#           {row['minutes']} minutes of epochs on CPU, 2 cores shared with other work"
    )
    write_head(path, measured)


def main() -> None:
    """Measure the chosen networks, store the results and write the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--external", type=Path)
    parser.add_argument("--weights", type=Path, help="a weights file of MobileNetV2; else it is downloaded")
    parser.add_argument(
        "--only", help="rows of the tables, such as robust,all-style; tried or tried-lungs for all of the small network"
    )
    parser.add_argument("--runs", type=Path, default=Path(tempfile.gettempdir()) / "chestnut-generalise")
    parser.add_argument("--no-train", action="store_true", help="leave out the rows whose runs are not in FOLDER")
    given = parser.parse_args()
    given.runs.mkdir(parents=True, exist_ok=True)
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    everything = [*(name.replace(", ", "-") for name in MAIN), "tried", "tried-lungs"]
    wanted = everything if given.only is None else given.only.split(",")
    for name in MAIN:
        if name.replace(", ", "-") in wanted and may_run(given, name):
            results[name] = stress_run(given, make_run(given, name), exchange=True)
            RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if JOINED.replace(", ", "-") in wanted and folder_of(given, JOINED).exists():
        results["joined"] = judge_joined(given)
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, settings in TRIED.items():
        if ("tried" in wanted or name.replace(", ", "-") in wanted) and may_run(given, f"tried {name}"):
            results[f"tried {name}"] = stress_run(
                given, train_run(given, f"tried {name}", str(SMALL), settings), exchange=False
            )
            RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, settings in TRIED_LUNGS.items():
        if "tried-lungs" in wanted and may_run(given, f"tried {name}"):
            run = train_run(given, f"tried {name}", str(SMALL), settings)
            found = chestnut(given.runs, "exchange", str(run.resolve()))
            results[f"tried {name}"] = {"exchange": read_exchange(found)}
            RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write(results)


if __name__ == "__main__":
    main()
