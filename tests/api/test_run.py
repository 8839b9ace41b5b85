"""The public names, what importing costs, and the notebook that shows them."""

import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import chestnut as cn
from chestnut.runs.ledger import Look

SETTINGS = (
    *("input.height=32", "input.width=32", "model.filters=[4]", "model.dense=[8]", "train.epochs=2"),
    *("train.precision=float32", "data.fractions=[0.6,0.2,0.2]"),
)
NAMES = [
    *("ChestnutError", "Columns", "Evaluation", "Manifest", "Recipe", "Run", "__version__", "audit", "augment"),
    *(
        "cache_entries",
        "clean_cache",
        "compare",
        "compare_runs",
        "control",
        "crossval",
        "describe_system",
        "draw_predictions",
        "ensemble",
        "evaluate",
        "export_run",
        "fetch",
        "folds",
    ),
    *(
        "import_model",
        "label_errors",
        "layers",
        "list_runs",
        "listen",
        "load_dataset",
        "load_recipe",
        "lr_range",
        "lungs",
        "open_run",
        "phantom",
        "plan",
        "predict",
        "predict_csv",
        "recipe_names",
        "resume",
        "serve_runs",
        "show",
    ),
    *("split", "stress", "table_one", "train", "train_ensemble", "tune", "write_pdf", "write_phantom", "write_study"),
]


def test_public_names_are_these_and_all_resolve():
    assert cn.__all__ == NAMES
    assert all(getattr(cn, name) is not None for name in NAMES)
    assert all(getattr(cn, name).__doc__ for name in NAMES)
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        cn.trian  # noqa: B018


