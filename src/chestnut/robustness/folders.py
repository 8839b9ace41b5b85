"""Name the folders of a run that stress validations are in; loads no framework."""

from __future__ import annotations

#: The folder below `evaluation/` of a validation under all shifts.
STRESS = "stress"

#: The folder below `evaluation/` of a validation under some of the shifts.
PARTIAL = "stress-partial"
