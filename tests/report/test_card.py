"""The model card: nothing is claimed that was not measured or written."""

import json

import pytest
import yaml

from chestnut.report.card.make import make_card


def section(card, heading):
    (found,) = [one for one in card.sections if one.heading == heading]
    return found


HEADINGS = [
    *("Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data"),
    *("Quantitative analyses", "Ethical considerations", "Caveats and recommendations"),
]


def test_a_run_that_was_not_judged_claims_nothing(make_run):
    card = make_card(make_run().run)
    assert [one.heading for one in card.sections] == HEADINGS
    assert section(card, "Quantitative analyses").remarks == ("Not measured.",)
    assert section(card, "Evaluation data").remarks[0] == "The model was not judged on any images."
    assert "model-index" not in card.front and "license" not in card.front
    assert dict(section(card, "Intended use").facts)["Intended use"] == "Not described: study.toml does not say it."
    assert "It was not judged on images that had no part in its training." in card.summary


def test_figures_of_validation_images_are_no_results(make_run):
    made = make_run()
    made.evaluate("val")
    card = make_card(made.run)
    assert "model-index" not in card.front
    (remark,) = section(card, "Quantitative analyses").remarks
    assert remark.startswith("Not measured on images that had no part in training.")


def test_a_card_has_its_figures_with_intervals_and_a_head_that_programs_read(finished):
    (finished.run.path / "study.toml").write_text(
        'license = "Apache-2.0"\nethics = "No: 12 | <script>\\nboard"\ntitle = "What?"\n'
    )
    finished.evaluate("other", data="/data/mary/other")
    card = make_card(finished.run)
    text = card.to_markdown()
    _, front, body = text.split("---\n", 2)
    head = yaml.safe_load(front)
    assert head == json.loads(json.dumps(dict(card.front)))
    assert head["license"] == "apache-2.0"
    results = head["model-index"][0]["results"]
    assert [one["dataset"]["split"] for one in results] == ["test", "other"]
    assert results[0]["metrics"][0] == {
        "type": "roc_auc", "name": "auroc, 95 % interval 0.910 (0.880–0.940)", "value": 0.91,
    }  # fmt: skip
    assert "| AUROC | 0.910 (0.880–0.940) |" in body and "AUROC 0.910 (0.880–0.940) on the test split" in body
    assert "- **Ethics**: No: 12 \\| &lt;script> board" in body
    assert "The border tells." in body and "mary" not in text
    assert "Not a medical device" in body
    values = json.loads(json.dumps(card.to_dict()))
    assert [one["heading"] for one in values["sections"]] == HEADINGS
    table = next(one for one in values["sections"] if one["heading"] == "Quantitative analyses")["tables"][0]
    assert table["rows"][0] == ["AUROC", {"value": 0.91, "low": 0.88, "high": 0.94, "undefined": 0}]


@pytest.mark.parametrize("words", [["card"], ["card", "--out", "card.md"], ["card", "--out", "card.json"]])
def test_a_card_is_written_where_it_was_asked(finished, tmp_path, monkeypatch, words):
    from chestnut import open_run

    monkeypatch.chdir(tmp_path)
    files = open_run(finished.run.path).write_card(*words[2:])
    assert [file.name for file in files] == ([words[2]] if words[2:] else ["card.md", "card.json"])
    assert all((json.loads if file.suffix == ".json" else str)(file.read_text()) for file in files)
