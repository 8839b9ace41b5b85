"""What is measured of maps, on made-up maps and networks whose worth is known."""

import json

import cv2
import numpy as np
import pytest

from chestnut.data.decoding.resize import Placement, place
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.explain.checks.estimates import mean_value
from chestnut.explain.checks.lesions import measure_lesions, point, widen
from chestnut.explain.checks.map_check import MapCheck
from chestnut.explain.checks.measure import Measurement, Networks
from chestnut.explain.checks.perturbation import CELLS, measure_areas, rank_cells
from chestnut.explain.checks.places import measure_places
from chestnut.explain.checks.rules import Rules
from chestnut.explain.checks.subjects import Subjects
from chestnut.explain.checks.wording import describe_network
from chestnut.explain.checks.zones import Regions, border_of, find_outside, lay_mask
from chestnut.explain.picture import Picture

SIDE = 48
CLASSES = ("NORMAL", "PNEUMONIA")
SQUARE = (slice(12, 24), slice(24, 36))


def mask_of(*part):
    mask = np.zeros((SIDE, SIDE), bool)
    mask[part] = True
    return mask


LUNGS, OUTSIDE = mask_of(slice(8, 40), slice(8, 40)), mask_of(slice(0, 4), slice(0, 48))
random = np.random.default_rng(0)


LESION = mask_of(*SQUARE)


def subjects(count=12, lesion=LESION):
    images = random.integers(0, 100, (count, SIDE, SIDE), dtype=np.uint8)
    targets = np.arange(count) % 2
    for image, target in zip(images, targets, strict=True):
        if target:
            image[SQUARE] = 220
    regions = [Regions(LUNGS, border_of((SIDE, SIDE)), OUTSIDE)] * (count - 1) + [None]
    lesions = [lesion if target else None for target in targets]
    return Subjects(images, targets, np.array([f"p{row}" for row in range(count)]), regions, lesions, CLASSES)


def probabilities(images):
    """A network that decides by the brightness of the square."""
    positive = images[:, *SQUARE].mean(axis=(1, 2)) / 255
    return np.stack([1 - positive, positive], axis=1)


def true_maps(method, images, targets):
    """Maps that lie where the network looks, with a little noise."""
    heat = cv2.GaussianBlur(mask_of(*SQUARE).astype(np.float32), (0, 0), 1.5)
    return [heat + 0.02 * random.random((SIDE, SIDE), np.float32) for _ in images]


def noise_maps(method, images, targets):
    return [random.standard_normal((SIDE, SIDE), np.float32) for _ in images]


def edge_maps(method, images, targets):
    """A method that looks at the image alone."""
    return [np.abs(cv2.Laplacian(image.astype(np.float32), cv2.CV_32F)) for image in images]


def measured(maps, **networks):
    made = Networks(maps, probabilities, **networks)
    return Measurement(subjects(), made, again=8).measure(["gradcam"]).methods[0]


def test_maps_that_lie_where_the_network_looks_pass_every_test():
    found = measured(true_maps, redrawn={"all": noise_maps}, trained=true_maps)
    assert found.passed == {"lesions": True, "weights": True, "labels": None, "curves": True}
    assert found.lesions.hits.value == 1 and found.lesions.mass.value > 0.5
    assert found.trained.similarity.value > found.redrawn["all"].similarity.value


def test_maps_that_do_not_look_at_the_weights_fail():
    found = measured(edge_maps, redrawn={"all": edge_maps})
    assert found.redrawn["all"].correlation.value == found.redrawn["all"].similarity.value == 1.0
    assert found.passed["weights"] is False


def test_maps_of_noise_find_no_lesion_and_order_no_places():
    found = measured(noise_maps)
    assert found.passed == {"lesions": False, "weights": None, "labels": None, "curves": False}
    assert found.lesions.mass.value == pytest.approx(found.lesions.area, abs=0.02)


def test_a_second_run_that_is_no_more_alike_than_redrawn_weights_fails_the_method():
    def of_one_kind(method, images, targets):
        return [true + 3 * noise for true, noise in zip(true_maps(0, images, 0), noise_maps(0, images, 0), strict=True)]

    found = measured(true_maps, redrawn={"all": of_one_kind}, trained=of_one_kind)
    assert not Rules.depends_on_weights(Estimate(0.1, 0.0, 0.2), found.above_trained)
    assert Rules.depends_on_weights(Estimate(0.1, 0.0, 0.2), None)


def test_shares_by_place_are_those_of_the_mass_beside_the_area():
    images = subjects()
    maps = [LUNGS.astype(np.float32) if target else np.ones((SIDE, SIDE), np.float32) for target in images.targets]
    found = {(one.of, one.place): one for one in measure_places(maps, images)}
    assert len(found) == 6
    lungs = found["PNEUMONIA", "lungs"]
    assert (lungs.images, lungs.share.value) == (5, 1.0)  # no lungs were found in the last image
    assert lungs.chance == pytest.approx(LUNGS.mean())
    normal = found["NORMAL", "lungs"]
    assert normal.images == 6 and normal.share.value == pytest.approx(LUNGS.mean())
    assert found["NORMAL", "outside"].share.value == pytest.approx(OUTSIDE.mean())


def test_maps_without_evidence_are_counted_and_have_no_shares():
    found = measured(lambda method, images, targets: [np.full((SIDE, SIDE), -1, np.float32) for _ in images])
    assert found.empty == 12
    assert {one.images for one in found.places} == {0}
    assert found.lesions.hits.value == 0 and found.lesions.mass.value is None


def test_without_lesions_there_are_no_figures_on_them():
    images = subjects(lesion=None)
    assert measure_lesions(true_maps("", images.images, images.targets), images) is None