@pytest.mark.parametrize("program", ["import chestnut", "import chestnut.cli"])
def test_importing_loads_nothing_heavy(program):
    heavy = "{'keras', 'tensorflow', 'matplotlib', 'sklearn', 'pandas', 'scipy', 'cv2', 'pydicom'}"
    answer = subprocess.run(
        [sys.executable, "-c", f"{program}; import sys; print({heavy} & set(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "set()"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    cn.write_phantom(folder / "images", 60, size=48)
    data = cn.load_dataset(folder / "images")
    return cn.train(data, "cnn-small", settings=SETTINGS, path=folder / "run", quiet=True)


def test_a_run_in_a_few_lines(run):
    result = run.evaluate("test")
    assert result.classes == ("NORMAL", "PNEUMONIA")
    assert result.metrics["auroc"].low <= result.metrics["auroc"].value <= result.metrics["auroc"].high
    assert len(run.history) == 2
    assert run.diagnose().epochs == 2
    assert run.report().read_text().startswith("<!")
    assert run.report(run.path / "report.html") == run.path / "report.html"
    with pytest.raises(cn.errors.RunError, match="inside the run"):
        run.report(run.path / "bundle" / "model.keras")
    again = cn.open_run(run.path)
    assert again == run
    assert [found.path for found in cn.list_runs(run.path.parent)] == [run.path]


def test_predictions_are_a_table(run):
    images = sorted((run.path.parent / "images" / "NORMAL").glob("*.jpeg"))[:3]
    found = run.predict([*images])
    assert found.frame()["path"].tolist() == [str(path) for path in images]
    assert found.probabilities.sum(axis=1) == pytest.approx(1)


def test_notebooks_get_html(run):
    data = cn.load_dataset(run.path.parent / "images")
    assert "synthetic" in data._repr_html_() and "<table" in data._repr_html_()
    assert "best epoch" in run._repr_html_()
    assert "<table" in run.predict(run.path.parent / "images" / "NORMAL")._repr_html_()


def test_a_look_at_other_data_is_none_at_the_own_test_split(run, tmp_path):
    copy = cn.open_run(shutil.copytree(run.path, tmp_path / "copy"))
    before = copy._repr_html_()
    copy.folder.ledger.enter(Look("2026-01-01T00:00:00+00:00", "a command", "0", 3, "another data set"))
    assert copy._repr_html_() == before


def test_the_version_is_that_of_the_package():
    assert cn.__version__ == version("chestnut")


def test_misspelt_keywords_are_refused(run):
    with pytest.raises(TypeError, match="unexpected keyword 'device'; did you mean 'devices'"):
        cn.train("images", device=2)
    with pytest.raises(TypeError, match="unexpected keyword 'repeat'; did you mean 'repeats'"):
        cn.compare("images", ["mlp", "cnn-small"], repeat=2)
    with pytest.raises(TypeError, match="unexpected keyword 'rotate'"):
        cn.augment("images", "more", rotate=3)
    with pytest.raises(TypeError, match="unexpected keyword 'engines'; did you mean 'engine'"):
        run.predict("images", engines="ray")


@pytest.mark.slow
def test_training_shows_an_epoch_line_unless_it_is_quiet(run, tmp_path, capsys):
    images = run.path.parent / "images"
    settings = [*SETTINGS, "train.epochs=1"]
    cn.train(images, "cnn-small", settings=settings, path=tmp_path / "shown", audited=False)
    assert "Training cnn-small: up to 1 epochs" in (said := capsys.readouterr()).err
    assert "epoch   1  loss " in said.err and said.out == ""
    cn.train(images, "cnn-small", settings=settings, path=tmp_path / "quiet", audited=False, quiet=True)
    said = capsys.readouterr()
    assert "epoch" not in said.err and "Training" not in said.err and said.out == ""


def test_figures_of_a_data_set(run):
    figure = cn.show(run.path.parent / "images", each=2, size=32)
    assert len(figure.axes) >= 4


def test_data_are_made(tmp_path):
    made = cn.phantom(tmp_path / "images", 6, size=32, quiet=True)
    assert sum(made.patients.values()) == 6
    more = cn.augment(tmp_path / "images", tmp_path / "more", copies=2, rotation=3.0, quiet=True)
    assert (more.frame["copy_of"] != "").sum() == 2 * sum(made.images.values())
    with pytest.raises(cn.ChestnutError, match="no public data set 'nothing'"):
        cn.fetch("nothing", tmp_path / "none")


def test_a_run_is_judged_under_a_shift(run):
    found = cn.stress(run, ["gamma-darker"], quiet=True)
    assert list(found.judged.shifts) == ["gamma-darker"]


def test_layers_and_parameters_of_recipes():
    table = cn.layers(cn.load_recipe("mlp", ["input.height=16", "input.width=16", "model.dense=[4]"]))
    assert table["parameters"].sum() == 16 * 16 * 4 + 4 + 4 * 2 + 2
    assert table["layer"].iloc[-1] == "logits"
    assert cn.layers("pca-svm").empty


def test_a_learning_rate_is_suggested(run):
    found = cn.lr_range(run, rates=(1e-5, 1.0), batches=20, quiet=True)
    assert found.suggested is None or 1e-5 < found.suggested < 1


def test_the_cache_is_listed_and_cleaned(run):
    assert any(entry.images for entry in cn.cache_entries())
    assert cn.clean_cache(older_than_days=1000) == 0


def test_what_stands_in_a_folder_is_resumed(run, tmp_path):
    with pytest.raises(cn.ChestnutError, match="has finished"):
        cn.resume(run.path)
    with pytest.raises(cn.ChestnutError, match="contains no run and no study"):
        cn.resume(tmp_path)


@pytest.mark.slow
def test_the_quickstart_notebook_runs(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    path = Path(__file__).parents[2] / "docs" / "examples" / "quickstart.ipynb"
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    text = "".join(str(output) for cell in notebook.cells for output in cell.get("outputs", []))
    assert "AUROC" in text
    assert (tmp_path / "quickstart" / "run" / "report.html").is_file()


def test_no_public_name_is_hidden_by_a_room():
    """Importing `chestnut.room.module` sets the attribute `room` on the package, so no function may share its name."""
    rooms = {item.stem for item in Path(cn.__file__).parent.iterdir() if item.stem != "__init__"}
    assert not rooms & set(cn.__all__)
