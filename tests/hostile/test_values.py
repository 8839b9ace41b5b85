"""Hostile values in options, recipes and names: each is refused in one line, before anything is read or written."""

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from chestnut import cli
from chestnut.config import AugmentConfig, Recipe, load_recipe
from chestnut.data.augmented_copies import Job, write_copies
from chestnut.data.manifest import Manifest
from chestnut.data.sources.load import load_dataset
from chestnut.errors import DataError, DeviceError, RecipeError, RunError
from chestnut.inference.evaluate import name_evaluation
from chestnut.names import class_fault, make_name, name_fault, printable
from chestnut.runs.places import free_folder, named_folder, require_free
from chestnut.studies.comparison.plan import ComparisonPlan
from chestnut.studies.comparison.variants import make_variants
from chestnut.studies.leave_source_out import _require_own_folders as require_own_folders
from chestnut.training.distributed.hosts import Hosts

#: What is wrong with a name, and what the message says of it.
BAD_NAMES = {
    "": "it is empty",
    "../../x": "contains /",
    "a/b": "contains /",
    "a\\b": "contains \\",
    "C:x": "contains :",
    "..": "begins with a dot",
    ".hidden": "begins with a dot",
    "-rf": "begins with a dot, a dash",
    " x": "or a blank",
    "x.": "ends with a dot",
    "x ": "ends with a dot or a blank",
    "x" * 300: "300 characters",
    "é" * 101: "101 characters",
    "病" * 90: "90 characters",
    "a\0b": "control character",
    "a\nb": "control character",
    "a\x1b[31mb": "control character",
    "a\u202eb": "unseen mark",
    "a\u200db": "unseen mark",
    "a\udcffb": "not UTF-8",
    "CON": "Windows",
    "nul.txt": "Windows",
    "lpt1": "Windows",
}
GOOD_NAMES = ["cnn-small-1", "No finding", "COVID-19", "Épanchement", "肺炎", "a=1e-3", "x" * 100, "console", "nullius"]
#: Texts like those above and any other, to find one that is taken and should not be.
TEXTS = st.text(max_size=120) | st.text(st.sampled_from("./\\~:-aC \0\n\x1b\u202e\udcff"), max_size=8)


@pytest.fixture
def refused(chestnut, tmp_path):
    """Call a command line that must be refused in one line, with nothing written; gives the line."""

    def found():
        return {*tmp_path.parent.iterdir(), *tmp_path.rglob("*")}

    def run(*words):
        before = found()
        status, out, said = chestnut(*words)
        assert status == 2, said
        assert out == "" and "Traceback" not in said
        assert found() == before
        return said

    return run


@pytest.fixture
def images(tmp_path):
    """A data set of two classes."""
    random = np.random.default_rng(0)
    for label in ("NORMAL", "PNEUMONIA"):
        (tmp_path / "images" / label).mkdir(parents=True)
        for number in range(3):
            pixels = random.integers(0, 256, (40, 40), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / label / f"{label}-{number}.png")
    return tmp_path / "images"


@pytest.mark.parametrize("name", BAD_NAMES, ids=[ascii(name[:8]) for name in BAD_NAMES])
def test_a_name_that_could_lead_elsewhere_is_refused_everywhere(name, tmp_path):
    assert BAD_NAMES[name] in name_fault(name)
    with pytest.raises(RunError, match="the name"):
        named_folder(tmp_path, name)
    with pytest.raises(RecipeError, match="the recipe's name"):
        load_recipe(Recipe(name=name, model={"network": "mlp"}))


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_an_ordinary_name_is_taken(name, tmp_path):
    require_free(named_folder(tmp_path, name))
    assert load_recipe(Recipe(name=name)).name == name
    assert class_fault(name) is None


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_no_name_that_is_taken_leads_outside_its_folder(name):
    parent = Path("/nowhere/runs")
    made = make_name(name, "other")
    assert name_fault(made) is None
    if name_fault(name) is None:
        for path in (named_folder(parent, name), free_folder(parent, name)):
            assert Path(str(path)).parent == parent and Path(f"{parent}/{name}/..").parts[-2] == name
            assert path.resolve().parent == parent.resolve()


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_no_text_that_is_shown_can_steer_a_terminal(text):
    shown = printable(text)
    assert not any(unicodedata.category(mark) in ("Cc", "Cs") for mark in shown.replace("\t", "").replace("\n", ""))
    shown.encode()
    assert printable(shown) == shown


