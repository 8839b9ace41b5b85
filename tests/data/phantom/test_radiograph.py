import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from chestnut.data.phantom import radiograph as phantom
from chestnut.data.phantom.chest import projection
from chestnut.data.phantom.chest.lesions import LOBES
from chestnut.data.phantom.radiograph import draw_patient, draw_patients, stream
from chestnut.errors import DataError

SIZE = 160


@pytest.fixture(scope="module")
def phantoms():
    return draw_patients(100, size=SIZE, seed=3)


@pytest.fixture(scope="module")
def pairs():
    """Return images of ill patients, each with the same image without the lesion."""
    ill = [image for number in range(12) for image in draw_patient(number, size=SIZE, seed=5, pneumonia=1)]
    well = [image for number in range(12) for image in draw_patient(number, size=SIZE, seed=5, pneumonia=0)]
    return list(zip(ill, well, strict=True))


def test_shapes_and_types(phantoms):
    count = len(phantoms.images)
    assert phantoms.images.shape == phantoms.masks.shape == (count, SIZE, SIZE)
    assert phantoms.images.dtype == np.uint8
    assert phantoms.masks.dtype == np.bool_
    assert phantoms.targets.shape == phantoms.patients.shape == phantoms.kinds.shape == (count,)
    assert set(phantoms.targets.tolist()) == {0, 1}
    assert set(phantoms.kinds.tolist()) == {"none", "lobar", "diffuse"}


def test_patients_have_one_to_four_images_and_one_class(phantoms):
    names, counts = np.unique(phantoms.patients, return_counts=True)
    assert names.tolist() == [f"phantom-{number:04d}" for number in range(100)]
    assert set(counts.tolist()) == {1, 2, 3, 4}
    for name in names:
        mine = phantoms.patients == name
        assert len(set(phantoms.targets[mine])) == len(set(phantoms.kinds[mine])) == 1


def test_masks_are_where_lesions_are(phantoms):
    ill = phantoms.targets == 1
    assert not phantoms.masks[~ill].any()
    assert (phantoms.kinds[~ill] == "none").all()
    area = phantoms.masks[ill].mean((1, 2))
    assert area.min() > 0.005
    assert area.max() < 0.25


def test_the_same_seed_draws_the_same_images():
    first, again, other = (draw_patient(3, size=48, seed=seed) for seed in (1, 1, 2))
    assert [image.name for image in first] == [f"phantom-0003_{number + 1}" for number in range(len(first))]
    for one, two in zip(first, again, strict=True):
        assert np.array_equal(one.grey, two.grey)
        assert np.array_equal(one.mask, two.mask)
    assert not np.array_equal(first[0].grey, other[0].grey)


def test_more_patients_leave_the_first_ones_unchanged():
    few, many = (draw_patients(patients, size=48, seed=9) for patients in (4, 7))
    count = len(few.images)
    assert np.array_equal(few.images, many.images[:count])
    assert few.patients.tolist() == many.patients[:count].tolist()
    assert few.targets.tolist() == many.targets[:count].tolist()


def test_a_stream_gives_the_same_images_as_a_draw():
    drawn = draw_patients(3, size=48, seed=4)
    assert np.array_equal(drawn.images, [image.pixels for image in stream(3, size=48, seed=4)])


def test_one_of_each_two_patients_is_ill():
    targets = [draw_patient(number, size=32, seed=6)[0].target for number in range(12)]
    assert [sum(pair) for pair in zip(targets[::2], targets[1::2], strict=True)] == [1] * 6
    assert 0 < sum(targets[::2]) < 6


@pytest.mark.parametrize(("share", "ill"), [(0.0, 0), (0.25, 5), (1.0, 20)])
def test_share_of_pneumonia(share, ill):
    targets = [phantom._is_ill(number, 0, share) for number in range(20)]
    assert abs(sum(targets) - ill) <= (3 if 0 < share < 1 else 0)


def test_normal_patients_do_not_depend_on_the_share():
    for number in range(4):
        half, none = (draw_patient(number, size=48, seed=2, pneumonia=share) for share in (0.5, 0.0))
        if half[0].target == 0:
            assert np.array_equal(half[0].grey, none[0].grey)


def test_bone_and_heart_are_brighter_than_lungs(phantoms):
    normal = phantoms.images[phantoms.targets == 0].astype(float)
    spine = normal[:, 80:115, 76:84].mean((1, 2))
    for columns in (slice(40, 55), slice(110, 125)):
        assert (spine - normal[:, 60:95, columns].mean((1, 2))).min() > 25
    assert np.median(normal[:, :8, :8]) < 20  # the air beside the neck


