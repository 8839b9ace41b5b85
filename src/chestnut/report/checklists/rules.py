"""The rules by which both checklists find their answers."""

from __future__ import annotations

from chestnut.config import ClassicalConfig
from chestnut.report.checklists.checklist import Answer, Rule
from chestnut.report.checklists.evidence import CHECK, Evidence

_TRAINED_ELSEWHERE = "the network was trained elsewhere: its author must say it"


def written(*names: str, place: str = "") -> Rule:
    """Return a rule for what only the author can say: fields of study.toml.

    Args:
        names: The fields, all of which are needed.
        place: What the run itself has on the matter.
    """

    def rule(found: Evidence) -> Answer:
        missing = [name for name in names if not found.study.answers(name)]
        if missing:
            return Answer("to be written", f"study.toml: {', '.join(missing)}")
        if all(found.study.excludes(name) for name in names):
            return Answer("not applicable", f"study.toml: {', '.join(names)}")
        return Answer("answered", "; ".join(filter(None, [f"study.toml: {', '.join(names)}", place])))

    return rule


def in_paper(what: str) -> Rule:
    """Return a rule for what no file can have, and only the paper."""
    return lambda found: Answer("to be written", "the paper", what)


def never(reason: str) -> Rule:
    """Return a rule for what does not apply to any run."""
    return lambda found: Answer("not applicable", "", reason)


def preprocessing(found: Evidence) -> Answer:
    """Say how pixels were prepared; what was done before is for the author to say."""
    own = "recipe.toml: input; report, Recipe"
    if found.study.answers("preparation"):
        return Answer("answered", f"{own}; study.toml: preparation")
    return Answer("to be written", "study.toml: preparation", f"What chestnut does to the pixels is there ({own}).")


def partitions(found: Evidence) -> Answer:
    """Say how images came into the splits."""
    if found.rows is None or len(found.splits) < 2:
        return Answer("to be written", "the paper", "The run has fewer than two splits.")
    made = next((note for note in found.facts.get("notes", ()) if note.startswith("split by ")), "")
    if made:
        return Answer("answered", "report, Data; manifest.csv: split", f"{made[0].upper()}{made[1:]}.")
    if found.study.answers("sampling"):
        return Answer("answered", "study.toml: sampling; manifest.csv: split")
    return Answer(
        "to be written", "study.toml: sampling", "The data came with their splits; how they were made is not known."
    )


def disjointness(found: Evidence) -> Answer:
    """Say at which level the splits are apart, as counted in the manifest."""
    if found.rows is None or len(found.splits) < 2:
        return Answer("to be written", "the paper", "The run has fewer than two splits.")
    if number := found.shared_patients:
        told = "1 patient has" if number == 1 else f"{number:,} patients have"
        return Answer("answered", "manifest.csv: patient, split", f"Not apart: {told} images in several splits.")
    known = int(found.rows["patient"].nunique()) < len(found.rows)
    remark = "No patient is in two splits." if known else "Every image counts as a patient of its own."
    return Answer("answered", "manifest.csv: patient, split", remark)


def architecture(found: Evidence) -> Answer:
    """Say what the network is."""
    if found.bundle is None:
        return Answer("to be written", "the paper", "The run has no network yet.")
    number = f"{found.record.parameters:,} parameters. " if found.record.parameters else ""
    return Answer("answered", "recipe.toml: model; report, Recipe; bundle/model.keras", number.strip())


def software(found: Evidence) -> Answer:
    """Say with which libraries it was made."""
    if not found.record.versions:
        return Answer("to be written", "the paper", "The run does not record its versions.")
    return Answer("answered", "environment.json; report, Environment")


def initialisation(found: Evidence) -> Answer:
    """Say what the weights were before training."""
    if found.imported:
        return Answer("to be written", "the paper", f"{_TRAINED_ELSEWHERE}.".capitalize())
    if found.record.members:
        return Answer("answered", "environment.json: members", "An ensemble; nothing was trained.")
    start = "weights of another run" if found.record.from_run else "see weights and seed in the recipe"
    return Answer("answered", "recipe.toml: model, seed", f"{start[0].upper()}{start[1:]}.")


def training(found: Evidence) -> Answer:
    """Say how it was trained."""
    if found.imported:
        return Answer("to be written", "the paper", f"{_TRAINED_ELSEWHERE}.".capitalize())
    if found.record.members:
        return Answer("answered", "report, Training; the recipes of the members")
    if found.epochs or isinstance(found.recipe.model, ClassicalConfig):
        return Answer("answered", "recipe.toml: loss, optim, augment, train; history.csv; report, Training")
    return Answer("to be written", "the paper", "No epoch has ended.")


