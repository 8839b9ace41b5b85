"""Compare docs/ with the code: fields, options, names and keys must be in both."""

import ast
import json
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import chestnut
from chestnut import config
from chestnut.auditing.findings import CHECKS, Audit, Finding
from chestnut.cli import app
from chestnut.data.formats import DICOM_SUFFIXES, PICTURE_SUFFIXES
from chestnut.data.manifest import COLUMNS, Manifest
from chestnut.data.public.collections import COLLECTIONS
from chestnut.data.sources.patients import RULES
from chestnut.diagnosis.case import Case
from chestnut.diagnosis.diagnosis import apply_rules
from chestnut.diagnosis.learning_curves import Curves
from chestnut.diagnosis.lr_range import RateRange
from chestnut.diagnosis.rules import RULES as CURVE_RULES
from chestnut.evaluation.comparison import Pair
from chestnut.evaluation.metric_names import METRICS
from chestnut.evaluation.metrics import evaluate
from chestnut.evaluation.selection_bias import Gain
from chestnut.inference.bundle import Bundle
from chestnut.runs.ledger import Look
from chestnut.studies.comparison.control import Arm, Control
from chestnut.studies.comparison.leaderboard import Leaderboard, Row
from chestnut.studies.comparison.plan import ComparisonPlan, ControlTerms, Terms
from chestnut.studies.comparison.variants import make_variants
from chestnut.studies.crossval.plan import CrossPlan
from chestnut.studies.crossval.result import CrossValidation, FoldResult
from chestnut.studies.tuning.plan import TunePlan
from chestnut.studies.tuning.result import Trial, Tuning

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in DOCS.glob("*.md")}
PARTS = {
    "": config.Recipe,
    "input.": config.InputSpec,
    "model.": config.CnnConfig,
    "model. ": config.MlpConfig,
    "model.  ": config.BackboneConfig,
    "model.   ": config.PcaSvmConfig,
    "model.    ": config.HogLogisticConfig,
    "loss.": config.LossConfig,
    "optim.": config.OptimConfig,
    "optim.schedule.": config.ScheduleConfig,
    "data.": config.DataConfig,
    "augment.": config.AugmentConfig,
    "train.": config.TrainConfig,
    "train.stop.": config.StopConfig,
}
COMMANDS = typer.main.get_command(app).commands
EVALUATION = evaluate([0, 1, 2], [[0.8, 0.1, 0.1]] * 3, ["a", "b", "c"], ["A", "B", "C"], resamples=3).to_dict()


def section(page, heading):
    """Return the text under a heading, up to the next heading of its level or above."""
    marks = re.search(f"^(#+) {re.escape(heading)}$", PAGES[page], flags=re.M)
    assert marks, f"docs/{page}.md has no heading {heading!r}"
    rest = PAGES[page][marks.end() :]
    return re.split(rf"^#{{1,{len(marks[1])}}} ", rest, maxsplit=1, flags=re.M)[0]


def first_cells(text):
    """Return the code in the first column of the tables."""
    return re.findall(r"^\| `([^`]+)` \|", text, flags=re.M)


def keys(heading):
    """Return the top-level keys that docs/json.md lists under a heading, in order."""
    own = section("json", heading).split("\n#### ")[0]
    return list(dict.fromkeys(cell.partition(".")[0] for cell in first_cells(own)))


def in_words(schema):
    """Return the type of a field in the words of docs/recipes.md."""
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        branches = [branch for branch in schema["anyOf"] if branch["type"] != "null"]
        return in_words(branches[0]) + ("; or a list, one each" if len(branches) > 1 else "")
    if schema["type"] == "array":
        pairs = schema.get("prefixItems")
        return f"list of {len(pairs)}: {in_words(pairs[0])}" if pairs else f"list: {in_words(schema['items'])}"
    if schema["type"] in ("boolean", "string"):
        return {"boolean": "`true`, `false`", "string": "text"}[schema["type"]]
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = ", ".join(f"{sign} {schema[name]:.10g}" for name, sign in signs.items() if name in schema)
    return f"{'whole number' if schema['type'] == 'integer' else 'number'} {bounds}".strip()


