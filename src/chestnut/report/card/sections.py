"""The sections of a model card, each from what a run has on its matter."""

from __future__ import annotations

from collections.abc import Iterator

from chestnut.evaluation.metrics import Evaluation
from chestnut.report.card.card import CardSection
from chestnut.report.checklists.evidence import CHECK, Evidence
from chestnut.report.identities import Identities
from chestnut.report.sections.findings import Findings
from chestnut.report.sections.recipe import recipe_rows
from chestnut.report.sections.study import in_words
from chestnut.report.tables.evaluation_tables import name_images
from chestnut.report.tables.table import Table

#: What is said of a field of study.toml that nobody has written.
UNTOLD = "Not described: study.toml does not say it."
_DEVICE = "Not a medical device: for research and teaching. Nothing here allows its use on patients."
_FLATTERED = (
    "Not measured on images that had no part in training. The validation images chose the weights that were kept, so "
    "their figures flatter the model."
)
_UNKNOWN_ORIGIN = (
    "The network was trained elsewhere. Whether it was trained on some of these images is not known; if it was, the "
    "figures are too good."
)


def study_facts(found: Evidence, *names: str, required: bool = False) -> tuple[tuple[str, str], ...]:
    """Return fields of study.toml with their texts.

    Args:
        found: What there is.
        names: The fields.
        required: Whether to name those that nobody has written, too.
    """
    texts = found.study.model_dump()
    return tuple((in_words(name), texts[name] or UNTOLD) for name in names if texts[name] or required)


def describe_task(found: Evidence) -> str:
    """Say what the model tells apart."""
    *others, last = map(str, found.facts["classes"])
    return f"tells {', '.join(others)} and {last} apart on chest X-rays"


def model_details(found: Evidence) -> CardSection:
    """Say what the model is, who made it, and which file it is."""
    record, bundle = found.record, found.bundle
    shown = ("Network", "Input", "View", "Loss", "Optimiser", "Augmentation", "Class balance", "Arithmetic", "Seed")
    facts = [
        ("Task", describe_task(found)),
        *((name, value) for name, value in recipe_rows(found.recipe) if name in shown),
        ("Parameters", f"{record.parameters:,}" if record.parameters else ""),
        ("Made", " to ".join(filter(None, [record.started, record.ended]))),
        ("Software", ", ".join(f"{name} {version}" for name, version in record.versions.items())),
        (
            "Imported from",
            "" if record.imported is None else f"{record.imported.file}, SHA-256 {record.imported.sha256}",
        ),
        ("Members", ", ".join(f"{one.recipe} (seed {one.seed})" for one in record.members)),
    ]
    if bundle is not None:
        decided = (
            f"{bundle.positive} from a probability of {bundle.decided_at}" if bundle.positive else "the likeliest class"
        )
        facts += [("Decision", decided), ("Temperature", f"{bundle.temperature:.4g}")]
        facts += [("SHA-256 of model.keras", bundle.weights), ("SHA-256 of the bundle", bundle.identity)]
    facts += study_facts(found, "authors", "contact", "license", "model_availability", "code_availability")
    return CardSection("Model details", tuple((name, text) for name, text in facts if text))


def intended_use(found: Evidence) -> CardSection:
    """Say what it is for, and what not, in the words of its author."""
    names = ("intended_use", "intended_users", "target_population", "out_of_scope", "use_in_practice")
    return CardSection("Intended use", study_facts(found, *names, required=True), (_DEVICE,))


def factors(found: Evidence) -> CardSection:
    """Say what figures may depend on, and what of it was looked at."""
    columns = sorted({one.column for each in _judged(found) for one in each[1].subgroups})
    guard = None if found.bundle is None else found.bundle.guard
    remarks = (
        f"Figures of groups were measured by {', '.join(columns)}."
        if columns
        else "Figures of groups were not measured.",
        f"Measured: {', '.join(found.robustness)}."
        if found.robustness
        else "Other scanners and framings: not measured.",
        "There is no guard against images of another kind." if guard is None else f"A guard {guard}.",
    )
    return CardSection("Factors", study_facts(found, "setting", "acquisition", "inequalities"), remarks)


def metrics(found: Evidence) -> CardSection:
    """Say what is measured, and how its uncertainty is."""
    remarks = [
        "The figures have 95 % intervals, which allow for images of one patient being alike. They show the chance in "
        "the choice of patients, not wrong labels, shortcuts or other equipment."
    ]
    bundle = found.bundle
    if bundle is not None and bundle.calibration is not None:
        fitted = (
            bundle.calibration.reason or f"a temperature of {bundle.temperature:.4g} was fitted to validation images"
        )
        remarks.append(f"Calibration: {fitted}.")
    if bundle is not None and (point := bundle.operating_point) is not None:
        promised = point.promised
        remarks.append(
            f"The threshold {point} promises a sensitivity of {promised.sensitivity} and a specificity of "
            f"{promised.specificity}."
        )
    elif bundle is not None and bundle.positive is not None:
        remarks.append(f"Nobody chose the threshold {bundle.threshold:.4g} by a rule.")
    return CardSection("Metrics", (), tuple(remarks))


