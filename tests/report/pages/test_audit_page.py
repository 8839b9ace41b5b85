import json
import re

import pandas as pd
import pytest
from PIL import Image

from chestnut.data.table_one import TableOne
from chestnut.errors import DataError
from chestnut.report.pages.audit import write_audit_page


@pytest.fixture
def page_of(tmp_path, read_page):
    """Write an audit's page and read it."""

    def read(audit, title="chest", **options):
        write_audit_page(audit, tmp_path / "audit.html", title, **options)
        return read_page(tmp_path / "audit.html")

    return read


def test_an_audit_is_told_worst_first(audit, page_of):
    text = page_of(audit).text
    assert "1,200 images of 400 patients · 1 unreadable file · chest" in text
    assert "2 errors: the figures of a model trained on these data would not mean what they say." in text
    assert "sees only the border, with the chest masked out reaches AUROC 0.940 (0.930–0.950)" in text
    assert "Errors 2 Warnings 1 Notes 1 Checks passed 2" in text
    assert text.index("4 images have a copy") < text.index("Facts tell") < text.index("27 odd")
    assert "Evidence of unusual-images. What to do: Remedy of unusual-images." in text
    assert "PNEUMONIA 700 230" in text
    assert "blank images" in text


def test_probes_are_drawn_from_half_to_one(audit, page_of):
    html = page_of(audit).html
    tracks = re.findall(r'class="span" x1="([\d.]+)%" x2="([\d.]+)%"', html)
    dots = re.findall(r'<circle cx="([\d.]+)%"', html)
    assert tracks == [("86.0", "90.0"), ("40.0", "60.0")]
    assert dots == ["88.0", "50.0"]


def test_twenty_files_are_shown_and_the_others_folded_away(audit, page_of):
    page = page_of(audit, identities=True)
    shown, folded = page.html.split("<details><summary>7 more</summary>")
    assert shown.count("<li>odd") == 20
    assert folded.count("<li>odd") == 7
    assert "a.png = b.png" in page.text


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([], "Nothing was found that would make the figures"),
        (["info"], "Nothing was found that would make the figures"),
        (["warning"], "No errors, but 1 warning: read them"),
    ],
)
def test_the_lead_fits_the_worst_finding(audit, page_of, kept, said):
    audit["findings"] = [one for one in audit["findings"] if one["severity"] in kept]
    page = page_of(audit)
    assert said in page.text
    assert ("How well the classes can be told apart without the lungs" in page.text) == ("warning" in kept)


def test_what_lies_outside_the_lungs_is_told_in_one_line_and_drawn(audit, page_of):
    old = page_of(audit).text
    assert "the inside of the lungs" not in old and "what lies outside the lungs" not in old
    figures = {"auroc": 0.97, "low": 0.96, "high": 0.98}
    told = {"severity": "error", "evidence": "Evidence.", "files": [], "remedy": ""}
    audit["findings"] += [
        {"name": "without-lungs", "title": "Told without the inside of the lungs", "figures": figures, **told},
        {"name": "probe-outside", "title": "The outside tells", "figures": figures, **told},
        {"name": "probe-dimensions", "title": "Nothing learnt", "figures": {"reason": "All are equal"}, **told},
    ]
    page = page_of(audit).text
    assert "Told without the inside of the lungs." in page
    assert "A small classifier that sees only what lies outside the lungs reaches AUROC 0.97" in page
    assert "Sees only what lies outside the lungs" in page
    assert "Sees only the pictures' width" not in page


def test_synthetic_images_are_called_so(audit, page_of):
    audit["data"]["synthetic"] = True
    page = page_of(audit)
    assert all("Synthetic images" in section for section in re.findall(r"<h2.*?</h2>", page.html))
    assert '<div class="running synthetic"' in page.html


def test_nothing_from_the_audit_runs(audit, page_of):
    evil = "<script>alert(1)</script>"
    audit["findings"][3] |= {"title": evil, "evidence": evil, "remedy": evil, "files": [evil]}
    audit["data"] |= {"root": evil, "classes": {evil: {"images": 1, "patients": 1}}}
    audit["passed"] = [evil]
    page_of(audit, title=evil)
    assert page_of(audit, title=evil, identities=True).text.count(evil) >= 9


@pytest.mark.parametrize("values", [{}, {"findings": [{"name": "x"}]}, {"findings": None}])
def test_what_is_no_audit_is_refused(tmp_path, values):
    with pytest.raises(DataError, match="not an audit"):
        write_audit_page(values, tmp_path / "audit.html", "x")
    assert not (tmp_path / "audit.html").exists()


def test_who_is_in_the_data_is_told_and_a_damaged_table_is_refused(audit, page_of, tmp_path):
    frame = pd.DataFrame({"label": ["NORMAL", "PNEUMONIA"] * 10, "patient": map(str, range(20)), "split": ""})
    table = TableOne.of(frame, ["NORMAL", "PNEUMONIA"], {"sex": ["F"] * 12 + ["M"] * 8})
    assert "Table 1" not in page_of(audit).text
    audit["data"]["table_one"] = table.to_dict()
    assert "sex F 12 (60 %) 6 (60 %) 6 (60 %)" in page_of(audit).text
    audit["data"]["table_one"]["rows"][0]["cells"] = []
    with pytest.raises(DataError, match="audit the data again"):
        page_of(audit)


def test_findings_show_their_images_and_copies_side_by_side(audit, page_of, tmp_path):
    for name in ("a", "b", "c", *(f"odd{number:02}" for number in range(27))):
        Image.new("L", (60, 40), 99).save(tmp_path / f"{name}.png")
    audit = json.loads(json.dumps(audit).replace("/data/chest", str(tmp_path)))
    page = page_of(audit)
    assert len(page.all("img", "src")) == 2 + 8  # one pair; of the other pair, one image is gone
    assert page.html.count('<li class="together">') == 1
    assert not any(name in page.html for name in ("odd01", "a.png"))
    assert "Radiograph image 1" in page.all("img", "alt")