@pytest.mark.parametrize("prefix", PARTS)
def test_every_recipe_field_is_documented_with_its_type_and_default(prefix):
    schema = PARTS[prefix].model_json_schema()["properties"]
    for name, field in PARTS[prefix].model_fields.items():
        if f"{prefix.strip()}{name}." in PARTS or name == "search":
            continue
        default = "required" if field.is_required() else f"`{json.dumps(field.default)}`"
        row = f"| `{prefix.strip()}{name}` | {in_words(schema[name])} | {default} | "
        assert row in PAGES["recipes"], f"docs/recipes.md lacks the row {row}"


def test_every_documented_recipe_and_field_exists():
    known = {f"{prefix.strip()}{name}" for prefix, part in PARTS.items() for name in part.model_fields}
    assert set(first_cells(section("recipes", "Every field"))) <= known
    assert first_cells(PAGES["recipes"].split("## ")[0]) == chestnut.recipe_names()
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert first_cells(readme.split("<!-- recipes -->")[1].split("<!-- /recipes -->")[0]) == chestnut.recipe_names()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name):
    text = section("cli", name)
    assert f"$ chestnut {name} " in text or f"$ chestnut {name}\n" in text, f"docs/cli.md has no example of {name}"
    known = set(re.findall(r"--[a-z][a-z-]*", text))
    shared = set(first_cells(PAGES["cli"].split("\n## ")[0]))
    shared = {option.split()[0] for option in shared if option.startswith("--")}
    options = {text for param in COMMANDS[name].params for text in (*param.opts, *param.secondary_opts)}
    options = {text for text in options if text.startswith("--")} - {"--help"}
    missing = options - known
    assert missing <= shared, f"docs/cli.md lacks {sorted(missing - shared)} of {name}"
    listed = {cell.split()[0] for cell in first_cells(text) if cell.startswith("--")}
    assert listed <= options, f"{name} has no {sorted(listed - options)}"


def test_every_column_of_the_audit_table_is_documented():
    from chestnut.serve.store.tables import Prediction

    cells = re.findall(r"^\| (`.*?) \|", section("serving", "What is written down"), flags=re.M)
    columns = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert columns == [column.name for column in Prediction.__table__.columns if column.name != "number"]


def test_every_public_name_is_documented():
    assert set(re.findall(r"^### `(\w+)`$", PAGES["api"], flags=re.M)) == set(chestnut.__all__)


def test_every_finding_and_metric_is_documented():
    assert set(re.findall(r"^### ([a-z-]+)$", PAGES["audit"], flags=re.M)) == set(CHECKS)
    assert set(first_cells(section("evaluation", "Metrics"))) == set(METRICS)


def test_every_rule_on_learning_curves_is_documented_with_its_threshold_and_source():
    assert re.findall(r"^### ([a-z-]+)$", section("diagnose", "The rules"), flags=re.M) == list(CURVE_RULES)
    for name, rule in CURVE_RULES.items():
        facts = f"**Looks at** {rule.looks_at}. **Threshold:** {rule.threshold}. **Source:** {rule.source}."
        assert facts in " ".join(section("diagnose", name).split())


def test_keys_of_a_diagnosis_and_a_range_test():
    diagnosis = apply_rules(Case(Curves.of({}), config.Recipe(name="x"), error="the loss became nan")).to_dict()
    assert keys("A diagnosis") == list(diagnosis)
    assert keys("An advice") == list(diagnosis["advice"][0])
    found = RateRange(np.array([1e-3]), np.array([0.7]), False).to_dict()
    assert keys("A learning-rate range test") == ["target", "recipe", "seed", "picture", *found]


