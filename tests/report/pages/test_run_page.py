import html
import json
import re
import shlex
import subprocess
import sys

import pytest

from chestnut.errors import DataError, RunError
from chestnut.files.json_files import write_json
from chestnut.report.pages.run import write_run_page

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def page_of(tmp_path, read_page):
    """Write a run's report and read it."""

    def read(made, **options):
        write_run_page(made.run, tmp_path / "report.html", **options)
        return read_page(tmp_path / "report.html")

    return read


def order(text, *parts):
    places = [text.index(part) for part in parts]
    return places == sorted(places)


def test_a_finished_run_is_told_from_headline_to_limits(finished, page_of):
    page = page_of(finished)
    assert "AUROC 0.910 (95 % interval 0.880–0.940) on the test split: 312 images of 120 patients." in page.text
    assert "The test split was looked at once." in page.text
    assert "it decides PNEUMONIA for 80 % (77–83 %) of the PNEUMONIA images" in page.text
    assert re.findall(r'<h2 id="(\w+)"', page.html) == [
        "data", "audit", "recipe", "training", "results", "calibration", "guard", "shifts", "ledger",
        "environment", "limits",
    ]  # fmt: skip
    assert "of epoch 1 of 2" in page.text
    assert "early stopping: no better epoch for as long as the recipe waits" in page.text
    assert "1 min 15 s" in page.text
    assert "3,300,482" in page.text
    assert "note on test" in page.text
    assert "Synthetic" not in page.text
    assert len(page.all("img", "src")) == 2 + 2 * 4


def test_an_undefined_auroc_is_called_undefined(finished, page_of):
    undefined = {"value": None, "low": None, "high": None, "undefined": 2000}
    figures = json.loads((finished.run.evaluation("test") / "metrics.json").read_text())["metrics"]
    finished.evaluate("test", metrics=figures | {"auroc": undefined})
    assert "AUROC is undefined on the test split: 312 images of 120 patients." in page_of(finished).text


def test_counts_are_of_images_and_patients(finished, page_of):
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page_of(finished).html, re.S)
    total = next(row for row in rows if ">Total</th>" in row and "<td>" in row)
    assert re.findall(r"<td>(\d+)", total) == ["3", "1", "2", "6"]
    assert re.findall(r'under">(\d+)', total) == ["2", "1", "1", "3"]


@pytest.mark.parametrize(
    ("auroc", "said"),
    [
        (0.91, "at 0.910 (0.880–0.940) it is not clearly above it"),
        (0.99, "(0.960–1.000) it is, and only images from elsewhere"),
    ],
)
def test_a_shortcut_is_the_first_thing_said(finished, page_of, auroc, said):
    finished.evaluate("test", auroc=auroc)
    page = page_of(finished, identities=True)
    banner = "The classes can nearly be told apart without the lungs."
    assert order(page.text, banner, "on the test split")
    assert "sees only the border, with the chest masked out reaches AUROC 0.940 (0.930–0.950)" in page.text
    assert said in page.text
    assert "The audit found 1 fault in the data. 4 images have a copy" in page.text
    assert "This model, test split" in page.text
    assert "a.png = b.png" in page.text
    assert "c.png ≈ d.png" in page.text


def test_validation_alone_flatters(make_run, page_of):
    made = make_run()
    made.evaluate("val")
    text = page_of(made).text
    lead = "Not yet judged on a test split: the figures below steered the training and flatter it."
    assert order(text, lead, "AUROC 0.910 (95 % interval 0.880–0.940) on the validation split")
    assert f"chestnut evaluate …/{made.run.name} --split test" in text
    assert "The data were not audited." in text
    assert "still fresh" in text


@pytest.mark.parametrize("name", ["other-hospital", "train"])
def test_results_come_in_order_and_other_data_keep_their_name(finished, page_of, name):
    finished.evaluate(name, data="/data/elsewhere")
    assert order(page_of(finished).text, "Test split 312", f"External data: {name} 312", "Validation split 312")


def test_other_data_called_test_are_not_taken_for_the_test_split(make_run, page_of):
    made = make_run()
    made.evaluate("test", data="/data/chest/test")
    made.look({"data": "/data/chest/test"})
    text = page_of(made).text
    assert "on another data set, test: 312 images" in text
    assert "The test split is unread." in text
    assert "still fresh" in text


@pytest.mark.parametrize(
    ("auroc", "accuracy", "said"),
    [
        (0.80, 0.90, "AUROC 0.950 → 0.800 (−0.150), accuracy 0.920 → 0.900 (−0.020). So wide a gap"),
        (0.94, 0.92, "(+0.000). Some loss is to be expected"),
        (0.96, 0.93, "(+0.010), accuracy 0.920 → 0.930 (+0.010). Nothing is lost"),
    ],
)
def test_the_gap_from_validation_to_test_is_told(finished, page_of, auroc, accuracy, said):
    finished.evaluate("test", auroc=auroc, accuracy=accuracy)
    assert said in page_of(finished).text


