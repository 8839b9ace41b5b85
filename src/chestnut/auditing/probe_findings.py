"""What the shortcut probes' AUROCs mean, as findings of an audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from chestnut.auditing.findings import Finding, Severity, number
from chestnut.auditing.image_statistics import STATISTICS
from chestnut.auditing.shortcut_probes import OUTSIDE, Blind, Probe, Subject

#: The AUROC from which a probe's finding is an error or a warning, and what the lower end of its interval must exceed.
THRESHOLDS: tuple[tuple[Severity, float, float], ...] = (("error", 0.9, 0.7), ("warning", 0.7, 0.5))

#: What each probe sees, in a title and in a sentence.
_FROM: dict[Subject, tuple[str, str]] = {
    "facts": ("facts of the files", "size, aspect, format, mode, bit depth and bytes of each file"),
    "statistics": ("brightness and sharpness", f"{len(STATISTICS)} brightness and sharpness statistics of each image"),
    "border": ("the border around the chest", "a frame of 8 % of the side of each image, with the chest masked out,"),
    "outside": ("the image outside the lungs", "what lies outside the lungs, with everything inside blanked,"),
    "geometry": ("the lungs' geometry", "areas, heights, widths, positions and angles of the lungs"),
    "dimensions": ("the pictures' dimensions", "width, height and aspect of each picture"),
}

#: What to do about each; braces stand for the AUROC.
_REMEDIES: dict[Subject, str] = {
    "facts": "Test on images from elsewhere, and look for data in which one source gives all classes: a class that "
    "came from a place of its own keeps the mark of that place in its pixels, whatever their format.",
    "statistics": "{:.2f} is the AUROC to beat: only what a network achieves beyond it needs the lungs. Test on images "
    "from elsewhere, and train with photometric augmentation: `--set augment.brightness=0.1 "
    "--set augment.contrast=0.2 --set augment.gamma=0.2 --set augment.noise=0.02`.",
    "border": "Train with `--set input.frame=lungs`, and `--set input.outside=blank` if the border should not be seen "
    "at all; test on images from elsewhere, and check which part of the image the network uses.",
    "outside": "Train with `--set input.frame=lungs`, and `--set input.outside=blank` if nothing there should be seen "
    "at all; test on images from elsewhere.",
    "geometry": "Train with `--set input.frame=lungs`, which takes position and size away, and look whether the "
    "classes differ in age or in how they were taken.",
    "dimensions": "Decide how pictures of another shape are resized, and train with `--set input.frame=lungs`: in a "
    "picture stretched to a square, a chest keeps the trace of its shape.",
}

_SCANNER = " A high validation score may measure the scanner, not the disease."
_MEANING: dict[Subject, str] = {
    "facts": " A network does not see these facts, but they leave marks in the pixels.",
    "statistics": " Disease changes some of them too, but a high validation score may measure the scanner, not the "
    "disease.",
    "border": _SCANNER,
    "outside": " The outline of the lungs shows as well. A high validation score may measure the framing or the "
    "scanner, not the disease.",
    "geometry": " Disease changes some of them too, but so do age, breathing and framing.",
    "dimensions": " A network does not see them, but pictures that are stretched to one size keep their trace.",
}


def probe_findings(probes: Sequence[Probe | Blind]) -> list[Finding]:
    """Return a finding for each probe, also for one that cannot tell the classes apart or saw nothing.

    The first, where a probe saw something outside the lungs, says what all of these together show.
    """
    return [
        *_without_lungs([probe for probe in probes if probe.subject in OUTSIDE]),
        *(_finding(probe) if isinstance(probe, Probe) else _blind(probe) for probe in probes),
    ]


def _without_lungs(probes: Sequence[Probe | Blind]) -> list[Finding]:
    """Return the finding on what the classes can be told by without the inside of the lungs, by the strongest probe."""
    seen = sorted((probe for probe in probes if isinstance(probe, Probe)), key=lambda probe: -probe.auroc)
    if not seen:
        return []
    best, grade = seen[0], severity(seen[0])
    each = ", ".join(f"{_FROM[probe.subject][0]} {_auroc(probe)}" for probe in seen)
    blind = [_FROM[probe.subject][0] for probe in probes if isinstance(probe, Blind)]
    untold = f" Nothing was to be learnt from {' and '.join(blind)}." if blind else ""
    figures: dict[str, Any] = {"strongest": best.subject, "auroc": best.auroc, "low": best.low, "high": best.high}
    figures["probes"] = {probe.subject: {"auroc": probe.auroc, "low": probe.low, "high": probe.high} for probe in seen}
    return [
        Finding(
            "without-lungs",
            grade,
            f"The classes {_verdict(best)} without the inside of the lungs: AUROC {best.auroc:.2f} "
            f"({best.low:.2f} to {best.high:.2f}) from {_FROM[best.subject][0]}",
            f"{number(len(seen), 'small classifier')} saw nothing of the inside. AUROC with 95 % interval: {each}"
            f"{_mean_of(best)}.{untold}",
            figures=figures,
            remedy=""
            if grade == "info"
            else f"{best.auroc:.2f} is the AUROC to beat: only what a network achieves beyond it needs the inside of "
            "the lungs. Measure how much of a network's AUROC lies outside them with `chestnut control DATA`, and how "
            "much framing and scanner give away with `chestnut exchange RUN`; train with `--set input.frame=lungs`.",
        )
    ]


def skipped_probes(reason: str) -> Finding:
    """Return the finding that the probes were not run.

    Args:
        reason: Why, from `shortcut_probes.too_few`.
    """
    return Finding(
        "probes-skipped",
        "info",
        "The shortcut probes were not run",
        f"They train small classifiers, and {reason}.",
        remedy="Add more patients; until then nobody knows whether the scanner gives the classes away.",
    )


def severity(probe: Probe) -> Severity:
    """Return how serious a probe's result is by `THRESHOLDS`.

    The size of the files alone makes no error, because disease changes it too.
    """
    found: Severity = "info"
    for name, least, least_low in reversed(THRESHOLDS):
        if probe.auroc >= least and probe.low > least_low:
            found = name
    by_bytes = probe.without_bytes is not None and probe.without_bytes < THRESHOLDS[1][1]
    return "warning" if found == "error" and by_bytes else found


def _verdict(probe: Probe) -> str:
    """Say how well the classes can be told apart."""
    weak = "can be told apart a little" if probe.auroc >= 0.6 else "can hardly be told apart"
    return {"error": "can nearly be told apart", "warning": "can partly be told apart", "info": weak}[severity(probe)]


def _auroc(probe: Probe) -> str:
    return f"{probe.auroc:.3f} ({probe.low:.3f} to {probe.high:.3f})"


def _finding(probe: Probe) -> Finding:
    source, seen = _FROM[probe.subject]
    grade = severity(probe)
    evidence = (
        f"A small classifier that saw only {seen} reached AUROC {probe.auroc:.3f} (95 % interval {probe.low:.3f} to "
        f"{probe.high:.3f}) in {probe.folds}-fold cross-validation by patient{_detail(probe)}."
    )
    figures = {name: value for name, value in asdict(probe).items() if value not in ("", None, {})}
    return Finding(
        f"probe-{probe.subject}",
        grade,
        f"The classes {_verdict(probe)} by {source} alone: AUROC {probe.auroc:.2f}",
        evidence if grade == "info" else evidence + _MEANING[probe.subject],
        figures=figures,
        remedy="" if grade == "info" else _REMEDIES[probe.subject].format(probe.auroc),
    )


def _blind(probe: Blind) -> Finding:
    return Finding(
        f"probe-{probe.subject}",
        "info",
        f"Nothing was to be learnt from {_FROM[probe.subject][0]}",
        f"{probe.reason}.",
        figures={"subject": probe.subject, "reason": probe.reason},
    )


def _mean_of(probe: Probe) -> str:
    """Say of more than two classes that AUROCs are means, and how well the strongest probe tells its best class."""
    if not probe.by_class:
        return ""
    best = max(probe.by_class, key=lambda name: probe.by_class[name])
    return f". These are means over the classes; the first tells {best} from the rest with {probe.by_class[best]:.2f}"


def _over_classes(probe: Probe) -> str:
    """Say of more than two classes that the AUROC is a mean, and which class the probe tells best."""
    if not probe.by_class:
        return ""
    best = max(probe.by_class, key=lambda name: probe.by_class[name])
    return f", the mean over classes; {best} against the rest has {probe.by_class[best]:.2f}"


def _detail(probe: Probe) -> str:
    text = _over_classes(probe)
    if probe.without_bytes is not None and probe.auroc - probe.without_bytes > 0.05:
        text += (
            f"; {probe.without_bytes:.2f} without the size of the files, which depends on what a picture shows as well"
        )
    elif probe.strongest and severity(probe) != "info":
        text += f"; the {probe.strongest.replace('_', ' ')} by itself gives {probe.strongest_auroc:.2f}"
    return text