@pytest.mark.parametrize("words", [PICTURE_SUFFIXES | DICOM_SUFFIXES, RULES, COLLECTIONS, COLUMNS.keys() - {"sha256"}])
def test_names_of_sources_are_documented(words):
    assert [word for word in words if word not in PAGES["data"]] == []


def test_keys_of_an_evaluation():
    assert keys("An evaluation") == list(EVALUATION)
    documented = {cell.rpartition(".")[2] for cell in first_cells(PAGES["json"]) if cell.startswith("metrics.")}
    assert documented == EVALUATION["metrics"]["auroc"].keys()


def test_keys_of_a_bundle():
    spec = config.InputSpec()
    bundle = Bundle(Path(), "r", ("A", "B"), "B", spec, 1.0, 0.5, False, "0")
    assert keys("bundle.json") == list(bundle.to_dict())
    inner = [cell for cell in first_cells(section("json", "bundle.json")) if cell.startswith("input.")]
    assert inner == [f"input.{name}" for name in spec.model_dump()]


def test_keys_of_an_audit():
    finding = Finding("blank-images", "warning", "title", "evidence")
    written = Audit.build([finding], [], {}).to_dict()
    assert keys("audit.json") == list(written)
    assert keys("A finding") == list(written["findings"][0])


def test_keys_of_data_and_columns_of_a_manifest():
    rows = [{"path": "/a.png", "label": "A", "patient": "1"}, {"path": "/b.png", "label": "B", "patient": "2"}]
    facts = Manifest.build(rows, Path("/data")).facts()
    assert keys("data.json") == [*facts, "skipped", "lungs"]
    assert keys("manifest.csv") == list(COLUMNS)


def result_keys(kind):
    """The keys of a study's result in JSON: its attributes other than the folder it was written to."""
    return [field.name for field in fields(kind) if field.name != "path"]


def test_keys_of_a_comparison():
    plan = ComparisonPlan(make_variants(["mlp"], grid=["model.dropout=0.1,0.2"]), Terms(), "0", 1)
    assert keys("plan.json") == [*plan.to_dict(), "hashes"]
    assert keys("leaderboard.json") == result_keys(Leaderboard)
    assert keys("leaderboard.csv") == [field.name for field in fields(Row)]
    listed = re.search(r"^\| `pairs` \| (.*) \|$", PAGES["json"], flags=re.M)[1]
    assert re.findall(r"`(\w+)`", listed) == [field.name for field in fields(Pair)]
    assert keys("control.json") == result_keys(Control)
    listed = re.search(r"^\| `arms` \| (.*) \|$", PAGES["json"], flags=re.M)[1]
    assert re.findall(r"`(\w+)`", listed) == [field.name for field in fields(Arm)]
    listed = re.search(r"^\| `control` \| an object: (.*) \|$", PAGES["json"], flags=re.M)[1]
    assert re.findall(r"`(\w+)`", listed) == [field.name for field in fields(ControlTerms)]


def test_keys_of_a_cross_validation():
    plan = CrossPlan(config.Recipe(name="x"), 2, 1, "0", 1)
    assert keys("crossplan.json") == [*plan.to_dict(), "hashes"]
    assert keys("crossval.json") == result_keys(CrossValidation)
    listed = re.search(r"^\| `parts` \| (.*) \|$", PAGES["json"], flags=re.M)[1]
    assert re.findall(r"`(\w+)`", listed) == [field.name for field in fields(FoldResult)]


