"""A control experiment: what it says where the classes differ inside the lungs, and where they differ outside."""

import json
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

import chestnut as cn
from blank_pictures import blank_pictures
from chestnut.api.control import resume_control
from chestnut.api.studies import resume_comparison
from chestnut.config import load_recipe
from chestnut.data.phantom.radiograph import stream
from chestnut.errors import DataError, RecipeError, RunError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.files.json_files import read_json
from chestnut.jobs.local_engine import LocalEngine
from chestnut.jobs.run_all import JobOptions
from chestnut.lungfield.find import find_lungs
from chestnut.report.pages.comparison import write_comparison_page
from chestnut.studies.comparison.arms import LUNGS, OUTSIDE, WHOLE, leave_out_without_lungs, make_arms
from chestnut.studies.comparison.compare import compare
from chestnut.studies.comparison.control import Arm, Control, describe_verdict
from chestnut.studies.comparison.control_folder import ControlFolder
from chestnut.studies.comparison.plan import ComparisonFolder, ControlTerms
from inline import Inline

SETTINGS = ("model.costs=[1.0]", "data.fractions=[0.6,0.3,0.1]")


def write_set(folder, where, patients=32, size=96):
    """Draw healthy chests in two classes; those of the second have stripes in a corner or deep in the lungs."""
    faint = np.where(np.arange(size) % 8 < 4, 25, -25)  # too faint to change where the lungs are found
    for image in stream(patients, size=size, seed=5, pneumonia=0):
        pixels, label = image.pixels.copy(), ("NORMAL", "PNEUMONIA")[int(image.patient[-4:]) % 2]
        if label == "PNEUMONIA":
            if where == "corner":
                pixels[:14, :14] = 128 + 5 * faint[:14]
            else:
                deep = cv2.erode(find_lungs(pixels).mask.astype(np.uint8), np.ones((9, 9)))
                pixels = np.clip(pixels + deep * faint, 0, 255).astype(np.uint8)
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / label / f"{image.name}.png")
    return folder


def write_noise(folder, images=6, size=96):
    """Add images without lungs to a class."""
    random = np.random.default_rng(0)
    for number in range(images):
        pixels = random.integers(0, 256, (size, size), np.uint8)
        Image.fromarray(pixels).save(folder / "NORMAL" / f"noise-{number:04}_1.png")


@pytest.fixture(scope="module")
def corner(tmp_path_factory):
    """Images whose class is written into a corner, and six without lungs."""
    folder = write_set(tmp_path_factory.mktemp("corner") / "images", "corner")
    write_noise(folder)
    return folder


@pytest.fixture
def engine(monkeypatch):
    """Jobs run in this process; gives the engine."""
    engine = Inline()
    monkeypatch.setattr(LocalEngine, "sized", lambda *given: engine)
    return engine


@pytest.fixture
def undrawn():
    """Pictures are blank: drawing them takes most of the time of small runs."""
    with blank_pictures():
        yield


def test_the_arms_differ_in_what_they_see_alone():
    recipe = load_recipe("cnn-small", ["input.frame=lungs", "input.margin=0.1", "optim.learning_rate=0.01"])
    whole, lungs, outside = (arm.recipe for arm in make_arms(recipe))
    seen = [(one.input.frame, one.input.outside, one.input.inside) for one in (whole, lungs, outside)]
    assert seen == [("whole", "keep", "keep"), ("lungs", "blank", "keep"), ("whole", "keep", "blank")]
    plain = ["input.frame=whole", "input.outside=keep", "input.inside=keep"]
    assert {one.changed(plain).to_toml() for one in (whole, lungs, outside)} == {recipe.changed(plain).to_toml()}
    assert lungs.input.margin == 0.1


@pytest.mark.parametrize("key", ["outside", "inside"])
def test_a_recipe_that_blanks_images_itself_is_refused(key):
    with pytest.raises(RecipeError, match=f"mlp has input.{key} = blank.* give input.{key}=keep"):
        make_arms(load_recipe("mlp", [f"input.{key}=blank"]))


def test_images_without_lungs_are_left_out_of_all_arms(tmp_path):
    images = write_set(tmp_path / "images", "corner", patients=4)
    write_noise(images, 2)
    data = cn.load_dataset(images)
    kept = leave_out_without_lungs(data, make_arms(load_recipe("hog-logistic")))
    assert [path for path in kept.paths if "noise" in path] == []
    assert len(kept) == len(data) - 2
    assert f"lungs not found in 2 of {len(data)} images, which are left out: " in kept.notes[-1]
    assert "noise-0000_1.png" in kept.notes[-1]


def test_a_class_without_lungs_is_refused(tmp_path):
    shutil.rmtree(write_set(tmp_path / "images", "corner", patients=2) / "NORMAL")
    (tmp_path / "images" / "NORMAL").mkdir()
    write_noise(tmp_path / "images")
    with pytest.raises(DataError, match=r"lungs were found in 0 of 6 images of NORMAL, and a control .* at least 50%"):
        leave_out_without_lungs(cn.load_dataset(tmp_path / "images"), make_arms(load_recipe("hog-logistic")))


