"""What an audit says: a `Finding` a fault, an `Audit` for all of them, and the checks' names.

Made by `audit` and its checks, read by `cli` and `report`; calls nothing of chestnut's but the manifest's errors.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, cast

from chestnut.errors import DataError

Severity = Literal["error", "warning", "info"]

#: Worst first. An error makes the figures of a model trained on the data untrue, a warning may, an info is to be known.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

#: Every check by the name of its finding, in the order they are listed; the text says what holds where none is made.
CHECKS: dict[str, str] = {
    "unreadable-files": "every file can be read",
    "conflicting-duplicates": "no image stands under two labels",
    "duplicates-across-splits": "no image stands in two splits",
    "patients-across-splits": "no patient stands in two splits",
    "probe-statistics": "",  # the probes always make a finding
    "probe-border": "",
    "probe-facts": "",
    "probes-skipped": "",
    "files-follow-class": "no file format, mode, size or bit depth goes with a class",
    "duplicates-across-patients": "no image stands under two patients",
    "small-validation-split": "the validation split is large enough to steer by",
    "small-test-split": "the test split is large enough to judge by",
    "patients-with-several-labels": "no patient has images of two classes",
    "class-imbalance": "the classes are of like size",
    "inverted-images": "no image looks inverted",
    "rotated-images": "no image looks rotated",
    "blank-images": "no image is blank",
    "unusual-images": "no image looks unlike the others",
    "outliers-skipped": "",
    "duplicates-within-patient": "no patient has the same image twice",
}

#: As many file names as a finding carries; its figures give the full number.
MOST_FILES = 200

#: Raised when the keys of `Audit.to_dict` change their meaning.
VERSION = 1


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with the data, or worth knowing.

    Attributes:
        name: Which check made it, one of `CHECKS`.
        severity: error, warning or info.
        title: The fault in one line.
        evidence: One to three sentences with figures.
        files: Paths as in the manifest, the worst first, at most `MOST_FILES`.
        figures: The numbers behind the evidence, JSON-ready.
        remedy: What to do about it; empty where nothing needs doing.
    """

    name: str
    severity: Severity
    title: str
    evidence: str
    files: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    remedy: str = ""


@dataclass(frozen=True)
class Audit:
    """All that was found wrong with a data set.

    Attributes:
        findings: The worst first.
        passed: Names of the checks that ran and found nothing, as in `CHECKS`.
        data: What was looked at, JSON-ready: `root`, `images`, `patients`, `unreadable` (count), `size` (height, width
            of the pixels seen), `classes` and `splits` (name to `images` and `patients`), `synthetic`, `notes` (what
            was decided while reading), `seed`.
    """

    findings: tuple[Finding, ...]
    passed: tuple[str, ...]
    data: dict[str, Any]

    @classmethod
    def build(cls, findings: Sequence[Finding], passed: Sequence[str], data: Mapping[str, Any]) -> Audit:
        """Order findings by severity, then as `CHECKS` lists them."""
        place = {name: number for number, name in enumerate(CHECKS)}
        ordered = sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), place[finding.name]))
        return cls(tuple(ordered), tuple(passed), dict(data))

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst finding; None where there is none."""
        return self.findings[0].severity if self.findings else None

    def counts(self) -> dict[Severity, int]:
        """How many findings of each severity."""
        return {severity: sum(one.severity == severity for one in self.findings) for severity in SEVERITIES}

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{one.severity}</td><td><strong>{html.escape(one.title)}</strong><br>{html.escape(one.evidence)}"
            f"<br>→ {html.escape(one.remedy)}</td></tr>"
            for one in self.findings
        )
        return f"<table>{rows}</table>" if rows else "<p>Nothing found.</p>"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON.

        Keys: `version`; `worst` (error, warning, info or null); `counts` (severity to number); `data` and `passed` as
        above; `findings`, each with the keys `name`, `severity`, `title`, `evidence`, `files`, `figures`, `remedy`.
        """
        return {
            "version": VERSION,
            "worst": self.worst,
            "counts": dict(self.counts()),
            "data": self.data,
            "findings": [{**asdict(finding), "files": list(finding.files)} for finding in self.findings],
            "passed": list(self.passed),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Audit:
        """Read what `to_dict` gave, also after a trip through JSON.

        Raises:
            DataError: It is of a newer version, or not an audit.
        """
        if values.get("version") != VERSION:
            raise DataError(f"an audit of version {values.get('version')!r}, this chestnut reads {VERSION}; audit anew")
        try:
            findings = [_finding(item) for item in values["findings"]]
            return cls(tuple(findings), tuple(values["passed"]), dict(values["data"]))
        except (KeyError, TypeError) as error:
            raise DataError(f"not an audit: {error}; run `chestnut audit DATA --out FOLDER` anew") from error


def _finding(values: Mapping[str, Any]) -> Finding:
    known = {one.name: values[one.name] for one in fields(Finding)}
    return Finding(**{**known, "severity": cast(Severity, known["severity"]), "files": tuple(known["files"])})


def number(count: int, one: str, several: str | None = None) -> str:
    """A count with its noun.

    >>> number(1, "image"), number(5216, "image"), number(2, "class", "classes")
    ('1 image', '5,216 images', '2 classes')
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def share(part: float, whole: float) -> str:
    """A share in per cent, with a decimal place where it is small.

    >>> share(1, 300), share(1, 3), share(0, 5)
    ('0.3 %', '33 %', '0 %')
    """
    percent = 100 * part / whole if whole else 0.0
    return f"{percent:.1f} %" if 0 < percent < 10 else f"{percent:.0f} %"