def selection(found: Evidence) -> Answer:
    """Say which network was kept of those that training went through."""
    if found.imported:
        return Answer("to be written", "the paper", f"{_TRAINED_ELSEWHERE}.".capitalize())
    if found.record.best_epoch is None and not found.record.members and not found.record.fitted:
        return Answer("to be written", "the paper", "No network has been kept yet.")
    return Answer("answered", "recipe.toml: train.stop; report, Training")


def ensembling(found: Evidence) -> Answer:
    """Say of which networks an ensemble consists."""
    if not found.record.members:
        return Answer("not applicable", "", "The model is a single network.")
    return Answer("answered", "environment.json: members; report, Training", f"{len(found.record.members)} members.")


def measures(found: Evidence) -> Answer:
    """Say by which figures it was judged."""
    if not found.evaluations and not found.external:
        return Answer("to be written", "report, Results", "Not measured yet: chestnut evaluate RUN --split test.")
    return Answer("answered", "report, Results: each metric with its meaning")


def uncertainty(found: Evidence) -> Answer:
    """Say how uncertain the figures are."""
    every = [*found.evaluations.values(), *found.external.values()]
    if not any(one.metrics["auroc"].low is not None or one.metrics["accuracy"].low is not None for one in every):
        return Answer("to be written", "report, Results", "No figure has an interval yet: chestnut evaluate RUN.")
    return Answer("answered", "report, Results: 95 % intervals that count patients")


def robustness(found: Evidence) -> Answer:
    """Say under which changes of the images it was tested."""
    if not found.robustness:
        return Answer("to be written", "report, Under shifts", "Not measured yet: chestnut stress RUN.")
    told = ", ".join(found.robustness)
    return Answer("answered", "report, Under shifts", f"{told[0].upper()}{told[1:]}.")


def explanations(found: Evidence) -> Answer:
    """Say how decisions were explained, if they were."""
    if not found.explained:
        return Answer("not applicable", "", "No heat map was made of this run: chestnut explain RUN.")
    if CHECK not in found.explained:
        return Answer("to be written", "explain", "Maps were made, but not checked: chestnut explain RUN --check.")
    return Answer("answered", ", ".join(found.explained))


def internal_test(found: Evidence) -> Answer:
    """Say how it does on images of the same data set that had no part in training."""
    if "test" in found.final:
        return Answer("answered", "report, Results: test split; evaluation/test")
    remark = "No test split was judged yet: chestnut evaluate RUN --split test."
    return Answer("to be written", "report, Results", remark)


def external_test(found: Evidence) -> Answer:
    """Say how it does on images of another place."""
    if found.external:
        return Answer("answered", f"report, Results: {', '.join(found.external)}")
    return Answer(
        "to be written", "the paper", "No external data were judged: chestnut evaluate RUN DATA, or say why not."
    )


def flow(found: Evidence) -> Answer:
    """Say how many images and patients were included and excluded."""
    if found.rows is None:
        return Answer("to be written", "the paper", "The run knows no images.")
    if not found.flow.complete:
        return Answer("to be written", "report, Data: the flow", "An earlier version did not record every exclusion.")
    return Answer("answered", "report, Data: the flow of images and patients")


def characteristics(found: Evidence) -> Answer:
    """Say who the patients are."""
    if found.rows is None:
        return Answer("to be written", "the paper", "The run knows no images.")
    if not found.attributes:
        return Answer(
            "to be written",
            "report, Data: Table 1",
            "The data tell neither age nor sex; give them as columns of a table.",
        )
    return Answer("answered", "report, Data: Table 1", f"It has {', '.join(found.attributes)}.")


def final_figures(found: Evidence) -> Answer:
    """Give the figures that count, with intervals."""
    known = [name for name, one in found.final.items() if one.metrics["auroc"].low is not None]
    if not known:
        return Answer("to be written", "report, Results", "Not measured yet on images that had no part in training.")
    return Answer("answered", f"report, Results: {', '.join(known)}")


def failures(found: Evidence) -> Answer:
    """Say which images are decided wrongly."""
    if not found.failures:
        return Answer(
            "to be written", "report, Results", "Not measured yet: chestnut evaluate RUN, then chestnut errors RUN."
        )
    return Answer("answered", found.failures, "What they have in common is for the author to say.")
