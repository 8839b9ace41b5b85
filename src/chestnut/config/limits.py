"""The largest networks and trainings that are accepted: beyond them memory runs out or a number was mistyped."""

from __future__ import annotations

#: The parameters of a network: in float32, 4 GB of weights, and three to four times as much while it is trained.
MOST_PARAMETERS = 1_000_000_000

#: The values that one layer puts out for one image: in float32, 1 GB.
MOST_VALUES = 2**28