COMMANDS = {
    "train": ("train", "images", "--name", "../../x"),
    "train, recipe": ("train", "images", "--set", "name='../../x'"),
    "train, control": ("train", "images", "--set", 'name="a\\u001bb"'),
    "compare": ("compare", "images", "--recipes", "mlp,cnn-small", "--name", "../x"),
    "control": ("control", "images", "--recipe", "mlp", "--name", "../x"),
    "crossval": ("crossval", "images", "--recipe", "mlp", "--name", "a/b"),
    "crossval, recipe": ("crossval", "images", "--recipe", "mlp", "--set", "name=.x"),
    "tune": ("tune", "images", "--recipe", "cnn-search", "--name", "x" * 300),
    "ensemble": ("ensemble", "a", "b", "--name", "../x"),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_commands_refuse_a_bad_name_before_they_read_or_write(refused, images, case):
    said = refused(*COMMANDS[case])
    assert "error: the " in said and "name" in said and "give a name of at most" in said and len(said) < 400


def test_a_recipe_file_may_not_name_its_runs_badly(refused, images, tmp_path):
    (tmp_path / "mine.toml").write_text('name = "../../x"\n[model]\nnetwork = "mlp"\n')
    assert "the recipe's name '../../x'" in refused("train", images, "--recipe", tmp_path / "mine.toml")


def test_a_plan_that_was_edited_names_no_folder_elsewhere():
    values = {"variants": [{"name": "../../x", "recipe": 'name = "a"'}], "threads": 1, "images": ""}
    terms = {"fraction": 1.0, "repeats": 1, "epochs": 1, "seed": 0}
    with pytest.raises(RunError, match="does not name a variant"):
        ComparisonPlan.from_dict({"format": 1, **values, **terms}, "plan.json")


def test_a_variant_of_many_values_has_a_name_of_usable_length():
    fields = ("model.dropout=0.1,0.2", "optim.learning_rate=1e-3,1e-4", "optim.weight_decay=0.01,0.02")
    more = ("train.batch_size=16,32", "loss.label_smoothing=0.1,0.2", "optim.momentum=0.1,0.2")
    names = [variant.name for variant in make_variants(["cnn-small"], grid=(*fields, *more))]
    assert len(names) == len(set(names)) == 64 and max(map(len, names)) <= 80


@pytest.mark.parametrize("label", ["a\x1b[31mb", "x" * 300, "a\u202eb", "NORMAL\u200b", "a\nb", "\x00"])
def test_a_class_name_that_no_table_can_show_is_refused(label, tmp_path):
    rows = [{"path": str(tmp_path / name), "label": name, "patient": name} for name in (label, "NORMAL")]
    with pytest.raises(DataError, match=r"the class .* cannot be used") as refused:
        Manifest.build(rows, tmp_path)
    assert printable(str(refused.value)) == str(refused.value) and len(str(refused.value)) < 500


@pytest.mark.parametrize("label", ["../../x", "a/b", "..", "CON", "-x"])
def test_a_class_name_is_a_folder_of_copies_only_if_it_stays_inside(label, images, tmp_path):
    table = tmp_path / "table.csv"
    files = sorted(images.rglob("*.png"))
    table.write_text("path,label\n" + "".join(f"{path},{('NORMAL', label)[i % 2]}\n" for i, path in enumerate(files)))
    manifest = load_dataset(table)
    assert label in manifest.classes
    with pytest.raises(DataError, match="cannot name the folder of its copies"):
        write_copies(manifest, tmp_path / "out" / "copies", Job(changes=AugmentConfig(rotation=5)))
    assert not (tmp_path / "out").exists()


def test_classes_whose_accents_are_encoded_in_two_ways_are_one_class(images):
    random = np.random.default_rng(1)
    for form in ("NFC", "NFD"):
        folder = images / unicodedata.normalize(form, "Épanchement")
        folder.mkdir()
        Image.fromarray(random.integers(0, 256, (40, 40), dtype=np.uint8)).save(folder / f"{form}.png")
    manifest = load_dataset(images)
    assert len(manifest.classes) == 3 and any("combined as" in note for note in manifest.notes)


def test_an_evaluation_of_other_data_never_takes_the_place_of_the_runs_own(tmp_path):
    for name in ("test", "stress", "stress-partial", "...", "病院", "x" * 200):
        other = Manifest.build([{"path": "a", "label": "b", "patient": "c"}], tmp_path / name)
        made = name_evaluation(other, "test")
        assert name_fault(made) is None and made not in ("train", "val", "test", "stress", "stress-partial")


def test_sources_that_would_share_a_folder_are_refused():
    require_own_folders(["A", "B"])
    with pytest.raises(DataError, match="too much alike"):
        require_own_folders(["A/B", "a-b"])


BIG = "9" * 5000
DEEP = 3000 * "[" + 3000 * "]"
#: A setting, and what the message says of it.
BAD_SETTINGS = {
    f"train.epochs={BIG}": "a whole number is too large",
    f"train.epochs=0x{BIG}": "a whole number is too large",
    f"train.epochs={10**30}": "a whole number is too large",
    "train.epochs=1e5000": "valid integer",
    "optim.learning_rate=1e5000": "finite number",
    "optim.learning_rate=nan": "finite number",
    f"optim.learning_rate={'9' * 5000}.0": "finite number",
    f"model.filters={DEEP}": "nested too deeply",
    f"model.filters=[{30 * '['}{30 * ']'}]": "nested too deeply",
    f"seed={2**32}": "less than or equal to",
    f"model.filters.{BIG}=3": "the list has items 0 to",
    f"{'a.' * 3000}b=1": "nested too deeply",
    f"a{'x' * 50_000}=1": "no key",
    f"optim.name={'x' * 50_000}": "input should be",
    "search.optim.momentum={float=[-1e308, 1e308], step=0.1}": "steps of 0.1",
    f"search.optim.momentum={{float=[0, {BIG}]}}": "a whole number is too large",
    "search.train.epochs={int=[1, 2], step=1e400}": "valid integer",
    "=": "write key=value",
    "train.epochs=1979-05-27": "give text, a number",
    "train.epochs=1\ntrain.batch_size=2": "valid integer",
}


@pytest.mark.parametrize("setting", BAD_SETTINGS, ids=[setting[:30] for setting in BAD_SETTINGS])
def test_a_hostile_setting_is_refused_in_one_short_line(setting):
    with pytest.raises(RecipeError) as refused:
        load_recipe("cnn-small", [setting])
    said = str(refused.value)
    assert BAD_SETTINGS[setting] in said and len(said) < 700


def test_a_hostile_setting_is_refused_by_commands(refused):
    for setting in (f"train.epochs={BIG}", f"model.filters={DEEP}"):
        said = refused("train", "images", "--set", setting)
        assert said.startswith("error: ") and len(said.splitlines()) == 1


def test_the_same_values_are_refused_in_every_form():
    values = {"name": "a", "train": {"epochs": 10**5000}}
    with pytest.raises(RecipeError, match="a whole number is too large"):
        Recipe.from_dict(values)
    deep = []
    for _ in range(3000):
        deep = [deep]
    with pytest.raises(RecipeError, match="nested too deeply"):
        Recipe.from_dict({"name": "a", "model": {"filters": deep}})
    for text in (f"[train]\nepochs = {BIG}", f"x = {DEEP}", f"x{'.x' * 3000} = 1"):
        with pytest.raises(RecipeError, match=r"too large|too deeply"):
            Recipe.from_toml(f'name = "a"\n{text}')
    for grid in (f"train.batch_size=1,{BIG}", f"model.filters=[1],{DEEP}"):
        with pytest.raises(RecipeError, match=r"too large|too deeply"):
            make_variants(["cnn-small"], grid=[grid])


#: How a recipe file is spoilt, and what the message says of it.
BAD_FILES = {
    "empty": (lambda path: path.write_text(""), "name: field required"),
    "binary": (lambda path: path.write_bytes(bytes(range(256))), "not UTF-8 text"),
    "NUL": (lambda path: path.write_bytes(b'name = "a\0"\n'), "not valid TOML"),
    "Latin": (lambda path: path.write_bytes('name = "é"'.encode("latin-1")), "not UTF-8 text"),
    "duplicate keys": (lambda path: path.write_text('name = "a"\nname = "b"'), "not valid TOML"),
    "huge": (lambda path: path.write_bytes(b"#" * 1_000_001), "1,000,001 bytes"),
    "a folder": (lambda path: path.mkdir(), "not a regular file"),
    "a pipe": (os.mkfifo, "not a regular file"),
    "a broken link": (lambda path: path.symlink_to("nowhere"), "no recipe file"),
    "a link in a circle": (lambda path: path.symlink_to(path), "cannot read the recipe"),
    "deep": (lambda path: path.write_text(f"x = {DEEP}"), "nested too deeply"),
    "big": (lambda path: path.write_text(f"seed = {BIG}"), "too large"),
    "steering": (lambda path: path.write_text('name = "a"\n"\\u001b[2J" = 1'), r"no key '\x1b[2J'"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_hostile_recipe_file_is_refused(tmp_path, case):
    spoil, said = BAD_FILES[case]
    spoil(tmp_path / "mine.toml")
    with pytest.raises(RecipeError) as refused:
        load_recipe(tmp_path / "mine.toml")
    assert said in str(refused.value) and len(str(refused.value)) < 700 and "\x1b" not in str(refused.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_recipe_file_without_permission(refused, tmp_path):
    (tmp_path / "mine.toml").write_text('name = "a"')
    (tmp_path / "mine.toml").chmod(0)
    assert "permission denied" in refused("train", "images", "--recipe", tmp_path / "mine.toml")


def test_names_of_recipes_and_paths_that_no_system_has(refused):
    for recipe in ("x" * 5000, f"{'x' * 5000}.toml", f"{'x/' * 3000}x.toml", "nowhere/x.toml"):
        said = refused("train", "images", "--recipe", recipe)
        assert "recipe" in said and len(said.splitlines()) == 1 and len(said) < 900


def test_a_recipe_may_begin_with_the_mark_of_an_editor(tmp_path):
    (tmp_path / "mine.toml").write_text('name = "mine"\n', encoding="utf-8-sig")
    assert load_recipe(tmp_path / "mine.toml").name == "mine"


#: A word for each argument that a command cannot do without; nothing of that name exists.
ARGUMENTS = {
    "import": ("gone.h5", "--classes", "A,B", "--scale", "0-1"),
    "demo": (),
    "plan": ("--sensitivity", "0.9"),
    "phantom": ("new",),
    "augment": ("gone", "copies"),
    "compare": ("gone", "--recipes", "mlp,cnn-small"),
    "tune": ("gone", "--recipe", "cnn-search"),
    "diagnose": ("gone", "--lr-range"),
    "cache": ("--clean",),
    "ensemble": ("gone", "--recipe", "mlp"),
    "predict": ("gone", "gone"),
    "activations": ("gone", "gone"),
    "threshold": ("gone", "--rule", "youden"),
    "listen": ("gone", "--to", "results"),
    "test": ("gone", "gone"),
}
NUMBERS = [
    (command.name, parameter.opts[0], parameter.type_descriptor.annotation)
    for command in typer.main.get_command(cli.app).commands.values()
    for parameter in command.params
    if parameter.type_descriptor.annotation in (int, float)
]
#: Numbers that no option takes.
WRONG = {int: ("-1", BIG, str(10**12)), float: ("-1", "nan", BIG)}
#: Numbers that may be 0, where nothing else stops the command.
WITH_ZERO = {
    ("plan", "--icc"),
    ("demo", "--seed"),
    ("phantom", "--seed"),
    ("phantom", "--pneumonia"),
    ("cache", "--older-than"),
}
#: Commands that open a run first: their numbers are checked after it, and before any image is read.
OF_RUNS = (
    *("finetune", "export", "evaluate", "threshold", "exchange", "stress", "predict", "guard", "embed"),
    "activations",
)


@pytest.mark.slow
def test_every_number_that_is_wrong_is_refused_before_anything_is_read(refused):
    for command, option, kind in NUMBERS:
        for number in WRONG[kind]:
            said = " ".join(refused(command, *ARGUMENTS.get(command, ("gone",)), option, number).split())
            field = option.removeprefix("--").replace("-", "_")
            named = option in said or f".{field}: " in said or f"error: {field}: " in said
            assert named or (command in OF_RUNS and "no run folder gone" in said), (command, option, number, said)


@pytest.mark.slow
def test_zero_is_refused_or_makes_sense(chestnut):
    for command, option, _ in NUMBERS:
        if (command, option) not in WITH_ZERO:
            status, _, said = chestnut(command, *ARGUMENTS.get(command, ("gone",)), option, 0)
            assert status == 2 and "Traceback" not in said, said


def test_an_empty_word_is_refused_since_it_would_mean_the_working_directory(refused):
    for words in (("info", ""), ("report", ""), ("train", "images", "--name", ""), ("runs", "")):
        assert f"argument {len(words)} is empty" in refused(*words)


@pytest.mark.parametrize("pattern", ["(", "(a{99999999999})", 3000 * "(" + 3000 * ")", "x" * 5000])
def test_a_pattern_that_is_none_is_refused(images, pattern):
    with pytest.raises(DataError, match="the patient pattern") as refused:
        load_dataset(images, patient_regex=pattern)
    assert len(str(refused.value)) < 500


def test_more_variants_than_anybody_trains_are_refused_before_they_are_made():
    grid = [f"{key}={','.join(map(str, range(1, 400)))}" for key in ("train.batch_size", "train.epochs", "seed")]
    with pytest.raises(RecipeError, match=r"all variants share"):
        make_variants(["mlp"], grid=grid)
    with pytest.raises(RecipeError, match=r"318,402 variants to compare; .* at most 1,000"):
        make_variants(["mlp", "cnn-small"], grid=[grid[0], grid[0].replace("train.batch_size", "train.passes")])


@pytest.mark.parametrize("port", ["x", "65536", "9" * 5000, ""])
def test_a_coordinator_without_a_port_of_a_machine_is_refused(port):
    with pytest.raises(DeviceError, match="ADDRESS:PORT"):
        Hosts(f"10.0.0.1:{port}", 2, 0)
    with pytest.raises(DeviceError, match="hosts=1000000000: give 2 to 100000"):
        Hosts("10.0.0.1:29400", 10**9, 0)


def test_a_very_long_word_is_cut_in_an_error(refused):
    assert len(refused("split", "x" * 5000)) < 400


def test_numbers_that_would_draw_forever_are_refused(refused):
    assert "--patients 1000000000000: give 2 to 100000" in refused("phantom", "new", "--patients", 10**12)
    assert "--threads 1000000000: give 1 to 4096" in refused("train", "gone", "--threads", 10**9)
    assert "--devices 1000000000: give 1 to 1024" in refused("train", "gone", "--devices", 10**9)
    assert "--size 999999999: give 32 to 2048" in refused("phantom", "new", "--size", 999_999_999)