def test_the_worst_mistakes_come_first(finished, page_of):
    text = page_of(finished, identities=True).text
    assert "The 3 worst of 3 mistakes" in text
    assert order(text, "worst.png p NORMAL 0.010 PNEUMONIA 0.990", "bad.png", "close.png")
    assert "right.png" not in text


def test_more_than_two_classes_have_a_row_each(make_run, page_of):
    made = make_run(classes=("COVID", "NORMAL", "OTHER"))
    made.evaluate("test")
    text = page_of(made).text
    assert "Mean AUROC 0.910" in text
    assert "It names the right class of 88 % (85–91 %) of the images." in text
    assert order(text, "Each class against the rest", "COVID 104 0.910 0.880–0.940", "OTHER 104")


@pytest.mark.parametrize(("auroc", "patients", "said"), [
    (0.52, 120, "Not clearly better than guessing. The interval of its AUROC reaches down to 0.490"),
    (0.91, 12, "The headline rests on only 12 patients, so its intervals are wide"),
])  # fmt: skip
def test_doubt_about_the_headline_stands_beside_it(make_run, page_of, auroc, patients, said):
    made = make_run()
    made.evaluate("test", auroc=auroc, patients=patients)
    assert said in page_of(made).text


def test_few_patients_with_the_disease_are_told_with_the_number_needed(make_run, page_of):
    made = make_run()
    made.evaluate("test")
    made.predict("test", [("a.png", "PNEUMONIA", "PNEUMONIA", 0.9), ("b.png", "NORMAL", "NORMAL", 0.1)])
    text = page_of(made).text
    assert "rests on only 120 patients, 1 of them with PNEUMONIA" in text
    assert "155 patients with PNEUMONIA are needed; there are 1." in text


def test_groups_that_differ_are_pointed_out_and_told(make_run, page_of):
    figures = {name: {"value": 0.8, "low": 0.7, "high": 0.9, "undefined": 0} for name in ("auroc", "sensitivity")}
    apart = {"sensitivity": {"value": -0.2, "low": -0.3, "high": -0.1, "p": 0.001, "adjusted": 0.002}}
    sizes = {"images": 60, "patients": 40, "positives": 20, "negatives": 20, "metrics": figures, "small": False}
    groups = [{"name": "F", **sizes, "differences": apart}, {"name": "M", **sizes, "differences": {}}]
    made = make_run()
    made.evaluate("test", subgroups=[{"column": "sex", "groups": groups, "unknown": 3}])
    text = page_of(made).text
    assert "Not all groups are judged alike. By more than chance, its figures are better or worse for: sex F." in text
    assert order(text, "Subgroups", "F 60 40 0.800 0.700–0.900 0.800 0.700–0.900 Δ −0.200, p = 0.002", "M 60 40")
    assert "sex is not known for 3 images." in text


@pytest.mark.parametrize(
    "change", [{"name": 3}, {"metrics": None}, {"differences": {"auroc": {"value": "x"}}}, {"more": 1}]
)
def test_a_damaged_group_is_one_line(make_run, page_of, change):
    group = {"name": "F", "images": 6, "patients": 6, "positives": 3, "negatives": 3, "metrics": {}, "small": True}
    made = make_run()
    made.evaluate(
        "test", subgroups=[{"column": "sex", "groups": [{**group, "differences": {}, **change}], "unknown": 0}]
    )
    with pytest.raises(DataError, match=r"metrics.json"):
        page_of(made)


def test_repeated_looks_are_held_against_the_figures(finished, page_of):
    finished.look({}, {}, {"data": "/data/elsewhere"})
    text = page_of(finished).text
    assert "The test split was looked at 2 times." in text
    assert "more of a validation split, whose figures flatter. All looks saw the same weights." in text
    assert "elsewhere" in text


