"""`StudyDescription`: what is taken from a study.toml, and what is refused."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.config.study import StudyDescription, study_template
from chestnut.errors import StudyFileError

FIELDS = list(StudyDescription.model_fields)


def test_the_template_has_every_field_and_describes_nothing():
    assert list(tomllib.loads(study_template())) == FIELDS
    assert StudyDescription.from_toml(study_template()).written() == {}
    assert [name for names in StudyDescription.groups().values() for name in names] == FIELDS


@given(st.dictionaries(st.sampled_from(FIELDS), st.text("aé 1.\"'\n\\", max_size=30)))
@settings(max_examples=30)
def test_what_is_written_is_read(texts):
    import tomli_w

    study = StudyDescription.from_toml(tomli_w.dumps(texts))
    assert study.model_dump() == dict.fromkeys(FIELDS, "") | {name: text.strip() for name, text in texts.items()}
    assert all(study.answers(name) == bool(text.strip()) for name, text in texts.items())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('intended_usage = "x"', "no key 'intended_usage'; did you mean intended_use?"),
        ("dates = 2020-01-01", "dates: input should be a valid string, given datetime.date"),
        ("funding = 3", "funding: input should be a valid string, given 3"),
        ("funding = [", "is not valid TOML"),
        (f'funding = "{"x" * 10_001}"', "funding: string should have at most 10000 characters"),
        ('funding = "a\\u001bb"', "funding: it has a control character or an unseen mark; remove it"),
        ('[study]\nfunding = "x"', "no key 'study.funding'"),
    ],
)
def test_what_is_no_study_is_refused_in_one_line(text, message):
    with pytest.raises(StudyFileError) as refused:
        StudyDescription.from_toml(text, "here/study.toml")
    assert str(refused.value).startswith("here/study.toml") and message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_field_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "study.md").read_text(encoding="utf-8")
    for name, field in StudyDescription.model_fields.items():
        assert f"| `{name}` | {field.description} |" in page
