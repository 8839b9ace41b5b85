"""The help of every command: examples that parse, no type where there is none, `-h`, completion."""

import os
import shlex
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from chestnut.cli import COMMANDS, app
from chestnut.cli.examples import EXAMPLES
from chestnut.config import load_recipe

GROUP = typer.main.get_command(app)
LINES = [(name, line) for name, lines in EXAMPLES.items() for line in lines]


def help_of(*words):
    answer = CliRunner().invoke(app, [*words, "-h"], env={"TERMINAL_WIDTH": "80"}, catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_one_or_two_examples(name):
    said = help_of(name)
    assert said == CliRunner().invoke(app, [name, "--help"], env={"TERMINAL_WIDTH": "80"}).stdout
    assert 1 <= len(EXAMPLES[name]) <= 2
    heading, *lines = said.rpartition("Example")[2].splitlines()
    assert heading.strip() in (":", "s:")
    assert [line.strip() for line in lines if line.strip()] == [f"$ {line}" for line in EXAMPLES[name]]
    assert "<bool>" not in said


@pytest.mark.parametrize(("name", "line"), LINES)
def test_examples_are_understood(name, line):
    program, command, *words = shlex.split(line)
    assert (program, command) == ("chestnut", name)
    if ">" in words:
        words = words[: words.index(">")]
    context = GROUP.commands[name].make_context(name, words)
    recipe = context.params.get("recipe")
    if recipe is not None:
        load_recipe(recipe, context.params.get("settings") or [])


def test_an_example_with_an_unknown_option_would_be_found():
    with pytest.raises(Exception, match="--nothing"):
        GROUP.commands["train"].make_context("train", ["images", "--nothing"])


def test_the_help_of_the_program_names_every_command():
    said = help_of()
    assert all(f" {name} " in said for name in COMMANDS)
    assert "--version" in said and "<bool>" not in said and "-h" in said


def test_the_help_loads_none_of_what_takes_time():
    code = "import sys, chestnut.cli; print([name for name in sys.argv[1:] if name in sys.modules])"
    heavy = ["numpy", "pandas", "pydantic", "keras", "tensorflow", "matplotlib", "sklearn", "PIL", "jinja2", "optuna"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("typed", "word", "known"),
    [
        ("chestnut cros", 1, ["crossval"]),
        ("chestnut recipes cnn-s", 2, ["cnn-search", "cnn-small"]),
        ("chestnut train images --recipe vgg", 4, ["vgg16"]),
        ("chestnut evaluate runs/first --thr", 3, ["--threshold"]),
    ],
)
def test_the_shell_completes_commands_options_and_recipes(typed, word, known):
    surroundings = os.environ | {
        "_CHESTNUT_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(word),
    }
    code = "from chestnut.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=surroundings, capture_output=True, text=True, check=False)
    assert done.stdout.split() == known
