"""`Estimate`: a figure with its interval, and how it is written."""

from __future__ import annotations

from dataclasses import asdict, dataclass

#: The coverage of an interval.
CONFIDENCE = 0.95

#: Fewer patients than this are few: "few" clusters are five to thirty (Cameron, Gelbach and Miller 2008, Review of
#: Economics and Statistics 90(3):414-427).
FEW_PATIENTS = 30

_INFINITE = "∞"


def format_figure(value: float, digits: int = 3) -> str:
    """Return a figure with so many decimals, a true minus sign, and no minus zero.

    >>> format_figure(-0.12345), format_figure(-0.0001)
    ('−0.123', '0.000')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def format_p(p: float) -> str:
    """Return a p value as it follows the letter.

    >>> format_p(0.0144), format_p(1e-5)
    ('= 0.014', '< 0.001')
    """
    return f"= {p:.3f}" if p >= 0.001 else "< 0.001"


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval.

    Attributes:
        value: The figure of the sample itself; None where it is undefined or infinite.
        low: The lower end of the interval; None where there is no interval.
        high: The upper end of the interval; None where there is no interval, or where it is infinite beside a lower
            end, as for a figure that is infinite itself.
        undefined: The number of resamples in which the figure was undefined; the interval is from the others.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    undefined: int = 0

    def __str__(self) -> str:
        """Return the figure and its interval to three decimals.

        >>> str(Estimate(0.9434, 0.921, 0.9618)), str(Estimate(0.5)), str(Estimate(None)), str(Estimate(None, 7.2))
        ('0.943 (0.921–0.962)', '0.500', 'undefined', '∞ (7.200–∞)')
        >>> str(Estimate(0.99971, 0.99962, 0.99978))
        '0.9997 (0.9996–0.9998)'
        """
        if self.low is None:
            return "undefined" if self.value is None else format_figure(self.value)
        between = " to " if self.low < 0 else "–"  # "to" keeps a negative end readable
        ends = self.value, self.low, self.high
        value, low, high = (_INFINITE if end is None else format_figure(end, self.digits) for end in ends)
        return f"{value} ({low}{between}{high})"

    @property
    def digits(self) -> int:
        """The decimals to write it with: three, and more where both ends would read the same and are not."""
        if self.low is None or self.high is None or self.low == self.high:
            return 3
        return next((n for n in range(3, 7) if format_figure(self.low, n) != format_figure(self.high, n)), 3)

    def to_dict(self) -> dict[str, float | int | None]:
        """Return `value`, `low`, `high` and `undefined` for JSON; None where there is no figure."""
        return asdict(self)
