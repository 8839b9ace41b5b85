"""The result of an audit: a `Finding` for each fault, an `Audit` for all of them, and the names of the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, cast

from chestnut.errors import DataError
from chestnut.evaluation.html_table import html_table

Severity = Literal["error", "warning", "info"]

#: The worst first. An error makes the figures of a model trained on the data untrue, a warning may do so, and an info
#: is good to know.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

#: Every check by the name of its finding, in the order of tables. The text says what is true where there is no finding;
#: it is empty for checks that always make one.
CHECKS: dict[str, str] = {
    "unreadable-files": "every file can be read",
    "conflicting-duplicates": "no image has two labels",
    "duplicates-across-splits": "no image is in two splits",
    "patients-across-splits": "no patient is in two splits",
    "without-lungs": "",
    "probe-statistics": "",
    "probe-outside": "",
    "probe-geometry": "",
    "probe-border": "",
    "probe-dimensions": "",
    "probe-facts": "",
    "probes-skipped": "",
    "files-follow-class": "no file format, mode, size or bit depth goes with a class",
    "duplicates-across-patients": "no image belongs to two patients",
    "small-validation-split": "the validation split is large enough to guide training",
    "small-test-split": "the test split is large enough for a judgement",
    "patients-with-several-labels": "no patient has images of two classes",
    "class-imbalance": "the classes are of similar size",
    "lungs-follow-class": "lungs are found as often in one class as in another",
    "lungs-not-found": "every image shows two lungs",
    "inverted-images": "no image looks inverted",
    "rotated-images": "no image looks rotated",
    "blank-images": "no image is blank",
    "unusual-images": "no image looks unlike the others",
    "outliers-skipped": "",
    "duplicates-within-patient": "no patient has the same image twice",
}

#: The side in pixels at which images are audited, whatever the input of a network: one data set has one audit.
AUDIT_SIZE = 224

#: A finding lists at most this many files; its figures give the full number.
MOST_FILES = 200

#: The version of the keys of `Audit.to_dict`; it rises when one of them changes its meaning.
VERSION = 1


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with the data, or worth knowing.

    Attributes:
        name: The check that made it, one of `CHECKS`.
        severity: error, warning or info.
        title: The fault in one line.
        evidence: One to three sentences with figures.
        files: The paths of the images as in the manifest, the worst first, at most `MOST_FILES`.
        figures: The numbers behind the evidence, ready for JSON.
        remedy: What to do about it; empty where nothing needs to be done.
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
    """Everything that is wrong with a data set.

    Attributes:
        findings: The worst first.
        passed: The names of the checks that ran and found nothing, as in `CHECKS`.
        data: What was audited, ready for JSON: `root`, `images`, `patients`, `unreadable` (a count), `size` (height and
            width of the decoded images), `classes` and `splits` (`images` and `patients` of each), `lungs` (the number
            of images in which they were found), `synthetic`, `notes` (what was decided while reading), `seed`,
            `table_one` (what `TableOne.from_dict` reads).
    """

    findings: tuple[Finding, ...]
    passed: tuple[str, ...]
    data: dict[str, Any]

    @classmethod
    def build(cls, findings: Sequence[Finding], passed: Sequence[str], data: Mapping[str, Any]) -> Audit:
        """Make an audit of findings, ordered by severity and then as `CHECKS` lists them."""
        place = {name: number for number, name in enumerate(CHECKS)}
        ordered = sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), place[finding.name]))
        return cls(tuple(ordered), tuple(passed), dict(data))

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst finding; None where there is none."""
        return self.findings[0].severity if self.findings else None

    def counts(self) -> dict[Severity, int]:
        """Return the number of findings of each severity."""
        return {severity: sum(one.severity == severity for one in self.findings) for severity in SEVERITIES}

    def _repr_html_(self) -> str:
        data = self.data
        title = f"{data['root']}: {number(data['images'], 'image')} of {number(data['patients'], 'patient')}"
        rows = [(one.severity, one.title, one.evidence, one.remedy) for one in self.findings]
        passed = "; ".join(CHECKS[name] for name in self.passed)
        notes = [f"In order: {passed}."] if passed else []
        return html_table(rows, ("severity", "finding", "evidence", "what to do") if rows else (), title, notes)

    def to_dict(self) -> dict[str, Any]:
        """Return the audit for JSON.

        The keys are `version`, `worst` (error, warning, info or null), `counts` (the number of findings by severity),
        `data`, `passed`, and `findings`, each with `name`, `severity`, `title`, `evidence`, `files`, `figures` and
        `remedy`.
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
        """Read what `to_dict` returned, also after a trip through JSON.

        Raises:
            DataError: The values were written by a newer version, or do not describe an audit.
        """
        if values.get("version") != VERSION:
            raise DataError(
                f"an audit of version {values.get('version')!r}; this chestnut reads {VERSION}; audit the data again"
            )
        try:
            findings = [_finding(item) for item in values["findings"]]
            return cls(tuple(findings), tuple(values["passed"]), dict(values["data"]))
        except (KeyError, TypeError) as error:
            raise DataError(f"not an audit ({error!r}); audit the data again") from error


def _finding(values: Mapping[str, Any]) -> Finding:
    known = {one.name: values[one.name] for one in fields(Finding)}
    return Finding(**{**known, "severity": cast(Severity, known["severity"]), "files": tuple(known["files"])})


def number(count: int, one: str, several: str | None = None) -> str:
    """Return a count with its noun.

    >>> number(1, "image"), number(5216, "image"), number(2, "class", "classes")
    ('1 image', '5,216 images', '2 classes')
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def share(part: float, whole: float = 1) -> str:
    """Return a share in per cent, with a decimal place where it is small.

    >>> share(1, 300), share(1, 3), share(0.05), share(0, 5)
    ('0.3 %', '33 %', '5 %', '0 %')
    """
    percent = 100 * part / whole if whole else 0.0
    text = f"{percent:.1f}".removesuffix(".0") if percent < 10 else f"{percent:.0f}"
    return f"{text} %"
