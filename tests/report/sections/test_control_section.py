"""The report's section on control experiments: those on the data of the run, and no others."""

import json

import pytest
from PIL import Image

from chestnut.config import load_recipe
from chestnut.errors import DataError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.report.pages.run import write_run_page
from chestnut.studies.comparison.arms import make_arms
from chestnut.studies.comparison.control import Arm, Control
from chestnut.studies.comparison.control_folder import ControlFolder
from chestnut.studies.comparison.plan import ComparisonPlan, ControlTerms, Terms


@pytest.fixture
def control(finished):
    """Write a control experiment beside a run; takes its name and the folder of its data."""

    def write(name, root="/data/chest"):
        folder = ControlFolder(finished.run.path.parent / name)
        folder.figures.mkdir(parents=True)
        facts = json.loads(finished.run.facts_file.read_text()) | {"root": root}
        (folder.path / "data.json").write_text(json.dumps(facts))
        plan = ComparisonPlan(make_arms(load_recipe("mlp")), Terms(epochs=5), "0", 2, control=ControlTerms("mlp", 3))
        folder.plan_file.write_text(json.dumps(plan.to_dict()))
        arms = tuple(Arm(sees, f"part {sees}", 1, Estimate(0.95, 0.9, 0.98)) for sees in ("a", "b"))
        found = Control("mlp", f"The sentence of {name}.", None, arms, (), 810, 445, 3, 0, (), ())
        folder.control_file.write_text(json.dumps(found.to_dict()))
        Image.new("L", (900, 300), 200).save(folder.arms_figure)
        return folder

    return write


def test_experiments_on_the_same_data_are_shown(finished, control, read_page):
    control("control-1")
    control("control-2", root="/data/elsewhere")
    write_run_page(finished.run, finished.run.report_file)
    page = read_page(finished.run.report_file)
    assert "The sentence of control-1." in page.text and "The sentence of control-2." not in page.text
    assert "Control experiment" in page.text and "810 validation images of 445 patients" in page.text
    assert "part a 0.950 0.900–0.980" in page.text and "This run is one of them" not in page.text


def test_a_run_without_an_experiment_has_no_section(finished, read_page):
    write_run_page(finished.run, finished.run.report_file)
    assert "Control experiment" not in read_page(finished.run.report_file).text


def test_a_damaged_experiment_is_named(finished, control):
    folder = control("control-1")
    folder.control_file.write_text("{}")
    with pytest.raises(DataError, match=r"control-1.*make it again by chestnut control --resume"):
        write_run_page(finished.run, finished.run.report_file)
    assert not finished.run.report_file.exists()
