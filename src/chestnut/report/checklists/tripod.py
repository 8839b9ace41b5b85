"""TRIPOD+AI: the checklist for studies of prediction models, 27 items with 52 parts.

The numbers are those of Collins and others, "TRIPOD+AI statement: updated guidance for reporting clinical prediction
models that use regression or machine learning methods", BMJ 2024;385:e078378, doi:10.1136/bmj-2023-078378. The words
are ours.
"""

from __future__ import annotations

from chestnut.report.checklists import prediction_rules, rules
from chestnut.report.checklists.checklist import Item
from chestnut.report.checklists.rules import in_paper, never, written

TITLE = "TRIPOD+AI"
SOURCE = "Collins et al., BMJ 2024;385:e078378, doi:10.1136/bmj-2023-078378"

_OPENING = "Title and abstract"
_INTRODUCTION = "Introduction"
_METHODS = "Methods"
_OPEN = "Open science"
_INVOLVED = "Patient and public involvement"
_RESULTS = "Results"
_DISCUSSION = "Discussion"

ITEMS = (
    Item("1", _OPENING, "A title that tells development or evaluation, population and outcome", written("title")),
    Item("2", _OPENING, "An abstract after TRIPOD+AI for Abstracts", in_paper("The abstract.")),
    Item("3a", _INTRODUCTION, "The setting of care, why a model, and which models exist", written("background")),
    Item(
        "3b",
        _INTRODUCTION,
        "The target population, the purpose and the users",
        written("target_population", "intended_use", "intended_users"),
    ),
    Item("3c", _INTRODUCTION, "Known inequalities of health between groups", written("inequalities")),
    Item("4", _INTRODUCTION, "Objectives: development, evaluation or both", written("objectives")),
    Item("5a", _METHODS, "Sources of the data, why these, and whom they represent", written("data_sources")),
    Item("5b", _METHODS, "Dates of the data", written("dates")),
    Item("6a", _METHODS, "The setting, with number and place of centres", written("setting")),
    Item("6b", _METHODS, "Who was eligible", written("eligibility")),
    Item("6c", _METHODS, "Treatments, and how they were handled", written("treatments")),
    Item("7", _METHODS, "Preparation of the data and checks of their quality", rules.preprocessing),
    Item(
        "8a",
        _METHODS,
        "The outcome, how and when it was found, and why this one",
        written("reference_standard", "reference_rationale"),
    ),
    Item("8b", _METHODS, "Who judged the outcome, if it takes judgement", written("readers")),
    Item("8c", _METHODS, "How those who judged the outcome were blinded", written("annotation")),
    Item("9a", _METHODS, "The choice of predictors", prediction_rules.choice_of_predictors),
    Item(
        "9b", _METHODS, "What the predictors are, how and when they were measured", prediction_rules.measured_predictors
    ),
    Item("9c", _METHODS, "Who judged the predictors, if it takes judgement", never("Pixels are measured, not judged.")),
    Item("10", _METHODS, "The size of the study, and why it suffices", written("sample_size")),
    Item("11", _METHODS, "How missing data were handled", written("missing_data")),
    Item("12a", _METHODS, "How the data were used and partitioned", rules.partitions),
    Item("12b", _METHODS, "How predictors were transformed", prediction_rules.handled_predictors),
    Item("12c", _METHODS, "The type of model, how it was built and validated internally", rules.training),
    Item("12d", _METHODS, "How differences between hospitals were handled", prediction_rules.heterogeneity),
    Item("12e", _METHODS, "The measures and plots of performance", rules.measures),
    Item("12f", _METHODS, "Whether the model was updated after evaluation", prediction_rules.updates),
    Item("12g", _METHODS, "How predictions were calculated", prediction_rules.calculation),
    Item("13", _METHODS, "What was done about classes of different size", prediction_rules.balance),
    Item("14", _METHODS, "What was done for fairness, and why", written("fairness")),
    Item("15", _METHODS, "What the model gives, and how thresholds were found", prediction_rules.output),
    Item("16", _METHODS, "How training data and evaluation data differ", written("differences")),
    Item("17", _METHODS, "Approval by an ethics committee, and consent", written("ethics", "consent")),
    Item("18a", _OPEN, "Funding, and the role of those who paid", written("funding")),
    Item("18b", _OPEN, "Conflicts of interest", written("conflicts")),
    Item("18c", _OPEN, "Where the protocol is, or that there is none", written("protocol")),
    Item("18d", _OPEN, "Registration, or that there is none", written("registration")),
    Item("18e", _OPEN, "Availability of the data", written("data_availability")),
    Item("18f", _OPEN, "Availability of the code", written("code_availability")),
    Item(
        "19", _INVOLVED, "How patients and the public took part, or that they did not", written("patient_involvement")
    ),
    Item("20a", _RESULTS, "The flow of participants, with and without the outcome", rules.flow),
    Item("20b", _RESULTS, "Who the participants are, and how much is missing", rules.characteristics),
    Item("20c", _RESULTS, "How evaluation data compare with training data", prediction_rules.comparison_of_sets),
    Item("21", _RESULTS, "Numbers of participants and outcomes in each analysis", prediction_rules.participants),
    Item("22", _RESULTS, "The full model, and the terms on which it can be had", prediction_rules.specification),
    Item("23a", _RESULTS, "Performance with intervals, also of key groups", prediction_rules.performance),
    Item("23b", _RESULTS, "Differences of performance between hospitals", prediction_rules.heterogeneity),
    Item("24", _RESULTS, "Results of updating the model", prediction_rules.updated_figures),
    Item("25", _DISCUSSION, "What the results mean, with fairness and other studies", written("interpretation")),
    Item("26", _DISCUSSION, "Limitations", written("limitations")),
    Item("27a", _DISCUSSION, "What to do about poor or missing input in use", prediction_rules.poor_input),
    Item("27b", _DISCUSSION, "What users must do and be able to do", written("use_in_practice", "intended_users")),
    Item("27c", _DISCUSSION, "Next steps, and for whom else it may hold", written("next_steps")),
)
