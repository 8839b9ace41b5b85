"""Check whether the maps of a run's network are worth anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Unpack

from chestnut.api.data import Data, read_data
from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.errors import ExplanationError, suggest
from chestnut.limits import MOST_SEED, require_between
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    from chestnut.explain.checks.map_check import MapCheck
    from chestnut.explain.checks.method_check import Depth
    from chestnut.explain.methods import Method
    from chestnut.inference.bundle import Bundle
    from chestnut.inference.engines.engine import Engine

#: The most images that maps are checked on.
_MOST_IMAGES = 10_000


class MapChecks:
    """What a run can do to tell whether its maps are worth anything.

    Attributes:
        folder: The files of the run.
    """

    folder: RunFolder

    def check_maps(
        self,
        data: Data | None = None,
        *,
        methods: Sequence[Method] = (),
        images: int = 60,
        other: str | Path | None = None,
        lesions: bool = False,
        retrain: bool = False,
        seed: int = 0,
        **options: Unpack[DisplayOptions],
    ) -> MapCheck:
        """Measure whether maps lie where they should and depend on the network, and write `explain/check/`.

        On images whose lesions are known, how often maps point at them; on all, how much lies inside the lungs, whether
        maps change when weights are redrawn, what their places do to the probability, and how far methods agree.

        Args:
            data: Another data set with the classes of the run; None for the run's validation images. Lesions are read
                from `_masks/NAME.png` in its folder, as `chestnut phantom` writes them.
            methods: The methods to check; none for all that the network allows.
            images: The most images, each of another patient, all classes alike, 2 to 10,000.
            other: The folder of a second run of the same recipe, trained with another seed: once all weights are
                redrawn, maps must be less like those before than the maps of the two runs are like each other.
            lesions: Whether to refuse images of which none has a mask of a lesion, instead of leaving that test out.
            retrain: Whether to train the recipe again on labels that are shuffled among the patients, which takes as
                long as the run did: maps must be others for that network.
            seed: The seed of the choice of images, of the redrawing, of the shuffling and of random orders.
            **options: `quiet` and `display`; see `DisplaySettings`.

        Raises:
            DataError: There are no images of the run's classes, some cannot be read or have changed, or no lesion is
                known and `lesions` is given.
            ExplanationError: A method is unknown, the network does not allow it, or the second run has another input.
            BundleError: A bundle is missing or was changed.
        """
        from chestnut.explain.methods import METHODS
        from chestnut.models.framework import load_framework

        how = read_options(DisplaySettings, options)
        require_between(2, _MOST_IMAGES, " images", images=images)
        require_between(0, MOST_SEED, seed=seed)
        for method in methods:
            if method not in METHODS:
                raise ExplanationError(f"methods={method!r}: there is none of that name; {suggest(method, METHODS)}")
        manifest = None if data is None else read_data(data)
        load_framework()
        from chestnut.explain.checks.run_check import SHARES, Openers, Plan, check_run_maps
        from chestnut.explain.checks.write_check import write_check
        from chestnut.inference.engines.redrawn_engine import open_redrawn
        from chestnut.inference.run_bundle import read_run_bundle

        bundle = read_run_bundle(self.folder)

        def redrawn(depth: Depth) -> Engine:
            return open_redrawn(bundle, SHARES[depth], seed)

        second = None if other is None else _opener(_matching_bundle(RunFolder.open(other), bundle))
        plan = Plan(tuple(methods), images, "" if other is None else RunFolder.open(other).name, lesions, seed)
        with TemporaryDirectory() as scratch:
            shuffled = _train_shuffled(self.folder, Path(scratch) / "shuffled", seed, how) if retrain else None
            openers = Openers(_opener(bundle), redrawn, second, shuffled)
            found = check_run_maps(self.folder, bundle, manifest, openers, plan, how.shown.bar)
        write_check(self.folder, found)
        return found


def _train_shuffled(run: RunFolder, folder: Path, seed: int, how: DisplaySettings) -> Callable[[Method], Engine]:
    """Train the recipe of a run on shuffled labels, and return what opens the network."""
    from chestnut.inference.run_bundle import read_run_bundle
    from chestnut.studies.shuffled_labels import train_on_shuffled_labels

    return _opener(read_run_bundle(train_on_shuffled_labels(run, folder, seed, how.shown.bar)))


def _opener(bundle: Bundle) -> Callable[[Method], Engine]:
    """Return what opens the network of a bundle for a method, each kind of engine once."""
    from chestnut.explain.methods import LAYER_METHODS, PIXEL_METHODS
    from chestnut.explain.opening import open_explainer

    @cache
    def open_for(method: Method) -> Engine:
        return open_explainer(bundle, method)

    # What has gradients for one method has them for all
    return lambda method: open_for("gradcam" if method in (*LAYER_METHODS, *PIXEL_METHODS) else method)


def _matching_bundle(run: RunFolder, bundle: Bundle) -> Bundle:
    """Return the bundle of a second run, if its network takes the same images.

    Raises:
        ExplanationError: It has other classes or another input, or is the same network.
    """
    from chestnut.inference.run_bundle import read_run_bundle

    other = read_run_bundle(run)
    if (other.classes, other.spec) != (bundle.classes, bundle.spec):
        raise ExplanationError(
            f"other={run.path}: it has other classes or another input than the run; give a run of the same recipe and "
            "data, trained with another seed"
        )
    if other.weights == bundle.weights:
        raise ExplanationError(f"other={run.path}: it has the same network; give a run trained with another seed")
    return other
