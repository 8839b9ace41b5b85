"""`--resume` continues with the terms that were given first: none is taken again, and the message names those given."""

import pytest

#: A term of each command with the value that it has by default, which is refused too: it may not be the first one.
TERMS = {
    "train": ("a run", ("--threads", 2)),
    "compare": ("a comparison", ("--repeats", 1)),
    "control": ("a control experiment", ("--fraction", 1)),
    "crossval": ("a cross-validation", ("--folds", 5)),
    "tune": ("a search", ("--executions", 3)),
    "ensemble": ("an ensemble", ("--seeds", 3)),
}


def refusal(chestnut, *words):
    status, out, told = chestnut(*words)
    errors = [line.removeprefix("error: ") for line in told.splitlines() if line.startswith("error: ")]
    assert status == 2 and out == "" and list(chestnut.folder.iterdir()) == [], told
    return " ".join(errors)


@pytest.mark.parametrize("command", TERMS)
def test_terms_are_named_and_refused(chestnut, command):
    what, term = TERMS[command]
    said = refusal(chestnut, command, "IMAGES", "--resume", "RUN", *term, "--batch-size", 8, "--positive", "COVID")
    words = said.removeprefix(f"--resume continues {what} with its own terms; leave out ").split(", ")
    assert sorted(words) == sorted(["DATA", term[0], "--batch-size", "--positive"])


@pytest.mark.parametrize("command", TERMS)
def test_where_runs_are_trained_is_no_term(chestnut, command):
    said = refusal(chestnut, command, "--resume", "RUN", "--track", "none", "--json", "-")
    assert "own terms" not in said and said


def test_what_extends_a_study_is_no_term(chestnut):
    assert "own terms" not in refusal(chestnut, "compare", "--resume", "RUN", "--exchange", "--fine-tune-best")
    assert "own terms" not in refusal(chestnut, "tune", "--resume", "RUN", "--trials", 9)
