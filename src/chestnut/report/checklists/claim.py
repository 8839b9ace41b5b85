"""CLAIM 2024: the checklist for artificial intelligence in medical imaging, 44 items.

The numbers are those of Tejani and others, "Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024
Update", Radiology: Artificial Intelligence 2024;6(4):e240300, doi:10.1148/ryai.240300. The words are ours.
"""

from __future__ import annotations

from chestnut.report.checklists import rules
from chestnut.report.checklists.checklist import Item
from chestnut.report.checklists.rules import in_paper, written

TITLE = "CLAIM 2024"
SOURCE = "Tejani et al., Radiology: Artificial Intelligence 2024;6(4):e240300, doi:10.1148/ryai.240300"

_OPENING = "Title, abstract and introduction"
_DESIGN = "Methods: study design"
_DATA = "Methods: data"
_REFERENCE = "Methods: reference standard"
_PARTITIONS = "Methods: data partitions"
_MODEL = "Methods: model"
_TRAINING = "Methods: training"
_EVALUATION = "Methods: evaluation"
_RESULTS = "Results"
_DISCUSSION = "Discussion"
_OTHER = "Other information"

ITEMS = (
    Item("1", _OPENING, "A title that names artificial intelligence and its kind", written("title")),
    Item("2", _OPENING, "A summary of design, methods, results and conclusions", in_paper("The abstract.")),
    Item("3", _OPENING, "Background, and what the model is for", written("background", "intended_use")),
    Item("4", _OPENING, "Aims and hypotheses", written("objectives")),
    Item("5", _DESIGN, "Prospective or retrospective", written("design")),
    Item("6", _DESIGN, "The goal of the study", written("objectives", "intended_use")),
    Item("7", _DATA, "Where the data come from", written("data_sources")),
    Item("8", _DATA, "Who and what was included and excluded", written("eligibility")),
    Item("9", _DATA, "What was done to the images before the model sees them", rules.preprocessing),
    Item("10", _DATA, "How parts of the data were selected", written("sampling")),
    Item("11", _DATA, "How the data were de-identified", written("deidentification")),
    Item("12", _DATA, "How missing data were handled", written("missing_data")),
    Item("13", _DATA, "How the images were taken", written("acquisition")),
    Item("14", _REFERENCE, "How the reference standard was obtained", written("reference_standard")),
    Item("15", _REFERENCE, "Why this reference standard was chosen", written("reference_rationale")),
    Item("16", _REFERENCE, "Who made the annotations", written("readers")),
    Item("17", _REFERENCE, "How the test images were annotated", written("annotation")),
    Item("18", _REFERENCE, "How far annotators agree with each other and themselves", written("reader_agreement")),
    Item("19", _PARTITIONS, "How data were assigned to the partitions", rules.partitions),
    Item("20", _PARTITIONS, "The level at which partitions are apart", rules.disjointness),
    Item("21", _PARTITIONS, "The intended size of the test set", written("sample_size")),
    Item("22", _MODEL, "A full description of the model", rules.architecture),
    Item("23", _MODEL, "Libraries, frameworks and packages", rules.software),
    Item("24", _MODEL, "How the weights were initialised", rules.initialisation),
    Item("25", _TRAINING, "How the model was trained", rules.training),
    Item("26", _TRAINING, "How the final model was selected", rules.selection),
    Item("27", _TRAINING, "How an ensemble was made", rules.ensembling),
    Item("28", _EVALUATION, "The metrics of performance", rules.measures),
    Item("29", _EVALUATION, "Measures of significance and uncertainty", rules.uncertainty),
    Item("30", _EVALUATION, "Analysis of robustness or sensitivity", rules.robustness),
    Item("31", _EVALUATION, "Methods that explain decisions", rules.explanations),
    Item("32", _EVALUATION, "Evaluation on data of the same source", rules.internal_test),
    Item("33", _EVALUATION, "Testing on data of another source", rules.external_test),
    Item("34", _EVALUATION, "Registration of a clinical trial", written("registration")),
    Item("35", _RESULTS, "Numbers of patients or examinations included and excluded", rules.flow),
    Item("36", _RESULTS, "Demographic and clinical features of each partition", rules.characteristics),
    Item("37", _RESULTS, "Performance with its uncertainty", rules.final_figures),
    Item("38", _RESULTS, "Diagnostic performance and its precision", rules.final_figures),
    Item("39", _RESULTS, "An analysis of the cases decided wrongly", rules.failures),
    Item("40", _DISCUSSION, "Limitations of the study", written("limitations")),
    Item("41", _DISCUSSION, "What it means for practice", written("implications", "intended_use")),
    Item("42", _OTHER, "Where the full protocol is", written("protocol")),
    Item(
        "43",
        _OTHER,
        "Availability of software, model and data",
        written("code_availability", "model_availability", "data_availability"),
    ),
    Item("44", _OTHER, "Funding, and the role of those who paid", written("funding")),
)
