"""`Verdict`: what a reviewer says of a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from chestnut.errors import VerdictError

#: What a reviewer can say.
Opinion = Literal["agree", "disagree", "unsure"]
OPINIONS: tuple[Opinion, ...] = get_args(Opinion)

#: The most letters of a note, and of a reviewer's name.
MOST_NOTE, MOST_REVIEWER = 2000, 100


@dataclass(frozen=True)
class Verdict:
    """What a reviewer says of a prediction.

    Attributes:
        verdict: Whether the reviewer agrees with the decision.
        label: The right class; None if the reviewer names none.
        note: Free text of up to 2,000 letters.
        reviewer: Who it is, in up to 100 letters; empty if unknown.

    Raises:
        VerdictError: It is none of the three, or a text is too long.
    """

    verdict: Opinion
    label: str | None = None
    note: str = ""
    reviewer: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in OPINIONS:
            raise VerdictError(f"verdict={self.verdict!r}: give one of {', '.join(OPINIONS)}")
        for field, most in (("note", MOST_NOTE), ("reviewer", MOST_REVIEWER)):
            if (letters := len(getattr(self, field))) > most:
                raise VerdictError(f"{field} has {letters:,} letters: give {most:,} at most")
