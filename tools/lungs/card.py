"""Write the model card from the measured figures."""

from __future__ import annotations

import re
from typing import Any

from tools.lungs.files import CARD, PAGE

_TEXT = """\
# The network that finds lungs

Written by `python -m tools.lungs`; every figure is of that run and stands in `figures.json`.

## What it is for

It finds the lungs in a frontal chest image, so that chestnut can crop to them, measure them, and say that an image
shows none. It is no medical device, measures nothing for a diagnosis, and its outlines are coarse: the field has
48×48 pixels. The outlines follow the masks that it was trained on, which take in the lung behind the heart as far as
the spine, and end at the domes of the diaphragm.

A U-Net of {weights:,} weights. It sees the image stretched to 96×96 grey pixels, standardised by its own mean and
spread, and returns the probability of each lung in each pixel of the field, and of a frontal image with two lungs. The
file has {bytes:,} bytes; its SHA-256 is `{sha256}`.

## What it was trained on

- {children[images]:,} images of {children[patients]:,} patients of 1 to 5 years, with masks
  whose agreement with the rough network that linked them to their images is above 0.8.
- {phantoms[images]:,} synthetic radiographs of {phantoms[patients]:,} adults, drawn by chestnut, with their true lungs.
- Pictures without two lungs in a frontal view: spoilt chest images, two photographs that come with scikit-learn, and
  drawn noise, textures, pages of print, limbs, shapes and side views.

{steps:,} batches of {batch} images, seed {seed}. Images were mirrored, turned, bent, stretched, moved, put into wide or
narrow frames with borders, inverted, changed in exposure and contrast, blurred, covered with letters and cables, and
given white lungs.

## How good it is

Dice is twice the area that two outlines share, divided by the sum of their areas. The edges are the medians of the
distances between the true and the found box, in hundredths of the image's height or width.

{table}

Adults were never trained on. Some of their masks do not fit the images: they were drawn on a version with other
borders. "Masks that fit" leaves out those that agree better by 0.04 or more once they are enlarged or
shrunk by 7 % or more in both directions; see `tools/lungs/fit.py`.

Images of no chest that were refused, of 100 drawn of each kind with new seeds: {refused}.

Images in which no two plausible lungs were found: {flagged}.

{images_per_second:,} images a second on one core, of 224×224 pixels, in processor time.

## Limits

- The masks are of children; of adults it has seen only phantoms. It was not measured on images from the side, on
  newborns, or after the removal of a lung.
- Below a white lung, the lower edge is a guess. Gas in the stomach below the left lung can be taken for lung.
- In some adult images, an outline leaks into an arm or the abdomen, and the box becomes too large.

## Attribution

- Masks: V7 Labs, covid-19-xray-dataset, CC BY 4.0.
- Images: Kermany, Zhang and Goldbaum, Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for
  Classification, Mendeley Data, doi:10.17632/rscbjbr9sj, CC BY 4.0.
- Phantoms: chestnut, Apache 2.0. Photographs: the sample images of scikit-learn, CC BY 2.0.
"""


def write_card(figures: dict[str, Any]) -> None:
    """Write the model card, and the table of the user's guide."""
    CARD.write_text(card(figures), encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(
        re.sub("(?s)(<!-- lungs -->\n).*(<!-- /lungs -->)", rf"\1{table(figures)}\n\2", text), encoding="utf-8"
    )


def card(figures: dict[str, Any]) -> str:
    """Return the text of the model card."""
    training = figures["training"]
    return _TEXT.format(
        table=table(figures),
        refused=", ".join(f"{name.replace('_', ' ')} {row['refused']}" for name, row in figures["refused"].items()),
        flagged="; ".join(_tell_flagged(name, row) for name, row in figures["flagged"].items()),
        bytes=figures["bytes"],
        sha256=figures["sha256"],
        images_per_second=figures["images_per_second"],
        **{**training, "batch": sum(training["batch"].values())},
    )


def table(figures: dict[str, Any]) -> str:
    """Return the table of how well the lungs were found, in Markdown."""
    named = {name: figures[name] for name in ("held-out children", "adults", "adults, masks that fit", "phantoms")}
    named |= {f"held-out children, {name}": row for name, row in figures["changed"].items()}
    rows = ["| images | number | Dice, mean | median | worst | top, left, bottom, right | found |", "| --- " * 7 + "|"]
    for name, row in named.items():
        edges = ", ".join(f"{100 * edge:.1f}" for edge in row["box_edges"])
        figures_ = (f"{row[key]:.3f}" for key in ("dice", "median", "worst"))
        rows.append(f"| {name} | {row['images']} | {' | '.join(figures_)} | {edges} | {row['found']} |")
    return "\n".join(rows)


def _tell_flagged(name: str, row: dict[str, Any]) -> str:
    named = ", ".join(f"`{image}` ({reason})" for image, reason in list(row["flagged"].items())[:5])
    return f"{len(row['flagged'])} of {row['images']:,} of {name}" + (f", such as {named}" if named else "")
