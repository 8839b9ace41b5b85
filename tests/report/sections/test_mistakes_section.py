"""The worst mistakes of an evaluation on a page: with the pictures that were saved, with new ones, or as a table."""

import io

import pytest
from PIL import Image

from chestnut.explain.gallery import Gallery, GalleryImage, write_gallery
from chestnut.report.pages.run import write_run_page


@pytest.fixture
def page_of(tmp_path, read_page):
    def read(made, **options):
        write_run_page(made.run, tmp_path / "report.html", **options)
        return read_page(tmp_path / "report.html")

    return read


def jpeg(shade):
    file = io.BytesIO()
    Image.new("L", (16, 16), shade).save(file, "JPEG")
    return file.getvalue()


def save_gallery(made, *rows):
    """Save a picture and a map of each (path, decision)."""
    images = [
        GalleryImage(
            path, "p", "NORMAL", decision, {"NORMAL": 0.01, "PNEUMONIA": 0.99}, decision, "occlusion",
            "what it is worth", True, f"{number:04d}.jpg", f"{number:04d}-map.jpg",
        )
        for number, (path, decision) in enumerate(rows, 1)
    ]  # fmt: skip
    pictures = {name: jpeg(100) for image in images for name in (image.picture, image.overlay)}
    folder = made.run.evaluation("test") / "mistakes"
    folder.mkdir()
    write_gallery(folder, Gallery(tuple(images), pictures))


def jpegs(page):
    return [address for address in page.all("img", "src") if address.startswith("data:image/jpeg")]


def test_mistakes_are_shown_with_what_spoke_for_the_wrong_class(finished, page_of):
    save_gallery(finished, ("/data/worst.png", "PNEUMONIA"))
    page = page_of(finished)
    assert len(jpegs(page)) == 2
    assert "True class NORMAL" in page.text
    assert "Decided PNEUMONIA wrong" in page.text
    assert "A map shows what it is worth." in page.text
    assert "The image is not there any more, or cannot be read." in page.text  # the other two
    assert "The same as a table" in page.text
    assert "worst" not in page.text.replace("3 worst of 3", "")
    assert any("speak for PNEUMONIA" in alt for alt in page.all("img", "alt"))


def test_a_picture_of_another_decision_is_not_shown(finished, page_of):
    save_gallery(finished, ("/data/worst.png", "NORMAL"), ("/data/right.png", "NORMAL"))
    assert jpegs(page_of(finished)) == []


def test_without_saved_pictures_the_image_files_are_drawn(finished, page_of, tmp_path):
    Image.new("L", (400, 300), 90).save(tmp_path / "there.png")
    finished.predict("test", [("there.png", "NORMAL", "PNEUMONIA", 0.8), ("gone.png", "NORMAL", "PNEUMONIA", 0.7)])
    table = finished.run.evaluation("test") / "predictions.csv"
    table.write_text(table.read_text().replace("/data/there.png", str(tmp_path / "there.png")))
    page = page_of(finished)
    assert len(jpegs(page)) == 1
    assert "A map shows" not in page.text
    assert "0.800" in page.text


def test_without_any_picture_there_is_the_table(finished, page_of):
    page = page_of(finished)
    assert jpegs(page) == []
    assert "<details open><summary>The table</summary>" in page.html


def test_a_damaged_gallery_costs_the_pictures_alone(finished, page_of):
    save_gallery(finished, ("/data/worst.png", "PNEUMONIA"))
    (finished.run.evaluation("test") / "mistakes" / "gallery.json").write_text("{")
    page = page_of(finished)
    assert jpegs(page) == []
    assert "The 3 worst of 3 mistakes" in page.text


def test_of_two_thousand_mistakes_twelve_are_shown(finished, page_of):
    finished.predict("test", [(f"{number}.png", "NORMAL", "PNEUMONIA", 0.9) for number in range(2000)])
    page = page_of(finished)
    assert "The 12 worst of 2,000 mistakes" in page.text
    assert len(page.html) < 5e6
