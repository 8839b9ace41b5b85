"""Find where a property of numbers ends, by halving."""

from __future__ import annotations

from collections.abc import Callable


def find_edge(
    holds: Callable[[float], bool], inside: float, outside: float, precision: float = 1e-15
) -> tuple[float, float]:
    """Return two numbers next to each other between which a property ends.

    Args:
        holds: Tells whether a number has the property.
        inside: A number that has it.
        outside: A number that does not, greater or smaller.
        precision: How near to each other the two are to be, as a share of one more than their size.

    Returns:
        The one that has the property, and the one that does not.

    >>> low, high = find_edge(lambda number: number**2 <= 2, 0, 2)
    >>> round(low, 6), round(high, 6)
    (1.414214, 1.414214)
    """
    while abs(outside - inside) > precision * (1 + abs(outside)):
        middle = (inside + outside) / 2
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside, outside