def test_the_pointing_game_counts_a_maximum_within_the_tolerance():
    lesion = mask_of(slice(20, 24), slice(20, 24))
    values = np.zeros((SIDE, SIDE))
    values[17, 21] = 1  # 3 pixels above, and 15 of 224 are 3 of 48
    assert (point(values, lesion), point(values, widen(lesion))) == (0, 1)
    assert point(np.roll(values, -1, axis=0), widen(lesion)) == 0


def test_areas_of_curves_are_exact_where_one_cell_decides():
    cell = SIDE // CELLS + 1

    def decides(images):
        seen = (images[:, :3, :3] == 255).all(axis=(1, 2)).astype(float)
        return np.stack([1 - seen, seen], axis=1)

    image = np.zeros((SIDE, SIDE), np.uint8)
    image[:cell, :cell] = 255
    first = np.arange(CELLS**2)
    found = measure_areas(image, first, decides, 1)
    assert found.insertion == pytest.approx(1 - 0.5 / 7) and found.deletion == pytest.approx(0.5 / 7)
    last = measure_areas(image, first[::-1], decides, 1)
    assert last.gap == pytest.approx(-found.gap)


def test_cells_are_ranked_by_what_they_hold():
    values = np.zeros((2 * CELLS, 3 * CELLS), np.float32)
    values[2:4, 3:6] = 5
    assert rank_cells(values)[0] == CELLS + 1


def test_intervals_count_patients():
    values, own, alone = [0.1, 0.1, 0.5, 0.5], ["a", "a", "b", "b"], ["a", "b", "c", "d"]
    wide, narrow = mean_value(values, own), mean_value(values, alone)
    assert wide.high - wide.low > narrow.high - narrow.low
    assert mean_value([0.3], ["a"]) == Estimate(0.3) and mean_value([np.nan], ["a"]) == Estimate(None)


@pytest.mark.parametrize("rule", ["stretch", "fit", "crop"])
def test_a_mask_lies_where_the_network_sees_it(rule):
    size, target = (400, 200), (100, 80)
    picture = Picture(np.zeros((200, 400), np.uint8), size, place(size, target, rule), target)
    mask = np.zeros((200, 400), bool)
    mask[50:150, 100:300] = True
    found = lay_mask(mask, picture)
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    expected = {"stretch": (20, 60, 25, 75), "fit": (27, 52, 25, 75), "crop": (20, 60, 10, 90)}[rule]
    assert np.abs(np.array([rows[0], rows[-1] + 1, columns[0], columns[-1] + 1]) - expected).max() <= 1
    assert not lay_mask(np.ones((200, 400), bool), picture)[:14].any() or rule != "fit"


def test_a_part_of_an_image_and_a_finer_mask_fit_too():
    picture = Picture(
        np.zeros((100, 100), np.uint8), (100, 100), Placement((50.0, 0.0, 100.0, 50.0), (32, 32)), (32, 32)
    )
    mask = np.zeros((400, 400), bool)
    mask[:200, 200:400] = True  # the part itself, at four times the size
    assert lay_mask(mask, picture).all() and not lay_mask(~mask, picture).any()


def test_what_is_dark_and_connected_with_the_edge_is_outside_the_body():
    image = np.full((64, 64), 180, np.uint8)
    image[:, :8] = 2  # beside the body
    image[20:40, 20:40] = 2  # a lung
    outside = find_outside(image)
    assert outside[:, :4].all() and not outside[:, 12:].any()


def test_a_check_survives_json():
    images = subjects()
    networks = Networks(true_maps, probabilities, {"top": noise_maps, "all": noise_maps}, true_maps)
    methods, agreement = Measurement(images, networks, 8).measure(["gradcam", "occlusion"])
    check = MapCheck(
        images=12, patients=12, classes=CLASSES, counts={"NORMAL": 6, "PNEUMONIA": 6}, data="images", split="val",
        without_lungs=1, lesions="", redrawn_images=8, other="second", seed=0, weights="ab", seconds=1.5,
        methods=methods, agreement=agreement, right=Estimate(0.75, 0.6, 0.9),
    )  # fmt: skip
    held = json.loads(json.dumps(check.to_dict()))
    assert MapCheck.from_dict(held) == check
    assert held["methods"][0]["passed"] == {"lesions": True, "weights": True, "labels": None, "curves": True}
    assert held["sentences"][0] == "The network decides 75 % (60–90) of these images correctly."
    assert "gradcam and occlusion lie in the lesions" in held["sentences"][1]
    assert any(
        one.startswith("Of the evidence for PNEUMONIA, these shares lie outside the lungs: ")
        for one in held["sentences"]
    )


def test_a_network_that_knows_nothing_is_named_before_its_maps_are_believed():
    said = describe_network(Estimate(0.5, 0.3, 0.7), 0.5)
    assert said.startswith("The network decides 50 % (30–70) of these images correctly, and naming the commonest class")
    assert said.endswith(
        "would reach 50 %: it was not seen to tell the classes apart here, so its maps may mean nothing."
    )


def test_a_check_that_an_earlier_version_wrote_is_read_without_how_well_the_network_decides():
    methods, agreement = Measurement(subjects(), Networks(true_maps, probabilities), 8).measure(["gradcam"])
    check = MapCheck(
        12, 12, CLASSES, {"NORMAL": 6, "PNEUMONIA": 6}, "images", "val", 0, "", 8, "", 0, "ab", 1.5, methods, agreement
    )
    held = {key: value for key, value in check.to_dict().items() if key != "right"}
    assert MapCheck.from_dict(held) == check
    assert not any("correctly" in one for one in check.sentences)
