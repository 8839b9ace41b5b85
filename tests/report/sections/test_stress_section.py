"""The report's section on shifts: what it shows of a stress validation, and what it says where there is none."""

import json

import pytest

from chestnut.errors import DataError
from chestnut.report.pages.run import write_run_page


def figure(value):
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "undefined": 0}


def figures(auroc, **more):
    return {key: figure(auroc) for key in ("auroc", "drop", "sensitivity", "specificity")} | more


@pytest.fixture
def stressed(finished):
    """A run with a stress validation written by hand; gives its content and how to write the page."""
    rates = {"sensitivity": figure(0.7), "specificity": figure(0.6), "condition": ""}
    point = {"plain": rates, "mean": rates, "worst": rates | {"condition": "blur"}, "external": None}
    evaluation = {
        "images": 40, "patients": 20, "classes": ["NORMAL", "PNEUMONIA"], "positive": "PNEUMONIA", "threshold": 0.5,
        "counts": {}, "metrics": figures(0.71), "per_class": {}, "confusion": [[15, 5], [5, 15]],
        "resamples": 2000, "seed": 0,
        "notes": ["left out 3 images of odd"],
    }  # fmt: skip
    held = {
        "partial": False, "resamples": 2000,
        "images": 60, "patients": 30, "seed": 0, "plain": figures(0.95), "mean": figures(0.85), "worst": "blur",
        "shifts": [figures(0.8, name="blur", summary="soft"), figures(0.9, name="noise", summary="rough")],
        "shortcut": {"sentence": "Brightness alone reaches 0.9."},
        "operating_points": {"goal": "balanced", "points": [point | {"rule": "stress", "threshold": 0.8125}]},
        "external": evaluation | {"data": "/data/elsewhere", "overlap": {"train": 4, "val": 0, "test": 0}},
    }  # fmt: skip
    left_out = [{"source": "north", "borrowed": {"NORMAL": 7}, "why": "", "evaluation": evaluation},
                {"source": "south", "borrowed": {}, "why": "without it nothing", "evaluation": None}]  # fmt: skip
    folder = finished.run.evaluation("stress")
    folder.mkdir(parents=True)
    (folder / "stress.json").write_text(json.dumps(held))
    (folder / "sources.json").write_text(json.dumps({"sources": left_out}))
    return finished.run, folder


def test_shifts_stand_from_the_best_to_the_worst_with_all_that_was_asked(stressed, read_page, tmp_path):
    write_run_page(stressed[0], tmp_path / "report.html")
    text = read_page(tmp_path / "report.html").text
    assert text.index("noise rough") < text.index("blur soft")
    assert "percentiles of 2,000 resamples of patients, which are too narrow" in text, "the way of an early version"
    for part in (
        "The 60 validation images of 30 patients",
        "Brightness alone reaches 0.9.",
        "Worst shift: blur",
        "Images of another scanner may be decided wrongly.",
        "sensitivity is 0.800 instead of 0.950, specificity is 0.800 instead of 0.950, and AUROC is 0.800",
        "on the shifts: 0.8125",
        "Worst: blur",
        "Other data set: 4 of 40 images were used in training",
        "left out 3 images of odd",
        "north 7 of NORMAL from other sources 40",
        "south without it nothing not trained",
    ):
        assert part in text, part


def test_a_run_without_one_is_told_how_to_make_it(finished, read_page, tmp_path):
    write_run_page(finished.run, tmp_path / "report.html")
    assert "chestnut stress cnn-small-1" in read_page(tmp_path / "report.html").text


def test_a_file_that_holds_something_else_is_refused(stressed, tmp_path):
    (stressed[1] / "stress.json").write_text("{}")
    with pytest.raises(DataError, match=r"is damaged: images: field required; .* make it again by chestnut stress"):
        write_run_page(stressed[0], tmp_path / "report.html")


def test_a_validation_under_all_shifts_has_a_mean(stressed, tmp_path):
    change(stressed[1], lambda held: held.update(mean=None))
    with pytest.raises(DataError, match=r"stress\.json is damaged: mean: it is null, though all shifts were made"):
        write_run_page(stressed[0], tmp_path / "report.html")


@pytest.mark.parametrize(("overlap", "title"), [
    ({"train": 0, "val": 0, "test": 0}, "External data set"), (None, "Other data set, overlap not recorded"),
])  # fmt: skip
def test_data_are_external_where_the_run_knows_none_of_them(stressed, read_page, tmp_path, overlap, title):
    change(stressed[1], lambda held: held["external"].update(overlap=overlap))
    write_run_page(stressed[0], tmp_path / "report.html")
    assert title in read_page(tmp_path / "report.html").text


def test_some_shifts_have_no_mean_whoever_wrote_them(stressed, read_page, tmp_path):
    run, folder = stressed
    change(folder, lambda held: held.pop("partial"))  # as it was before some shifts had a folder of their own
    write_run_page(run, tmp_path / "report.html")
    text = read_page(tmp_path / "report.html").text
    assert "Under some of the shifts" in text and "noise rough" in text
    assert "Mean" not in text[text.index("Under some of the shifts") :] and "Brightness alone" not in text


def test_lost_lungs_are_counted_under_every_shift(stressed, read_page, tmp_path):
    run, folder = stressed
    write_run_page(run, tmp_path / "report.html")
    assert "Lungs lost" not in read_page(tmp_path / "report.html").text
    change(folder, lambda held: (held.update(lungs_lost=2), [one.update(lungs_lost=1717) for one in held["shifts"]]))
    write_run_page(run, tmp_path / "report.html")
    text = read_page(tmp_path / "report.html").text
    assert "Lungs lost: the images whose lungs were not found under the shift" in text and "2 without any shift" in text
    assert text.count("1,717") == 2


def test_all_shifts_of_an_earlier_version_keep_their_mean(stressed, read_page, tmp_path):
    run, folder = stressed
    early = [figures(0.8, name=f"early-{number}", summary="soft") for number in range(21)]
    change(folder, lambda held: (held.pop("partial"), held.update(shifts=early)))
    write_run_page(run, tmp_path / "report.html")
    text = read_page(tmp_path / "report.html").text
    assert "Mean over the 21 shifts" in text and "Under some of the shifts" not in text


def change(folder, edit):
    held = json.loads((folder / "stress.json").read_text())
    edit(held)
    (folder / "stress.json").write_text(json.dumps(held))
