"""The rules that only TRIPOD+AI needs, about predictors, clusters, updates and the use of a model."""

from __future__ import annotations

from chestnut.report.checklists.checklist import Answer
from chestnut.report.checklists.evidence import Evidence


def choice_of_predictors(found: Evidence) -> Answer:
    """Say which predictors there are: pixels alone."""
    spec = found.recipe.input
    return Answer(
        "answered", "recipe.toml: input", f"Pixels alone, {spec.height}×{spec.width}; nothing else is known to it."
    )


def measured_predictors(found: Evidence) -> Answer:
    """Say how and when the predictors, the images, were taken."""
    if found.study.answers("acquisition"):
        return Answer("answered", "study.toml: acquisition; recipe.toml: input")
    return Answer("to be written", "study.toml: acquisition", "The predictors are the pixels of the images.")


def handled_predictors(found: Evidence) -> Answer:
    """Say how pixels go into the model."""
    return Answer("answered", "recipe.toml: input; report, Recipe")


def heterogeneity(found: Evidence) -> Answer:
    """Say how much figures differ between hospitals or scanners."""
    by_source = [
        name for name, one in (*found.evaluations.items(), *found.external.items())
        if any(groups.column == "source" and groups.divided for groups in one.subgroups)
    ]  # fmt: skip
    if found.sources:
        return Answer("answered", "report, Under shifts: each source left out")
    if by_source:
        return Answer("answered", f"report, Results: subgroups by source, {', '.join(by_source)}")
    if found.named_sources < 2:
        return Answer("not applicable", "", "The images name fewer than two hospitals or scanners.")
    return Answer("to be written", "report", "Not measured yet: chestnut evaluate RUN --by source.")


def updates(found: Evidence) -> Answer:
    """Say how the model was updated after it was judged."""
    bundle = found.bundle
    if bundle is None:
        return Answer("to be written", "the paper", "The run has no network yet.")
    fitted = bundle.calibration is not None and not bundle.calibration.reason
    made = ["a temperature was fitted"] * fitted + ["the threshold was chosen"] * (bundle.operating_point is not None)
    if not made:
        return Answer("not applicable", "", "Neither temperature nor threshold was fitted.")
    told = " and ".join(made)
    return Answer("answered", "report, Calibration and threshold", f"{told[0].upper()}{told[1:]} on validation images.")


def updated_figures(found: Evidence) -> Answer:
    """Give the figures after an update."""
    if (before := updates(found)).status != "answered":
        return before
    if not found.final:
        return Answer("to be written", "report, Results", "Not measured yet: chestnut evaluate RUN --split test.")
    return Answer("answered", f"report, Results: {', '.join(found.final)}")


def calculation(found: Evidence) -> Answer:
    """Say how predictions are computed."""
    if found.bundle is None:
        return Answer("to be written", "the paper", "The run has no network yet.")
    return Answer("answered", "bundle/; chestnut predict RUN FILES")


def balance(found: Evidence) -> Answer:
    """Say what was done about classes of different size."""
    if found.imported:
        return Answer("to be written", "the paper", "The network was trained elsewhere: its author must say it.")
    if found.recipe.data.balance == "none":
        return Answer("not applicable", "", "Classes were not balanced: data.balance is none.")
    return Answer("answered", "recipe.toml: data.balance; report, Recipe and Calibration")


def output(found: Evidence) -> Answer:
    """Say what the model gives, and how its threshold was found."""
    bundle = found.bundle
    if bundle is None:
        return Answer("to be written", "the paper", "The run has no network yet.")
    if bundle.positive is None:
        return Answer("answered", "bundle/bundle.json", "Probabilities; the likeliest class is decided.")
    if (point := bundle.operating_point) is None:
        remark = f"Probabilities; decided from {bundle.threshold:.4g}, which nobody chose: chestnut threshold RUN."
        return Answer("to be written", "report, Calibration and threshold", remark)
    return Answer("answered", "report, Calibration and threshold", f"Probabilities; decided from {point}.")


def comparison_of_sets(found: Evidence) -> Answer:
    """Compare the images that it was judged on with those that it was trained on."""
    if "test" in found.evaluations and not found.imported:
        return Answer("answered", "report, Data: Table 1, SMD of splits")
    if found.external:
        return Answer("to be written", "the paper", "Compare chestnut.table_one of both data sets.")
    return Answer("to be written", "report, Results", "Not judged yet on images that had no part in training.")


def participants(found: Evidence) -> Answer:
    """Give the numbers of patients and of those with disease in each analysis."""
    if found.rows is None:
        return Answer("to be written", "the paper", "The run knows no images.")
    return Answer("answered", "report, Data: images and patients by class and split")


def specification(found: Evidence) -> Answer:
    """Give the whole model, and the terms on which others may have it."""
    if found.bundle is None:
        return Answer("to be written", "the paper", "The run has no network yet.")
    if not found.study.answers("model_availability"):
        return Answer("to be written", "study.toml: model_availability", "The model is complete in bundle/.")
    return Answer("answered", "bundle/; study.toml: model_availability")


def performance(found: Evidence) -> Answer:
    """Give figures with intervals, also of groups of patients."""
    known = {name: one for name, one in found.final.items() if one.metrics["auroc"].low is not None}
    if not known:
        return Answer("to be written", "report, Results", "Not measured yet on images that had no part in training.")
    if not any(groups.divided for one in known.values() for groups in one.subgroups):
        remark = "Figures are there; groups are missing: chestnut evaluate RUN --by sex --by age."
        return Answer("to be written", f"report, Results: {', '.join(known)}", remark)
    return Answer("answered", f"report, Results: {', '.join(known)}, with subgroups")


def poor_input(found: Evidence) -> Answer:
    """Say what is to be done about poor or missing images."""
    guard = "bundle: the guard flags images unlike the training images" if found.bundle and found.bundle.guard else ""
    if not found.study.answers("use_in_practice"):
        return Answer(
            "to be written", "study.toml: use_in_practice", f"{guard[0].upper()}{guard[1:]}." if guard else ""
        )
    return Answer("answered", "; ".join(filter(None, ["study.toml: use_in_practice", guard])))
