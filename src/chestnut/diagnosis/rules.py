"""`Rule`, one way in which training goes wrong; `Advice`, what a rule says; and `RULES`, the registry of all rules.

The modules `learning_rate_rules`, `fit_rules` and `stopping_rules` define the rules, in this order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from chestnut.diagnosis.case import Case

Severity = Literal["error", "warning", "info"]

#: The worst first: the network learnt nothing; something was lost; only time was lost, or there is something to know.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True)
class Advice:
    """What is wrong with a training, how that shows, and what to try.

    Attributes:
        severity: error, warning or info.
        title: The fault in one line.
        evidence: One to four sentences with figures.
        settings: `key=value` changes of the recipe to try together; may be empty.
        figures: The numbers behind the evidence, ready for JSON.
        name: The rule, one of `RULES`, which sets it.
    """

    severity: Severity
    title: str
    evidence: str
    settings: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the advice for JSON: `name`, `severity`, `title`, `evidence`, `try` (the settings) and `figures`."""
        return {
            "name": self.name,
            "severity": self.severity,
            "title": self.title,
            "evidence": self.evidence,
            "try": list(self.settings),
            "figures": dict(self.figures),
        }


@dataclass(frozen=True)
class Rule:
    """One way in which training goes wrong. Calling it with a case returns its advice.

    Attributes:
        name: The name of the rule.
        looks_at: What the rule reads.
        threshold: When it gives advice, with its figures.
        source: The source of the idea and of its figures.
        holds: What is true where it finds nothing.
        needs: What it requires; see `Case.lacks`.
        epochs: The fewest epochs that it can judge.
        find: Returns advice or None; called only where nothing is missing.
    """

    name: str
    looks_at: str
    threshold: str
    source: str
    holds: str
    needs: tuple[str, ...]
    epochs: int
    find: Callable[[Case], Advice | None]

    def lacks(self, case: Case) -> str:
        """Return why the rule cannot judge a case; empty where it can."""
        if case.curves.epochs < self.epochs:
            return f"it needs {self.epochs} epochs or more"
        return next((lack for need in self.needs if (lack := case.lacks(need))), "")

    def __call__(self, case: Case) -> Advice | None:
        """Return the advice; None where nothing is wrong or the rule cannot judge."""
        found = None if self.lacks(case) else self.find(case)
        return found and replace(found, name=self.name)


#: Every rule by its name, in the order of tables.
RULES: dict[str, Rule] = {}


def rule(
    name: str,
    *,
    looks_at: str,
    threshold: str,
    source: str,
    holds: str,
    needs: tuple[str, ...] = (),
    epochs: int = 1,
) -> Callable[[Callable[[Case], Advice | None]], Rule]:
    """Register a function as a rule in `RULES`; `Rule` describes the arguments.

    Raises:
        ValueError: The name is taken.
    """

    def register(find: Callable[[Case], Advice | None]) -> Rule:
        if name in RULES:
            raise ValueError(f"two rules are called {name!r}")
        RULES[name] = Rule(name, looks_at, threshold, source, holds, needs, epochs, find)
        return RULES[name]

    return register


def figure(value: float) -> str:
    """Return a loss or a metric as text.

    >>> figure(0.69315), figure(32240.4)
    ('0.693', '3.22e+04')
    """
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.3g}"
