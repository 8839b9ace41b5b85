"""`Scorer`: a bundle that is ready to score decoded images with ONNX Runtime."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from chestnut.evaluation.metrics import decide
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.bundle import Bundle
from chestnut.inference.bundle_guard import Guard
from chestnut.inference.engines.onnx_engine import OnnxEngine
from chestnut.serve.scoring.score import Judgement, Score
from chestnut.serve.scoring.upload import Decoded, Upload, decode_upload

#: The numbers of images that are computed together when a service starts: ONNX Runtime prepares memory for each.
_WARM = (1, 4, 8)


@dataclass(frozen=True)
class Scorer:
    """A bundle with its network and its guard in memory.

    Attributes:
        name: What clients call it.
        bundle: The bundle.
        engine: Its network.
        guard: What tells images that are unlike the training images; None without one.
    """

    name: str
    bundle: Bundle
    engine: OnnxEngine
    guard: Guard | None

    @classmethod
    def open(cls, folder: Path, *, name: str | None = None, threads: int | None = None) -> Scorer:
        """Load a bundle.

        Args:
            folder: A run or its bundle.
            name: What clients call it; None for the name of the run.
            threads: The number of threads of one operation; None for one per core.

        Raises:
            BundleError: There is no bundle, or it was changed, or it has no network for ONNX Runtime.
        """
        place = folder if (folder / "bundle.json").is_file() else folder / "bundle"
        bundle = Bundle.read(place)
        engine = OnnxEngine.open(bundle, threads=threads)
        return cls(name or place.resolve().parent.name, bundle, engine, Guard.open(bundle))

    def warm(self) -> None:
        """Score images without content, so that the first client does not wait for what is loaded when it is needed.

        That is memory for each number of images, the network that finds lungs, and the readers of pictures.
        """
        spec, file = self.bundle.spec, io.BytesIO()
        for count in _WARM:
            self.engine.features(np.zeros((count, spec.height, spec.width), np.uint8), [""] * count)
        Image.new("L", (64, 64)).save(file, "PNG")
        self.score([decode_upload(Upload("an image without content", file.getvalue()), spec)])

    def score(self, images: Sequence[Decoded]) -> list[Score]:
        """Score decoded images, one or more.

        Raises:
            BundleError: The network's output for an image is NaN or infinite.
        """
        bundle, names = self.bundle, [image.name for image in images]
        outputs = self.engine.features(np.stack([image.seen.image for image in images]), names)
        values = probabilities(outputs.logits, bundle.temperature)
        judgements: list[Judgement | None] = [None] * len(images)
        if self.guard is not None:
            verdicts = self.guard.judge([image.seen for image in images], outputs.features, threads=1)
            judgements = [Judgement(**row) for row in verdicts.to_rows()]
        decisions = [bundle.classes[index] for index in decide(values, bundle.threshold)]
        rows = zip(images, values.tolist(), decisions, judgements, strict=True)
        return [
            Score(
                name=image.name,
                digest=image.digest,
                bundle=bundle.identity,
                probabilities=dict(zip(bundle.classes, row, strict=True)),
                decision=decision,
                threshold=None if bundle.positive is None else bundle.threshold,
                guard=judgement,
                lungs_found=image.lungs_found,
            )
            for image, row, decision, judgement in rows
        ]