def test_keys_of_a_search():
    plan = TunePlan(config.Recipe(name="x"), "random", "auroc", 1, 1, "0", 1)
    assert keys("tuneplan.json") == [*plan.to_dict(), "hashes"]
    assert keys("tune.json") == result_keys(Tuning)
    listed = re.search(r"^\| `trials` \| a list: (.*?);", PAGES["json"], flags=re.M)[1]
    assert re.findall(r"`(\w+)`", listed) == [field.name for field in fields(Trial)]
    listed = re.search(r"^\| `gain` \| .*?: (.*?);", PAGES["json"], flags=re.M)[1]
    assert re.findall(r"`(\w+)`", listed) == [field.name for field in fields(Gain)]
    trial = Trial(0, "finished", {}, 1.0, (), 1, 1.0, ())
    columns = list(Tuning("x", "random", "auroc", 1, {}, (trial,), None, 0, {}, None, (), ()).table)
    documented = [name for name in keys("trials.csv") if not name.startswith("score_")]
    assert [name for name in documented if name in columns] == columns


def test_keys_of_the_ledger():
    assert keys("ledger.json") == [field.name for field in fields(Look)]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Draw a data set of two images and return its folder."""
    folder = tmp_path_factory.mktemp("docs")
    call("phantom", folder / "images", "--patients", "2", "--size", "32")
    return folder / "images"


def call(*arguments):
    answer = CliRunner().invoke(app, [*map(str, arguments), "--json", "-"], catch_exceptions=False)
    return json.loads(answer.stdout)


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("chestnut phantom", "phantom NEW --patients 2 --size 32"),
        ("chestnut info DATA", "info DATA"),
        ("chestnut split", "split DATA --out NEW"),
        ("chestnut cache", "cache"),
        ("chestnut recipes NAME", "recipes mlp"),
        ("chestnut recipes NAME --layers", "recipes hog-logistic --layers"),
        ("chestnut runs", "runs DATA"),
    ],
)
def test_keys_of_commands(heading, words, images, tmp_path):
    places = {"DATA": images, "NEW": tmp_path / "new.csv"}
    assert keys(heading) == list(call(*(places.get(word, word) for word in words.split())))


def test_entries_of_lists(images):
    entry = call("info", images)["formats"][0]
    row = re.search(r"^\| `formats` \| (.*) \|$", PAGES["json"], flags=re.M)[1]
    assert re.findall(r"`(\w+)`", row) == list(entry)


def test_pages_are_in_the_navigation_and_their_links_exist():
    listed = re.findall(r"(\w+)\.md$", (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.M)
    assert sorted(listed) == sorted(PAGES)
    for page, text in PAGES.items():
        assert len(re.findall("^```", text, flags=re.M)) % 2 == 0, f"docs/{page}.md has an example that does not end"
        for target, anchor in re.findall(r"\]\((?!https?:)([\w./-]*)#?([\w-]*)\)", text):
            assert (DOCS / (target or f"{page}.md")).is_file(), f"docs/{page}.md links to {target}"
            headings = re.findall(r"^#+ (.*)$", PAGES.get(target.removesuffix(".md") or page, ""), flags=re.M)
            slugs = {re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
            assert not anchor or anchor in slugs, f"docs/{page}.md links to {target}#{anchor}"


def test_the_benchmarks_have_one_place():
    assert len(re.findall("<!-- benchmarks -->.*<!-- /benchmarks -->", PAGES["performance"], flags=re.S)) == 1
    marks = re.findall("<!-- (.*?) -->", PAGES["performance"])
    assert marks == ["benchmarks", "/benchmarks", "predict", "/predict"]


#: Lists of callers and callees go out of date unnoticed; the import contracts say who may call whom.
CALLERS = re.compile(r"\b([Cc]alled by|[Uu]sed by `|[Cc]alls nothing)|; calls ")


def docstrings(text):
    """Return the docstrings of a module, its classes and its functions."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]


def test_no_page_or_docstring_lists_callers():
    texts = {path: [path.read_text(encoding="utf-8")] for path in [*DOCS.glob("*.md"), *DOCS.parent.glob("*.md")]}
    for path in (DOCS.parent / "src").rglob("*.py"):
        texts[path] = docstrings(path.read_text(encoding="utf-8"))
    assert [str(path) for path, parts in texts.items() if any(CALLERS.search(" ".join(p.split())) for p in parts)] == []
