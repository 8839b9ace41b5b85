"""The public names, what importing costs, and the notebook that shows them."""

import subprocess
import sys
from pathlib import Path

import pytest

import chestnut as cn

NAMES = [
    *("ChestnutError", "Columns", "Evaluation", "Manifest", "Recipe", "Run", "audit", "compare", "crossval"),
    *("ensemble", "evaluate", "folds", "list_runs", "load_dataset", "load_recipe", "open_run", "recipe_names", "split"),
    *("train", "tune", "write_phantom"),
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
    tiny = ("input.height=32", "input.width=32", "model.filters=[4]", "model.dense=[8]", "train.epochs=2")
    settings = (*tiny, "train.precision=float32", "data.fractions=[0.6,0.2,0.2]")
    return cn.train(data, "cnn-small", settings=settings, path=folder / "run")


def test_a_run_in_a_few_lines(run):
    result = run.evaluate("test")
    assert result.classes == ("NORMAL", "PNEUMONIA")
    assert result.metrics["auroc"].low <= result.metrics["auroc"].value <= result.metrics["auroc"].high
    assert len(run.history) == 2
    assert run.diagnose().epochs == 2
    assert run.report().read_text().startswith("<!")
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
