"""Cards: images on a page."""

import io
from pathlib import Path

from PIL import Image

from chestnut.explain.gallery import Gallery, GalleryImage
from chestnut.report.identities import Identities
from chestnut.report.sections.cards import explain_maps, make_cards


def jpeg(side=8):
    file = io.BytesIO()
    Image.new("L", (side, side)).save(file, "JPEG")
    return file.getvalue()


def image(path="/data/smith.png", label="NORMAL", decision="PNEUMONIA", shares=(0.1, 0.9), **changes):
    probabilities = dict(zip(("NORMAL", "PNEUMONIA", "COVID", "TB"), shares, strict=False))
    return GalleryImage(path, "smith", label, decision, probabilities, decision, **changes)


def cards(*images, shown=False):
    return make_cards(
        Gallery(images, {"0001.jpg": jpeg(), "0001-map.jpg": jpeg(9)}), Identities(Path("x"), shown=shown)
    )


def test_a_card_has_numbers_in_the_place_of_names():
    (one,) = cards(image())
    assert (one.image, one.patient, one.wrong) == ("image 1", "patient 1", True)
    assert "smith" not in str(one)
    (named,) = cards(image(), shown=True)
    assert (named.image, named.patient) == ("smith.png", "smith")
    assert named.alt == "Radiograph smith.png, true class NORMAL, decided PNEUMONIA"


def test_a_card_shows_the_true_and_the_decided_class_and_the_likeliest_other():
    (one,) = cards(image(decision="TB", shares=(0.05, 0.2, 0.15, 0.6)))
    assert [(share.name, share.role) for share in one.shares] == [
        ("TB", "decided"),
        ("PNEUMONIA", ""),
        ("NORMAL", "true"),
    ]
    (right,) = cards(image(decision="NORMAL", shares=(0.7, 0.3)))
    assert [(share.name, share.role) for share in right.shares] == [("NORMAL", "right"), ("PNEUMONIA", "")]
    assert not right.wrong


def test_without_a_label_no_decision_is_wrong():
    (one,) = cards(image(label=""))
    assert not one.wrong
    assert one.alt == "Radiograph image 1, decided PNEUMONIA"


def test_pictures_are_inside_the_page_and_maps_are_explained_once():
    drawn = {"picture": "0001.jpg", "overlay": "0001-map.jpg", "evidence": True, "meaning": "what it says"}
    found = cards(image(**drawn), image("/data/b.png", **drawn), image("/data/c.png"))
    assert [bool(one.overlay) for one in found] == [True, True, False]
    assert all(one.picture.startswith("data:image/jpeg;base64,/9j/") for one in found[:2])
    assert explain_maps(found) == "what it says"
    assert explain_maps(found[2:]) == ""