@pytest.mark.parametrize(
    ("outside", "share", "said"),
    [
        (
            Estimate(0.97, 0.96, 0.98),
            Estimate(0.952, 0.931, 0.968),
            "inside of the lungs reaches AUROC 0.970 (0.960–0.980); one that sees whole images 0.995 (0.990–0.999); "
            "one that sees the lungs alone 0.985 (0.980–0.990). So 95 % (93–97 %) of the AUROC above chance (0.5) can "
            "be had without the lungs.",
        ),
        (
            Estimate(0.99, 0.98, 1),
            Estimate(0.998, 0.991, 1.004),
            "can be had without the lungs: 100 % (99–100 %) of it.",
        ),
        (Estimate(0.53, 0.48, 0.58), Estimate(0.06, -0.04, 0.16), "So these patients show nothing outside the lungs"),
        (Estimate(0.97, 0.96, 0.98), Estimate(None), "Whole images are not above chance (0.5)"),
        (None, None, "incomplete: no network that sees all but the lungs has been trained"),
    ],
)
def test_the_sentence_says_what_the_figures_mean(outside, share, said):
    figures = {WHOLE: Estimate(0.995, 0.99, 0.999), LUNGS: Estimate(0.985, 0.98, 0.99), OUTSIDE: outside}
    sees = {WHOLE: "whole images", LUNGS: "the lungs alone", OUTSIDE: "all but the lungs"}
    assert said in describe_verdict({name: Arm(name, sees[name], 1, one) for name, one in figures.items()}, share)


@pytest.fixture(scope="module")
def made(corner, tmp_path_factory):
    """A control experiment on the images with a marked corner: its result, and the names of the jobs."""
    with pytest.MonkeyPatch.context() as patch:
        engine = Inline()
        patch.setattr(LocalEngine, "sized", lambda *given: engine)
        path = tmp_path_factory.mktemp("control") / "one"
        return cn.control(corner, "hog-logistic", settings=SETTINGS, path=path, quiet=True), engine.done


@pytest.mark.slow
def test_classes_that_differ_outside_the_lungs(made):
    result, done = made
    assert done == ["whole-image-s0", "lungs-alone-s0", "outside-lungs-s0"]
    figures = {arm.name: arm.auroc.value for arm in result.arms}
    assert figures[WHOLE] > 0.95 and figures[OUTSIDE] > 0.95 and figures[LUNGS] < 0.75
    assert result.share.value > 0.95
    assert "of the AUROC above chance (0.5) can be had without the lungs" in result.sentence
    assert result.recipe == "hog-logistic" and result.left_out >= 6
    assert len(result.pairs) == 3
    assert f"{result.left_out} images in which no lungs were found took no part" in " ".join(result.notes)
    assert "<table" in result._repr_html_() and "<img" in result._repr_html_()
    assert Control.from_dict(json.loads(json.dumps(result.to_dict()))) == result


@pytest.mark.slow
def test_classes_that_differ_inside_the_lungs(tmp_path, engine, undrawn):
    images = write_set(tmp_path / "images", "lungs")
    result = cn.control(images, "hog-logistic", settings=SETTINGS, path=tmp_path / "one", quiet=True)
    figures = {arm.name: arm.auroc.value for arm in result.arms}
    assert figures[WHOLE] > 0.95 and figures[LUNGS] > 0.95 and figures[OUTSIDE] < 0.75
    assert result.share.value < 0.5


@pytest.mark.slow
def test_the_folder_is_that_of_a_comparison_with_a_sentence(made):
    result, _ = made
    folder = ControlFolder(result.path)
    assert folder.plan.control == ControlTerms("hog-logistic", result.left_out)
    assert ComparisonFolder(result.path).plan == folder.plan
    board = read_json(folder.result_file)
    assert board["sentences"][0] == result.sentence and len(board["pairs"]) == 3
    page = folder.page_file.read_text(encoding="utf-8")
    assert "Control experiment" in page and "What each network sees" in page and page.count("<img") == 4
    assert "chestnut control --resume" in page


@pytest.mark.slow
def test_the_same_call_and_every_way_to_resume_train_nothing(made, corner, engine):
    result, _ = made
    assert cn.control(corner, "hog-logistic", settings=SETTINGS, path=result.path, quiet=True) == result
    assert resume_control(result.path, quiet=True) == result
    assert cn.resume(result.path, quiet=True) == result
    assert resume_comparison(result.path, quiet=True).sentences[0] == result.sentence
    assert engine.done == []
    with pytest.raises(RunError, match=r"contains a control experiment that differs in .*; choose another folder"):
        cn.control(corner, "hog-logistic", settings=(*SETTINGS, "input.height=48"), path=result.path, quiet=True)


@pytest.mark.slow
def test_an_experiment_that_was_stopped_trains_what_is_missing(made, tmp_path, undrawn):
    result, _ = made
    folder = ControlFolder(shutil.copytree(result.path, tmp_path / "one"))
    shutil.rmtree(folder.run(OUTSIDE, 0).path)
    for path in (folder.control_file, folder.result_file, folder.page_file):
        path.unlink()
    compare(folder, JobOptions(Inline(die_in=["outside-lungs-s0"])))
    assert "incomplete: no network that sees all but the lungs" in folder.control.sentence
    assert folder.control.share is None and folder.control.arms[2].failed == ("seed 0: it died",)
    write_comparison_page(folder, folder.page_file)
    engine = Inline()
    compare(folder, JobOptions(engine))
    assert engine.done == ["outside-lungs-s0"]
    assert folder.control == result


@pytest.mark.slow
def test_a_comparison_is_not_taken_for_a_control_experiment(made, tmp_path):
    result, _ = made
    copy = shutil.copytree(result.path, tmp_path / "one")
    values = read_json(copy / "plan.json")
    del values["control"]
    (copy / "plan.json").write_text(json.dumps(values))
    with pytest.raises(RunError, match=r"contains a comparison, no control experiment.*chestnut compare --resume"):
        resume_control(copy, quiet=True)
    plan = ComparisonFolder(copy).plan
    manifest = ControlFolder(result.path).manifest
    with pytest.raises(RunError, match="differs in whether it is a control experiment"):
        ComparisonFolder.begin(result.path, plan, manifest)
