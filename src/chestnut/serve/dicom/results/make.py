"""Make both results of an image as the bytes of DICOM files."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.raw import Raw
from chestnut.explain.explain import explain
from chestnut.explain.overlay import blend
from chestnut.explain.picture import view_picture
from chestnut.serve.dicom.offers import FOR_PROCESSING
from chestnut.serve.dicom.results.capture import make_capture
from chestnut.serve.dicom.results.drawing import draw_result
from chestnut.serve.dicom.results.identity import Identity
from chestnut.serve.dicom.results.outcome import Outcome
from chestnut.serve.dicom.results.report import make_report
from chestnut.serve.dicom.results.source import read_source
from chestnut.serve.scoring.score import Score
from chestnut.serve.scoring.scorer import Scorer

if TYPE_CHECKING:
    from pydicom import Dataset


class Results(NamedTuple):
    """The two results of an image, as files.

    Attributes:
        report: The structured report.
        picture: The secondary capture; viewers that show no reports show it.
    """

    report: bytes
    picture: bytes


def make_results(content: bytes, scorer: Scorer, score: Score, digest: str = "") -> Results:
    """Make the results of an image; the same image and bundle give the same bytes.

    Args:
        content: The DICOM file.
        scorer: The bundle.
        score: Its score of the image.
        digest: The SHA-256 of the image as it was received; empty for that of the file.

    Raises:
        ImageError: The image cannot be decoded, or its header is too large. A damaged header raises pydicom's errors.
    """
    with quiet():
        source = read_source(content)
        identity = Identity(
            study=str(source.StudyInstanceUID),
            series=str(source.SeriesInstanceUID),
            instance=str(source.SOPInstanceUID),
            digest=digest or hashlib.sha256(content).hexdigest(),
            bundle=score.bundle,
        )
        outcome = Outcome(scorer.name, scorer.bundle, score, source.SOPClassUID == FOR_PROCESSING)
        report = make_report(source, identity, outcome)
        picture = make_capture(source, identity, outcome, _draw(content, scorer, outcome))
        return Results(_encode(report), _encode(picture))


def _draw(content: bytes, scorer: Scorer, outcome: Outcome) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Draw the image with its heat map and the result in words."""
    framed, picture = view_picture(Raw("the object", content), scorer.bundle.spec)
    heat = explain(scorer.engine, scorer.bundle.classes, framed.image, of=outcome.explained)
    colours = blend(picture.grey, picture.laid(heat.values))
    return draw_result(colours, outcome, heat.has_evidence)


def _encode(made: Dataset) -> bytes:
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()
