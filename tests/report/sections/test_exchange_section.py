"""The report's words, tile and table on an exchange test."""

import json

import pytest

from chestnut.report.pages.run import write_run_page


def figure(value, width=0.01):
    return {"value": value, "low": value - width, "high": value + width, "undefined": 0}


def figures(auroc):
    return {key: figure(auroc) for key in ("auroc", "drop", "sensitivity", "specificity")}


def condition(name, other, same):
    return {
        "name": name, "summary": f"what {name} is", "other": figures(other), "same": figures(same),
        "given_away": figure(same - other, 0.02), "lungs_lost_share": None,
    }  # fmt: skip


@pytest.fixture
def exchanged(finished):
    """Write an exchange test by hand into a run; takes the AUROC with the other class's donors."""

    def write(other, **more):
        held = {
            "images": 58, "patients": 30, "left_out": 2, "donors": 90, "donors_left_out": 1,
            "classes": ["NORMAL", "PNEUMONIA"], "positive": "PNEUMONIA", "threshold": 0.5, "draws": 3, "seed": 0,
            "weights": "ab" * 32, "plain": figures(0.95), "lungs_lost_share": None,
            "conditions": [condition("framing", 0.7, 0.94), condition("all", other, 0.93)],
        }  # fmt: skip
        finished.run.exchange.mkdir(exist_ok=True)
        (finished.run.exchange / "exchange.json").write_text(json.dumps(held | more))
        return finished.run

    return write


def test_the_first_screen_says_what_is_lost_and_the_section_shows_all(exchanged, read_page, tmp_path):
    write_run_page(exchanged(0.43), tmp_path / "report.html")
    text = read_page(tmp_path / "report.html").text
    for part in (
        "With the framing and scanner of the other class, AUROC on validation images is 0.430",
        "of other images of the same class it is 0.930 (0.920–0.940), which is higher by 0.500 (0.480–0.520)",
        "Lost in exchange 0.500",
        "Each of 58 validation images of 30 patients takes over, from 3 training images of the other class",
        "framing what framing is 0.700",
        "2 validation images and 1 training image took no part",
    ):
        assert part in text, part
    assert text.index("Lost in exchange 0.500") < text.index("Audit of the data")


def test_a_loss_that_may_be_chance_is_not_called_a_fall(exchanged, read_page, tmp_path):
    write_run_page(exchanged(0.92), tmp_path / "report.html")
    text = read_page(tmp_path / "report.html").text
    assert "does not measurably rest on how the images of a class were taken" in text
    assert "changes by −0.010 (−0.030 to 0.010)" in text


def test_nothing_is_shown_where_there_was_no_test(finished, read_page, tmp_path):
    write_run_page(finished.run, tmp_path / "report.html")
    text = read_page(tmp_path / "report.html").text
    assert "exchange" not in text.lower()


def test_three_classes_have_another_class_and_a_mean(exchanged, read_page, tmp_path):
    run = exchanged(0.6, classes=["A", "B", "C"], positive=None, threshold=None)
    write_run_page(run, tmp_path / "report.html")
    text = read_page(tmp_path / "report.html").text
    assert "of images of another class, mean AUROC is 0.600" in text
