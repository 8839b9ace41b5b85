"""How many images a guard may flag, and what to do about them."""

from __future__ import annotations

from typing import Literal, get_args

#: `warn` says so of each image, `refuse` raises an error that names them, and `ignore` does not look.
OnOutlier = Literal["warn", "refuse", "ignore"]
POLICIES: tuple[OnOutlier, ...] = get_args(OnOutlier)

#: The share of usual images that is flagged unless another is asked for, and the range of shares.
FALSE_ALARMS, LEAST_RATE, MOST_RATE = 0.02, 0.001, 0.2
