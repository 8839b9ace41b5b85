"""`Advice`, what a rule says of a run's training; `Rule`, what it looks at; and `RULES`, all of them.

The rules stand in `advice_rate`, `advice_fit` and `advice_stop`, and enter themselves here; `diagnosis` applies them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from chestnut.diagnosis.case import Case

Severity = Literal["error", "warning", "info"]

#: Worst first: nothing was learnt, something was lost, only time was lost or there is something to know.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True)
class Advice:
    """What is wrong with a run's training, how that shows, and what to try.

    Attributes:
        name: The rule, one of `RULES`; filled in by it.
        severity: error, warning or info.
        title: The fault in one line.
        evidence: One to four sentences with figures.
        settings: `key=value` changes of the recipe to try together, as `--set` takes them; may be empty.
        figures: The numbers behind the evidence, JSON-ready.
    """

    severity: Severity
    title: str
    evidence: str
    settings: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Keys `name`, `severity`, `title`, `evidence`, `try` (a list) and `figures`."""
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
    """One way in which training goes wrong; call it with a case to have its advice.

    Attributes:
        name: What it is called.
        looks_at: What it reads.
        threshold: When it speaks, with its figures.
        source: Where the idea and its figures come from.
        holds: What is true where it finds nothing.
        needs: What it cannot do without; see `Case.lacks`.
        epochs: The fewest epochs it can judge.
        find: Gives advice, or None; called only where nothing is lacking.
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
        """Why it cannot judge a case; empty where it can."""
        if case.curves.epochs < self.epochs:
            return f"it takes {self.epochs} epochs or more"
        return next((lack for need in self.needs if (lack := case.lacks(need))), "")

    def __call__(self, case: Case) -> Advice | None:
        """Its advice; None where all is well or it cannot judge."""
        found = None if self.lacks(case) else self.find(case)
        return found and replace(found, name=self.name)


#: Every rule by its name, in the order they are listed.
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
    """Make a rule of a function and enter it into `RULES`; see `Rule` for the arguments.

    Raises:
        ValueError: The name is taken.
    """

    def enter(find: Callable[[Case], Advice | None]) -> Rule:
        if name in RULES:
            raise ValueError(f"two rules are called {name!r}")
        RULES[name] = Rule(name, looks_at, threshold, source, holds, needs, epochs, find)
        return RULES[name]

    return enter


def figure(value: float) -> str:
    """A loss or a metric as people read it.

    >>> figure(0.69315), figure(32240.4)
    ('0.693', '3.22e+04')
    """
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.3g}"


def percent(share: float) -> str:
    """A share in per cent.

    >>> percent(0.25), percent(0.004)
    ('25 %', '0.4 %')
    """
    return f"{100 * share:.1g} %" if 0 < abs(share) < 0.01 else f"{100 * share:.0f} %"
