"""Small pictures of the images that an audit found something about."""

import io

import pytest
from PIL import Image

from chestnut.auditing.pictures import choose_pictures, read_picture, save_pictures


def finding(name, files=(), **figures):
    return {"name": name, "files": list(files), "figures": figures}


@pytest.fixture
def images(tmp_path):
    paths = [str(tmp_path / f"smith{number}.png") for number in range(3)]
    for number, path in enumerate(paths):
        Image.new("L", (400, 200), 50 * number).save(path)
    return paths


def test_copies_are_kept_together_and_all_is_bounded():
    copies = [{"files": [f"{group}-{copy}" for copy in range(5)], "correlation": 1} for group in range(9)]
    chosen = choose_pictures(finding("duplicates-across-splits", ["0-0"], copies=copies))
    assert [len(group) for group in chosen] == [3] * 6
    assert chosen[1] == ["1-0", "1-1", "1-2"]
    assert len(choose_pictures(finding("unusual-images", map(str, range(200))))) == 8
    assert choose_pictures(finding("patients-across-splits", ["a", "b"])) == []


def test_pictures_are_there_after_the_images_are_gone(images, tmp_path):
    folder = tmp_path / "kept"
    save_pictures([finding("blank-images", [*images[:2], "/gone.png"])], folder)
    assert len(list(folder.iterdir())) == 2
    assert not any("smith" in item.name for item in folder.iterdir())
    for path in images:
        (tmp_path / path).unlink()
    shown = Image.open(io.BytesIO(read_picture(images[1], folder)))
    assert (shown.format, shown.size, shown.getpixel((5, 5))) == ("JPEG", (192, 96), 50)
    assert read_picture(images[2], folder) is None
    assert read_picture("/gone.png", None) is None


def test_without_a_saved_picture_the_image_is_drawn(images, tmp_path):
    assert Image.open(io.BytesIO(read_picture(images[2], None))).getpixel((5, 5)) == 100
    save_pictures([], tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
    assert Image.open(io.BytesIO(read_picture(images[2], tmp_path / "kept"))).getpixel((5, 5)) == 100


def test_what_stands_in_the_place_of_a_picture_is_not_shown(images, tmp_path):
    folder = tmp_path / "kept"
    save_pictures([finding("blank-images", images[:1])], folder)
    (saved,) = folder.iterdir()
    saved.write_text("<svg onload='alert(1)'/>")
    assert read_picture(images[0], folder).startswith(b"\xff\xd8\xff")