def test_a_lesion_brightens_its_mask_and_nothing_far_away(pairs):
    for ill, well in pairs:
        rise = ill.grey - well.grey
        assert rise[ill.mask].mean() > 0.03
        assert np.abs(rise[:10]).mean() < 0.01
        assert (ill.kind, well.kind) in (("lobar", "none"), ("diffuse", "none"))


def test_lobar_lesions_lie_in_their_lobe_and_diffuse_ones_on_both_sides(pairs):
    lobes = set()
    for ill, _ in pairs:
        rows, columns = np.nonzero(ill.mask)
        right = (columns < SIZE / 2).mean()
        if ill.kind == "diffuse":
            assert ill.lobe == ""
            assert 0.02 < right < 0.98
            continue
        lobes.add(ill.lobe)
        assert (right > 0.8) if LOBES[ill.lobe].side < 0 else (right < 0.2)
        if ill.lobe == "right upper":
            assert rows.mean() < SIZE / 2
        if ill.lobe.endswith("lower"):
            assert rows.mean() > SIZE / 2
    assert len(lobes) >= 3


def test_lesions_of_a_patient_are_similar(pairs):
    for number in range(12):
        mine = [ill for ill, _ in pairs if ill.patient == f"phantom-{number:04d}"]
        assert len({(image.kind, image.lobe) for image in mine}) == 1
        centres = [np.array(np.nonzero(image.mask)).mean(1) for image in mine]
        assert np.ptp(centres, axis=0).max() < 0.25 * SIZE


def test_images_of_a_patient_share_the_body_and_nothing_else(monkeypatch):
    seen = []
    project = projection.project

    def spy(patient, posture, growth, side):
        seen.append((patient, posture, growth))
        return project(patient, posture, growth, side)

    monkeypatch.setattr(phantom.projection, "project", spy)
    images = next(images for number in range(20) if len(images := draw_patient(number, size=64, seed=1)) == 4)
    bodies, postures, growths = zip(*seen[-4:], strict=True)
    assert len({id(body) for body in bodies}) == 1
    assert len(set(postures)) == len(set(growths)) == 4
    assert not np.array_equal(images[0].grey, images[1].grey)


@pytest.mark.parametrize("statistic", [np.mean, np.std])
def test_the_whole_image_does_not_reveal_the_class(phantoms, statistic):
    values = statistic(phantoms.images.astype(np.float64), axis=(1, 2))
    assert 0.3 < roc_auc_score(phantoms.targets, values) < 0.7


@pytest.mark.parametrize("statistic", [np.mean, np.std])
def test_the_border_does_not_reveal_the_class(phantoms, statistic):
    border = np.ones((SIZE, SIZE), dtype=bool)
    border[14:-14, 14:-14] = False
    values = statistic(phantoms.images[:, border].astype(np.float64), axis=1)
    assert 0.35 < roc_auc_score(phantoms.targets, values) < 0.65


def test_a_small_image_is_the_large_one_shrunk():
    large, small = (draw_patient(1, size=size, seed=8)[0].grey for size in (256, 32))
    shrunk = cv2.resize(large, (32, 32), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(shrunk.ravel(), small.ravel())[0, 1] > 0.98


def test_grey_values_are_fractions_and_fine(pairs):
    for image, _ in pairs[:4]:
        assert image.grey.dtype == np.float32
        assert 0 <= image.grey.min() < image.grey.max() <= 1
        assert len(np.unique(image.grey)) > 1000
        assert 0.1 < image.spacing < 0.4
        assert image.label == "PNEUMONIA"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"patients": 1}, "2 or more"),
        ({"size": 31}, "32 to 2048"),
        ({"size": 2049}, "32 to 2048"),
        ({"seed": -1}, "0 or more"),
        ({"pneumonia": 1.5}, "a share from 0 to 1"),
        ({"pneumonia": float("nan")}, "a share from 0 to 1"),
    ],
)
def test_invalid_arguments_are_refused_before_drawing(change, said):
    with pytest.raises(DataError, match=said) as caught:
        stream(**{"patients": 4, **change})
    assert "\n" not in str(caught.value)


def test_patients_are_numbered_from_0():
    with pytest.raises(DataError, match="number=-1: give 0 or more"):
        draw_patient(-1)
