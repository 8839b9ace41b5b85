"""`StudyDescription`: what a reader must know of a study that no file of a run tells, as its user wrote it.

It is read from a `study.toml`. Every field is text and may be left out.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from chestnut.config.faults import first_fault
from chestnut.config.toml_text import read_toml
from chestnut.errors import RecipeError, StudyFileError
from chestnut.names import printable

#: The most characters of a field: some three pages.
MOST_CHARACTERS = 10_000

_NOT_APPLICABLE = "not applicable"


def _text(group: str, description: str) -> Any:
    return Field("", max_length=MOST_CHARACTERS, title=group, description=description)


class StudyDescription(BaseModel):
    """A study in its author's words; an empty field has not been written.

    A field that begins with "not applicable" says that it does not apply, and why.

    >>> StudyDescription(intended_use="To point out pneumonia.").answers("intended_use")
    True
    >>> list(StudyDescription.groups())
    ['The study', 'Intended use', 'Data', 'Reference standard', 'Fairness', 'Ethics and funding', 'Availability', \
'Discussion']
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    title: str = _text("The study", "the title; it says that the study is of artificial intelligence")
    authors: str = _text("The study", "who did the study")
    contact: str = _text("The study", "whom to ask, with an address")
    background: str = _text("The study", "what is known, how patients are cared for now, and which models exist")
    objectives: str = _text("The study", "aims and hypotheses; whether a model is developed, tested or both")
    design: str = _text("The study", "prospective or retrospective, and what kind of study")
    intended_use: str = _text("Intended use", "what the model is for, and at which point of care")
    intended_users: str = _text("Intended use", "who is to use it, and what they must know")
    target_population: str = _text("Intended use", "the patients and images that it is meant for")
    out_of_scope: str = _text("Intended use", "what it must not be used for")
    use_in_practice: str = _text("Intended use", "what its users do with it, and what is done about poor images")
    data_sources: str = _text("Data", "where the images come from, why these, and whom they represent")
    setting: str = _text("Data", "the hospitals or practices: their kind, number and place")
    dates: str = _text("Data", "from when to when the images were taken")
    eligibility: str = _text("Data", "which patients and images were included and which were not")
    sampling: str = _text("Data", "how they were chosen: all in turn, at random, or which part of a larger set")
    acquisition: str = _text("Data", "machines, views and settings")
    deidentification: str = _text("Data", "how names and other identifiers were removed")
    preparation: str = _text("Data", "what was done to the images before chestnut read them")
    missing_data: str = _text("Data", "what was missing, and what was done about it")
    treatments: str = _text("Data", "treatments before the image, if they matter")
    sample_size: str = _text("Data", "why there are as many images as there are")
    differences: str = _text("Data", "how test images differ from training images in setting, eligibility or labels")
    reference_standard: str = _text("Reference standard", "how the true class of each image was found, and when")
    reference_rationale: str = _text("Reference standard", "why in this way and in no other")
    readers: str = _text("Reference standard", "who read the images: their number, training and experience")
    annotation: str = _text("Reference standard", "how they read: tools, what else they saw and what was hidden")
    reader_agreement: str = _text("Reference standard", "how far readers agreed, and how they settled differences")
    inequalities: str = _text("Fairness", "known inequalities of health between groups of people")
    fairness: str = _text("Fairness", "what was done so that the model is fair to groups, and why")
    ethics: str = _text("Ethics and funding", "the committee that approved the study, and its number")
    consent: str = _text("Ethics and funding", "the consent of patients, or why none was needed")
    patient_involvement: str = _text("Ethics and funding", "how patients and the public took part, if they did")
    protocol: str = _text("Ethics and funding", "where the protocol is, or that there is none")
    registration: str = _text("Ethics and funding", "the register and number, or that it was not registered")
    funding: str = _text("Ethics and funding", "who paid, and which part they had in the study")
    conflicts: str = _text("Ethics and funding", "conflicts of interest of the authors")
    data_availability: str = _text("Availability", "who gets the data, where and on which terms")
    code_availability: str = _text("Availability", "where the code is")
    model_availability: str = _text("Availability", "where the trained model is, and on which terms")
    license: str = _text("Availability", "the licence of the model, by its SPDX identifier, such as Apache-2.0")
    interpretation: str = _text("Discussion", "what the results mean, beside other studies and for groups of people")
    limitations: str = _text("Discussion", "what speaks against the results: the sample, its size, bias, overfitting")
    implications: str = _text("Discussion", "what they mean for practice, and what stands in the way")
    next_steps: str = _text("Discussion", "what is to be found out next, and for whom else the model may hold")

    @field_validator("*")
    @classmethod
    def _clean(cls, text: str) -> str:
        if printable(text) != text:
            raise ValueError("it has a control character or an unseen mark; remove it")
        return text.strip()

    @classmethod
    def groups(cls) -> dict[str, tuple[str, ...]]:
        """Return the names of the fields by their group, in the order of the file."""
        found: dict[str, list[str]] = {}
        for name, field in cls.model_fields.items():
            found.setdefault(str(field.title), []).append(name)
        return {group: tuple(names) for group, names in found.items()}

    @classmethod
    def from_toml(cls, text: str, origin: str = "study.toml") -> Self:
        """Read the text of a study.toml.

        Args:
            text: The text.
            origin: Where it comes from, with which error messages begin.

        Raises:
            StudyFileError: It is not TOML, has an unknown key (the message lists similar ones), or a value is not text
                or too long.
        """
        try:
            values = read_toml(text, origin)
            return cls.model_validate(values)
        except ValidationError as error:
            raise StudyFileError(f"{origin}: {first_fault(error, values, cls)}") from None
        except RecipeError as error:
            raise StudyFileError(str(error)) from None

    def answers(self, *names: str) -> bool:
        """Tell whether all of some fields are written."""
        return all(getattr(self, name) for name in names)

    def excludes(self, name: str) -> bool:
        """Tell whether a field says that it does not apply.

        >>> StudyDescription(treatments="Not applicable: images only.").excludes("treatments")
        True
        """
        return bool(getattr(self, name).casefold().startswith(_NOT_APPLICABLE))

    def written(self) -> dict[str, dict[str, str]]:
        """Return the fields that are written, by their group."""
        texts = self.model_dump()
        found = {group: {name: texts[name] for name in names if texts[name]} for group, names in self.groups().items()}
        return {group: fields for group, fields in found.items() if fields}


def study_template() -> str:
    """Return the text of a study.toml to fill in: every field, with what belongs there.

    >>> print(study_template().splitlines()[-2])
    # what is to be found out next, and for whom else the model may hold
    """
    lines = [
        "# What a reader must know of the study that chestnut cannot see. Put it beside the images as study.toml.",
        '# Leave a field empty if you do not know it yet; write "not applicable: why" where it does not apply.',
        '# A long text may run over several lines between """ and """.',
    ]
    for group, names in StudyDescription.groups().items():
        lines += ["", f"# {group}"]
        for name in names:
            lines += ["", f"# {StudyDescription.model_fields[name].description}", f'{name} = ""']
    return "\n".join([*lines, ""])
