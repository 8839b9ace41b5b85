"""What the shortcut probes' AUROCs mean, as findings of an audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from chestnut.auditing.findings import Finding, Severity
from chestnut.auditing.image_statistics import STATISTICS
from chestnut.auditing.shortcut_probes import Probe

#: The AUROC from which a probe's finding is an error or a warning, and what the lower end of its interval must exceed.
THRESHOLDS: tuple[tuple[Severity, float, float], ...] = (("error", 0.9, 0.7), ("warning", 0.7, 0.5))

_FROM = {
    "facts": ("facts of the files", "size, aspect, format, mode, bit depth and bytes of each file"),
    "statistics": ("brightness and sharpness", f"{len(STATISTICS)} brightness and sharpness statistics of each image"),
    "border": ("the border around the chest", "a frame of 8 % of the side of each image, with the chest masked out,"),
}

#: What to do about each; the braces stand for the AUROC.
_REMEDIES = {
    "facts": "Test on images from elsewhere, and look for data in which one source gives all classes: a class that "
    "came from a place of its own keeps the mark of that place in its pixels, whatever their format.",
    "statistics": "{:.2f} is the AUROC to beat: only what a network achieves beyond it needs the lungs. Test on images "
    "from elsewhere, and train with photometric augmentation: `--set augment.brightness=0.1 "
    "--set augment.contrast=0.2 --set augment.gamma=0.2 --set augment.noise=0.02`.",
    "border": "{:.2f} is the AUROC to beat: only what a network achieves beyond it needs the lungs. Crop all images to "
    "the chest, or train with `--set augment.zoom=0.15 --set augment.shift=0.05`; test on images from elsewhere, "
    "and check which part of the image the network uses.",
}

_MEANING = {
    "facts": " A network does not see these facts, but they leave marks in the pixels.",
    "statistics": " Disease changes some of them too, but a high validation score may measure the scanner, not the "
    "disease.",
    "border": " A high validation score may measure the scanner, not the disease.",
}


def probe_findings(probes: Sequence[Probe]) -> list[Finding]:
    """Return a finding for each probe, also for one that cannot tell the classes apart."""
    return [_finding(probe) for probe in probes]


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


def _finding(probe: Probe) -> Finding:
    source, seen = _FROM[probe.subject]
    grade = severity(probe)
    able = {"error": "nearly", "warning": "partly", "info": "a little" if probe.auroc >= 0.6 else "hardly"}[grade]
    evidence = (
        f"A small classifier that saw only {seen} reached AUROC {probe.auroc:.3f} (95 % interval {probe.low:.3f} to "
        f"{probe.high:.3f}) in {probe.folds}-fold cross-validation by patient{_detail(probe)}."
    )
    figures = {name: value for name, value in asdict(probe).items() if value not in ("", None, {})}
    return Finding(
        f"probe-{probe.subject}",
        grade,
        f"The classes can {able} be told apart without the lungs: AUROC {probe.auroc:.2f} from {source}",
        evidence if grade == "info" else evidence + _MEANING[probe.subject],
        figures=figures,
        remedy="" if grade == "info" else _REMEDIES[probe.subject].format(probe.auroc),
    )


def _detail(probe: Probe) -> str:
    text = ""
    if probe.by_class:
        best = max(probe.by_class, key=lambda name: probe.by_class[name])
        text = f", the mean over classes; {best} against the rest has {probe.by_class[best]:.2f}"
    if probe.strongest_auroc == 0.5:
        text += f"; they are the same for all {'files' if probe.subject == 'facts' else 'images'}"
    elif probe.without_bytes is not None and probe.auroc - probe.without_bytes > 0.05:
        text += (
            f"; {probe.without_bytes:.2f} without the size of the files, which depends on what a picture shows as well"
        )
    elif probe.strongest and severity(probe) != "info":
        text += f"; the {probe.strongest} by itself gives {probe.strongest_auroc:.2f}"
    return text
