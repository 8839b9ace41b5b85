"""What a guard needs of the images of a run."""

from __future__ import annotations

import pandas as pd

#: With fewer validation patients, a guard would flag more than one in twenty usual images; with fewer training images,
#: it would not know what is usual.
LEAST_PATIENTS, LEAST_TRAINED_ON = 19, 50


def find_obstacle(images: pd.DataFrame) -> str:
    """Say why the images of a run do not suffice for a guard; empty if they do.

    Args:
        images: A row for each image, with its `split` and `patient`.
    """
    patients = images.loc[images["split"] == "val", "patient"].nunique()
    trained_on = int((images["split"] == "train").sum())
    if patients < LEAST_PATIENTS:
        return (
            f"it needs {LEAST_PATIENTS} validation patients, and there are {patients}; with so few, no share of false "
            "alarms can be promised"
        )
    if trained_on < LEAST_TRAINED_ON:
        return f"it needs {LEAST_TRAINED_ON} training images, and there are {trained_on}"
    return ""
