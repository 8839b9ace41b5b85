"""`Rule`: what a threshold is chosen for, as users write it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from chestnut.errors import DataError, suggest

Name = Literal["youden", "balanced", "f1", "sensitivity", "specificity", "cost", "prevalence", "fixed"]

#: The values that a rule of each name takes, as users write them.
_VALUES: dict[Name, str] = {
    "youden": "",
    "balanced": "",
    "f1": "",
    "sensitivity": "SHARE",
    "specificity": "SHARE",
    "cost": "FN:FP",
    "prevalence": "SHARE",
    "fixed": "PROBABILITY",
}
_EXAMPLES: dict[Name, str] = {
    **{"sensitivity": "sensitivity=0.95", "specificity": "specificity=0.9", "cost": "cost=10:1"},
    **{"prevalence": "prevalence=0.1", "fixed": "fixed=0.5"},
}
# Quoted, so that the command line does not take the name of a rule for one of its options
_KNOWN = ", ".join(f"'{name}={value}'" if value else name for name, value in _VALUES.items())


@dataclass(frozen=True)
class Rule:
    """What a threshold is chosen for.

    Attributes:
        name: `youden` and `balanced`, which are the same, for the highest mean of sensitivity and specificity; `f1`;
            `sensitivity` or `specificity` for a least value of it, and as much as possible of the other; `cost` for the
            least cost of wrong decisions; `prevalence` for the most correct decisions where so many patients have the
            disease; `fixed` for a threshold that is given.
        values: The least value, the costs of a missed positive and of a false alarm, the prevalence or the threshold.
    """

    name: Name
    values: tuple[float, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Read a rule from text.

        >>> Rule.parse("sensitivity=0.95"), Rule.parse("cost=10:1")
        (Rule(name='sensitivity', values=(0.95,)), Rule(name='cost', values=(10.0, 1.0)))

        Raises:
            DataError: There is no such rule, or its value is not possible.
        """
        given, equals, value = text.partition("=")
        name = next((one for one in _VALUES if one == given), None)
        if name is None:
            hint = suggest(given, _VALUES)
            raise DataError(f"no rule {text!r}; {f'{hint} ' if '?' in hint else ''}allowed are {_KNOWN}")
        if not _VALUES[name]:
            if equals:
                raise DataError(f"rule {text!r}: {name} takes no value; write {name}")
            return cls(name)
        try:
            values = tuple(float(part) for part in value.split(":"))
        except ValueError:
            values = ()
        return cls(name, values)

    def __post_init__(self) -> None:
        """Check the values; raises the errors of `parse`."""
        values, finite = self.values, all(map(math.isfinite, self.values))
        if not _VALUES[self.name]:
            possible, wanted = not values, "no value"
        elif self.name == "cost":
            possible, wanted = len(values) == 2 and finite and min(values) > 0, "two numbers above 0"
        elif self.name == "fixed":
            possible, wanted = len(values) == 1 and 0 <= values[0] <= 1, "a probability from 0 to 1"
        elif self.name == "prevalence":
            possible, wanted = len(values) == 1 and 0 < values[0] < 1, "a share above 0 and below 1"
        else:
            possible, wanted = len(values) == 1 and 0 < values[0] <= 1, "a share above 0 and up to 1"
        if not possible:
            example = _EXAMPLES.get(self.name, self.name)
            raise DataError(f"rule '{self}': give {wanted}, as in '{example}'")

    def __str__(self) -> str:
        """Return the text that `parse` reads.

        >>> str(Rule("cost", (10, 1)))
        'cost=10:1'
        """
        return f"{self.name}={':'.join(f'{value:.15g}' for value in self.values)}" if _VALUES[self.name] else self.name

    @property
    def least(self) -> float | None:
        """The least value of `sensitivity` or `specificity`; None for other rules."""
        return self.values[0] if self.name in ("sensitivity", "specificity") else None
