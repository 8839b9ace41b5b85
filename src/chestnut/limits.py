"""Check numbers that a caller gave, before anything is read or written."""

from __future__ import annotations

from chestnut.errors import ChestnutError, DataError

#: The greatest seed: what every library takes.
MOST_SEED = 2**31 - 1
#: The greatest count of rounds, such as epochs, trials and repeats.
MOST_ROUNDS = 100_000


def require_between(
    least: float, most: float, hint: str = "", *, error: type[ChestnutError] = DataError, **numbers: float | None
) -> None:
    """Check that numbers are within a range; None passes, and NaN does not.

    Args:
        least: The smallest number that is allowed.
        most: The greatest number that is allowed.
        hint: What the number counts, or why it cannot be smaller: the end of the message.
        error: The kind of error to raise.
        **numbers: The numbers, by the names of their arguments.

    Raises:
        ChestnutError: A number is out of the range; the error is of the kind that was asked for.

    >>> require_between(1, 100, " runs of each variant", repeats=0)
    Traceback (most recent call last):
    chestnut.errors.DataError: repeats=0: give 1 or more runs of each variant
    >>> require_between(1, 100, threads=10**5000)
    Traceback (most recent call last):
    chestnut.errors.DataError: threads=1e5000: give 1 to 100
    """
    for name, number in numbers.items():
        if number is None or least <= number <= most:
            continue
        allowed = f"{least:,g} or more" if number < least else f"{_written(least)} to {_written(most)}"
        raise error(f"{name}={_written(number)}: give {allowed}{hint}")


def _written(number: float) -> str:
    """Return a number as a message can show it, however many digits it has."""
    if isinstance(number, int) and abs(number) >= 10**15:
        # Python writes no number of more than 4,300 digits
        return f"{'-' if number < 0 else ''}1e{round(abs(number).bit_length() * 0.30103)}"
    return f"{number}" if isinstance(number, int) else f"{number:g}"