def evaluation_data(found: Evidence, looks: int) -> CardSection:
    """Say on which images it was judged."""
    facts = []
    for name, one in _judged(found):
        counts = ", ".join(f"{number:,} {label}" for label, number in one.counts.items())
        facts.append((name_images(name).capitalize(), f"{one.images:,} images of {one.patients:,} patients: {counts}"))
    remarks = [] if facts else ["The model was not judged on any images."]
    if "test" in found.splits:
        times = {0: "was never looked at", 1: "was looked at once"}.get(looks, f"was looked at {looks} times")
        remarks.append(f"The test split {times}.")
    return CardSection("Evaluation data", (*facts, *study_facts(found, "differences")), tuple(remarks))


def training_data(found: Evidence, names: Identities) -> CardSection:
    """Say which images it was trained on, and how their classes were found."""
    fields = ("data_sources", "dates", "eligibility", "sampling", "reference_standard", "readers", "reader_agreement")
    told = study_facts(found, *fields, required=True)
    if found.rows is None:
        return CardSection("Training data", told, ("The images that it was trained on are not known here.",))
    facts = [("Data set", names.folder(str(found.facts["root"])))]
    for branch in found.flow.branches:
        box = branch.split
        counts = ", ".join(f"{number:,} {label}" for label, number in box.classes)
        facts.append((box.name, f"{box.images:,} images of {box.patients or 0:,} patients: {counts}"))
    lost = () if found.flow.used is None else found.flow.used.left_out
    remarks = [*(f"Left out: {one.images:,} images that {one.reason}." for one in lost)]
    remarks += [] if found.flow.complete else ["What else was left out was not recorded."]
    if found.facts.get("synthetic"):
        remarks.append("The images are synthetic: nothing here says how well the model would do on patients.")
    return CardSection("Training data", (*facts, *told), tuple(remarks))


def analyses(found: Evidence, tables: dict[str, Table]) -> CardSection:
    """Give the figures with their intervals; where nothing was measured, say so."""
    judged = dict(_judged(found))
    shown = [tables[key] for name in judged for key in (f"metrics-{name}", f"subgroups-{name}") if key in tables]
    shown += [tables[key] for key in ("shifts", "shifts-partial") if key in tables]
    remarks: tuple[str, ...] = ()
    if not judged:
        remarks = ("Not measured.",)
    elif found.imported:
        remarks = (_UNKNOWN_ORIGIN,)
    elif not found.final:
        remarks = (_FLATTERED,)
    return CardSection("Quantitative analyses", (), remarks, tuple(shown))


def ethics(found: Evidence) -> CardSection:
    """Say what its author says of ethics, in the author's words."""
    names = ("ethics", "consent", "deidentification", "fairness", "patient_involvement", "funding", "conflicts")
    return CardSection("Ethical considerations", study_facts(found, *names, required=True))


def caveats(found: Evidence, findings: Findings | None, maps: tuple[str, ...]) -> CardSection:
    """Say what speaks against believing the model, and what was not measured.

    Args:
        found: What there is.
        findings: The findings of the audit; None where there was none.
        maps: What the check of heat maps showed, in sentences.
    """
    missing = []
    if not found.external:
        missing.append("images of another hospital")
    if "test" not in found.final:
        missing.append("images of a test split")
    if not found.robustness:
        missing.append("other scanners and framings")
    if CHECK not in found.explained:
        missing.append("whether its heat maps can be believed")
    remarks = [f"Not measured: {', '.join(missing)}."] if missing else []
    remarks += [f"Heat maps: {' '.join(maps)}"] if maps else []
    remarks += list(_data_caveats(findings))
    return CardSection("Caveats and recommendations", study_facts(found, "limitations", "next_steps"), tuple(remarks))


def _data_caveats(findings: Findings | None) -> Iterator[str]:
    if findings is None:
        yield "The data were not audited: copies, patients in two splits and shortcuts would go unnoticed."
        return
    for one in findings.shown:
        if one.severity == "error":
            yield f"The audit of the data found: {one.title}."


def _judged(found: Evidence) -> Iterator[tuple[str, Evaluation]]:
    """Yield the evaluations to show: those that count, else those of validation images."""
    if found.final:
        yield from found.final.items()
        return
    yield from ((name, one) for name, one in found.evaluations.items() if name != "train")