def test_synthetic_images_are_called_so_everywhere(make_run, page_of):
    made = make_run(synthetic=True)
    made.evaluate("test", synthetic=True)
    page = page_of(made)
    sections = re.findall(r"<h2.*?</h2>", page.html)
    assert len(sections) == 11
    assert all("Synthetic images" in section for section in sections)
    assert "312 synthetic images of 120 patients" in page.text
    assert '<div class="running synthetic"' in page.html
    assert re.search(
        r"@media print.*\.running\.synthetic \{ display: table-header-group; break-inside: avoid;", page.html, re.S
    )


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"status": "failed", "error": "the loss became nan"}, "Training failed: the loss became nan"),
        (
            {"status": "training"},
            "2 of 20 epochs have ended. If nothing is training the run now, continue it: chestnut train",
        ),
        ({"status": "stopped", "epochs": 2}, "It was stopped after 2 of 20 epochs. To continue it:"),
    ],
)
def test_a_run_that_did_not_finish_says_so(make_run, page_of, facts, said):
    made = make_run()
    made.environment(**facts)
    text = page_of(made).text
    assert said in text
    assert "This run has not been judged on any images." in text


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("manifest.csv", "its images cannot be counted"),
        ("audit.json", "The run has no audit."),
        ("ledger.json", "The ledger has no look at the test split."),
        ("history.csv", "No epoch has ended."),
        ("figures/samples.png", "no picture of sample images"),
        ("figures/history.png", "drawn when training ends"),
        ("evaluation/test/roc.png", "Confusion matrix"),
        ("evaluation/test/predictions.csv", "Test split"),
    ],
)
def test_what_is_missing_is_said_in_its_place(finished, page_of, gone, said):
    (finished.run.path / gone).unlink()
    page = page_of(finished)
    assert said in page.html


def test_nothing_from_the_files_runs(make_run, audit, page_of):
    made = make_run(classes=("NORMAL", EVIL), root=EVIL, notes=[EVIL], skipped=[f"{EVIL}: truncated"])
    made.environment(status="failed", error=EVIL, command=EVIL, device=EVIL, versions={EVIL: EVIL})
    made.evaluate("test", data=EVIL, notes=[EVIL])
    made.predict("test", [(f'{EVIL}" onload="x.png', "NORMAL", EVIL, 0.9)])
    made.look({"command": EVIL, "data": EVIL, "weights": EVIL})
    audit["findings"][0] |= {
        "title": EVIL,
        "evidence": f"`{EVIL}` 0.1–0.2",
        "figures": {},
        "files": [EVIL],
        "remedy": EVIL,
    }
    made.run.audit_file.write_text(json.dumps(audit))
    page_of(made)
    page = page_of(made, identities=True)
    assert page.text.count(EVIL) > 15
    assert "default-src 'none'" in page.all("meta", "content")[1]


@pytest.mark.parametrize(
    ("recorded", "options", "sentence"),
    [
        ({"threads": 3}, ["--threads", "3"], "the same weights, bit for bit"),
        (
            {"threads": 3, "devices": 2, "hosts": 1},
            ["--devices", "2", "--threads", "3"],
            "the same weights, bit for bit",
        ),
        ({"threads": 3, "devices": 4, "hosts": 2}, ["--threads", "3"], "trained by 2 hosts together"),
        ({}, [], "was not recorded, so the last bits of the weights may differ"),
    ],
)
def test_the_command_repeats_the_run(finished, page_of, recorded, options, sentence):
    run = finished.run
    write_json(run.environment_file, run.record.to_dict() | recorded)
    page = page_of(finished, identities=True)
    (shown,) = re.findall(r"<pre><code>(chestnut.*?)</code>", page.html, re.S)
    assert shlex.split(html.unescape(shown).replace("\\\n", " ")) == [
        *("chestnut", "train", str(run.manifest_file), "--recipe", str(run.recipe_file), "--positive", "PNEUMONIA"),
        *options,
    ]
    assert sentence in page.text


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("evaluation/test/metrics.json", '{"images": 3}', DataError),
        ("audit.json", '{"findings": [{"name": "x"}]}', DataError),
        ("audit.json", "not JSON", DataError),
        ("manifest.csv", "path,label\na.png,NORMAL\n", DataError),
        ("manifest.csv", "", DataError),
        ("evaluation/test/predictions.csv", "path,label,patient,decision\na.png,NORMAL,p,NORMAL\n", DataError),
        ("environment.json", "[]", RunError),
    ],
)
def test_damaged_files_are_named_and_nothing_is_written(finished, tmp_path, name, content, error):
    (finished.run.path / name).write_text(content)
    with pytest.raises(error, match=r"make it|restore it|evaluate .* again"):
        write_run_page(finished.run, tmp_path / "out" / "report.html")
    assert not (tmp_path / "out").exists()


def test_a_link_in_the_place_of_the_report_leads_nowhere(finished, tmp_path):
    mine, elsewhere = tmp_path / "mine.txt", tmp_path / "page.html"
    mine.write_text("mine")
    finished.run.report_file.unlink(missing_ok=True)
    for link in (finished.run.report_file, elsewhere):
        link.symlink_to(mine)
    write_run_page(finished.run, finished.run.report_file)
    assert mine.read_text() == "mine" and not finished.run.report_file.is_symlink()
    write_run_page(finished.run, elsewhere)
    assert mine.read_text().startswith("<!") and elsewhere.is_symlink()


def test_reports_need_no_framework():
    code = "import sys, chestnut.report.pages.run; print({'keras', 'matplotlib', 'sklearn'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
