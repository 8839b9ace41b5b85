"""`AuditFile`: what the audit.json of a run must contain."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

_TYPED = ConfigDict(strict=True)


class FindingRow(BaseModel):
    """One finding of an audit; see `chestnut.auditing.findings.Finding` for the attributes."""

    model_config = _TYPED

    name: str
    severity: Literal["error", "warning", "info"]
    title: str
    evidence: str
    remedy: str
    files: list[str]
    figures: dict[str, Any]

    @model_validator(mode="after")
    def _check_probe(self) -> Self:
        if self.name.startswith("probe-"):
            for key in ("auroc", "low", "high"):
                if not isinstance(self.figures.get(key, 0.0), int | float):
                    raise ValueError(f"figures.{key} should be a number")
        return self


class AuditFile(BaseModel):
    """The content of an audit.json.

    Attributes:
        findings: The findings, the worst first.
        passed: The names of the checks that found nothing.
        data: What was audited.
    """

    model_config = _TYPED

    findings: list[FindingRow]
    passed: list[str] = []
    data: dict[str, Any] = {}
