"""The exchange test: what images take over, who lends it, and figures against known answers."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from chestnut.cli.tables.stress_tables import exchange_notes
from chestnut.data.manifest import Manifest
from chestnut.data.pixels import Pixels
from chestnut.errors import DataError, RunError
from chestnut.robustness.exchange import file, validation
from chestnut.robustness.exchange.conditions import CONDITIONS, Sitter
from chestnut.robustness.exchange.donors import Donors
from chestnut.robustness.exchange.effects import judge_exchange, judge_repeats
from chestnut.robustness.exchange.exchange import Exchange
from chestnut.robustness.exchange.figure import exchange_figure
from chestnut.robustness.exchange.fine_detail import fine_amplitudes, match_fine_detail
from chestnut.robustness.exchange.save import save_exchange
from chestnut.robustness.shift_effects import Decision
from chestnut.runs.folder import RunFolder

shares = st.floats(0.05, 0.4), st.floats(0.05, 0.4), st.floats(0.6, 0.95), st.floats(0.6, 0.95)


@settings(deadline=None, max_examples=30)
@given(
    st.integers(16, 70),
    st.integers(16, 70),
    st.tuples(*shares),
    st.integers(0, 2**31),
    st.sampled_from(list(CONDITIONS)),
)
def test_an_image_that_is_its_own_donor_stays_as_it_is(height, width, box, seed, name):
    image = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    sitter = Sitter(image, box)
    changed = CONDITIONS[name].change(sitter, sitter)
    assert changed.shape == image.shape and changed.dtype == np.uint8
    assert np.abs(changed.astype(int) - image).max() <= 1


@settings(deadline=None, max_examples=30)
@given(st.tuples(*shares), st.tuples(*shares))
def test_the_lungs_come_to_lie_where_the_donor_has_them(box, target):
    image = np.zeros((100, 120), np.uint8)
    top, left, bottom, right = (round(share * side) for share, side in zip(box, (100, 120) * 2, strict=True))
    image[top:bottom, left:right] = 200
    exact = (top / 100, left / 120, bottom / 100, right / 120)
    moved = CONDITIONS["framing"].change(Sitter(image, exact), Sitter(image, target)) > 100
    rows, columns = np.flatnonzero(moved.any(axis=1)), np.flatnonzero(moved.any(axis=0))
    found = (rows[0] / 100, columns[0] / 120, (rows[-1] + 1) / 100, (columns[-1] + 1) / 120)
    assert found == pytest.approx(target, abs=0.011)


def test_grey_values_are_exchanged_last_and_framing_alone_keeps_them():
    random = np.random.default_rng(0)
    image, donor = random.integers(0, 100, (64, 64), np.uint8), random.integers(100, 256, (64, 64), np.uint8)
    one, other = Sitter(image, (0.2, 0.2, 0.8, 0.8)), Sitter(donor, (0.1, 0.3, 0.7, 0.9))
    for name in ("greys", "all"):
        changed = CONDITIONS[name].change(one, other)
        assert changed.min() >= 100 and changed.mean() == pytest.approx(donor.mean(), abs=2)
    assert CONDITIONS["framing"].change(one, other).max() < 100


@pytest.mark.parametrize("shape", [(64, 64), (65, 97), (224, 160)])
def test_a_blurred_image_takes_over_the_sharpness_of_another_and_keeps_its_shapes(shape):
    import cv2

    random = np.random.default_rng(0)
    sharp = cv2.resize(random.integers(60, 200, (8, 8), np.uint8), shape[::-1]) + random.normal(0, 6, shape)
    sharp = np.clip(sharp, 0, 255).astype(np.uint8)
    soft = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 0.6))
    wanted, before = fine_amplitudes(sharp), fine_amplitudes(soft)
    after = fine_amplitudes(match_fine_detail(soft, wanted))
    assert np.abs(np.log(after / wanted)).max() < 0.15 < np.abs(np.log(before / wanted)).max()
    assert np.abs(cv2.blur(match_fine_detail(soft, wanted), (9, 9)).astype(int) - cv2.blur(soft, (9, 9))).max() < 6


def test_an_image_of_one_grey_value_has_no_detail_and_takes_none_over():
    flat, lively = np.full((40, 40), 7, np.uint8), np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
    assert not fine_amplitudes(flat).any()
    assert (match_fine_detail(flat, fine_amplitudes(lively)) == flat).all()
    assert match_fine_detail(lively, fine_amplitudes(flat)).std() > 0


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 4), st.integers(5, 9), st.integers(0, 1000), st.integers(1, 4))
def test_donors_are_of_the_right_class_different_and_the_same_whatever_else_is_drawn(classes, each, row, draws):
    targets = np.repeat(np.arange(classes), each)
    donors = Donors(targets, seed=3)
    other, same = donors.draw(row, 1, draws)
    assert (targets[other] != 1).all() and (targets[same] == 1).all()
    assert len(set(other)) == len(set(same)) == draws
    more = donors.draw(row, 1, draws + 1)
    assert (more[0][:draws] == other).all() and (more[1][:draws] == same).all()


def test_all_other_classes_lend_alike_however_many_images_they_have():
    targets = np.repeat([0, 1, 2], [20, 300, 20])
    drawn = np.concatenate([targets[Donors(targets).draw(row, 0, 3)[0]] for row in range(400)])
    assert (drawn == 1).mean() == pytest.approx(0.5, abs=0.06)


def test_a_class_with_too_few_donors_is_named():
    donors = Donors(np.array([0, 0, 0, 1, 1]))
    donors.check(("NORMAL", "PNEUMONIA"), 2)
    with pytest.raises(DataError, match=r"class PNEUMONIA has 2 training images .* in 3 draws needs 3 or more"):
        donors.check(("NORMAL", "PNEUMONIA"), 3)
    with pytest.raises(DataError, match="class PNEUMONIA has 1 training image whose"):
        Donors(np.array([0, 0, 1])).check(("NORMAL", "PNEUMONIA"), 1)


def table(scores):
    return np.stack([1 - scores, scores], axis=1)


@pytest.fixture(scope="module")
def cohort():
    """120 images of 60 patients, and scores of four draws, two a side."""
    random = np.random.default_rng(0)
    truth = np.repeat(np.arange(60) % 2, 2)
    scores = [
        np.clip(0.5 + strength * (truth - 0.5) + random.normal(0, 0.2, 120), 0, 1) for strength in (0.1, 0.2, 0.5, 0.6)
    ]
    return truth, np.repeat(np.arange(60), 2), scores


def test_figures_are_means_over_the_draws_and_what_is_given_away_is_paired(cohort):
    truth, patients, scores = cohort
    draws = {"other": [table(one) for one in scores[:2]], "same": [table(one) for one in scores[2:]]}
    plain, effects = judge_exchange(table(scores[3]), {"all": draws}, truth, patients, Decision(threshold=0.6))
    areas = [roc_auc_score(truth, one) for one in scores]
    found = effects["all"]
    assert plain.auroc.value == pytest.approx(areas[3])
    assert found.other.auroc.value == pytest.approx(np.mean(areas[:2]))
    assert found.given_away.value == pytest.approx(np.mean(areas[2:]) - np.mean(areas[:2]))
    assert found.given_away.low < found.given_away.value < found.given_away.high
    assert found.other.drop.value == pytest.approx(areas[3] - np.mean(areas[:2]))
    assert found.other.sensitivity.value == pytest.approx(
        np.mean([(one >= 0.6)[truth == 1].mean() for one in scores[:2]])
    )
    twice, _ = judge_repeats([draws, draws], truth, patients, 1)
    alone, away = judge_repeats([draws], truth, patients, 1)
    assert (alone, away) == (found.other.auroc, found.given_away) and twice.value == pytest.approx(alone.value)
    swapped = {"other": draws["same"], "same": draws["same"]}
    none = judge_exchange(table(scores[3]), {"all": swapped}, truth, patients, Decision())[1]["all"].given_away
    assert none.value == 0 and none.low == -none.high < 0, "equal draws show no difference, but not that there is none"


def test_more_than_two_classes_are_each_judged_against_the_rest():
    random = np.random.default_rng(0)
    truth, values = np.arange(90) % 3, random.dirichlet([1, 1, 1], 90)
    plain, _ = judge_exchange(values, {}, truth, np.arange(90), Decision())
    assert plain.auroc.value == pytest.approx(roc_auc_score(truth, values, multi_class="ovr"))


#: The lung box of each class, with room for noise: narrow and wide.
BOXES = {0: np.array([0.2, 0.35, 0.8, 0.65]), 1: np.array([0.3, 0.15, 0.7, 0.85])}


@pytest.fixture(scope="module")
def pictures():
    """Bright boxes whose shape gives the class away, and in each a dark spot on the side that is the class's."""
    random = np.random.default_rng(1)
    targets, images, boxes = np.arange(60) % 2, [], []
    for number, target in enumerate(targets):
        box = BOXES[int(target)] + random.uniform(-0.04, 0.04, 4)
        top, left, bottom, right = np.round(box * 64).astype(int)
        image = np.full((64, 64), 20, np.uint8)
        image[top:bottom, left:right] = 220
        middle = (left + right) // 2
        image[(top + bottom) // 2 :, slice(left, middle) if target else slice(middle, right)][: (bottom - top) // 3] = (
            120
        )
        image[0, 0] = number  # so that no two are equal
        images.append(image)
        boxes.append((top / 64, left / 64, bottom / 64, right / 64))
    frame = [("train" if number < 40 else "val") for number in range(60)]
    return targets, np.stack(images), boxes, frame


def see_shape(image):
    """How wide the bright box is for its height: framing alone."""
    bright = image > 70
    return bright.any(axis=0).sum() / (bright.any(axis=0).sum() + bright.any(axis=1).sum())


def see_inside(image):
    """How far to the left the dark spot lies within the box, whatever the box's shape."""
    rows, columns = (np.flatnonzero((image > 70).any(axis=axis)) for axis in (1, 0))
    inside = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    half = inside.shape[1] // 2
    return float(np.clip(0.5 + (inside[:, half:].mean() - inside[:, :half].mean()) / 510, 0, 1))


@pytest.mark.parametrize(("see", "least", "most"), [(see_shape, 0, 0.1), (see_inside, 0.95, 1)])
def test_who_sees_only_the_framing_falls_and_who_sees_only_the_lungs_does_not(monkeypatch, pictures, see, least, most):
    outcome = run(monkeypatch, pictures, see)
    found = {pair.name: pair for pair in outcome.exchange.conditions}
    assert outcome.exchange.plain.auroc.value > 0.95
    assert least <= found["framing"].other.auroc.value <= most
    assert found["framing"].same.auroc.value > 0.95
    assert found["framing"].given_away.value == pytest.approx(
        found["framing"].same.auroc.value - found["framing"].other.auroc.value
    )
    assert list(found) == list(CONDITIONS) and len(outcome.probabilities) == 1 + 2 * 2 * len(CONDITIONS)


def run(monkeypatch, pictures, see, lost=(), draws=2, sure=None):
    """Make the exchange test of a network that is a function of the image.

    Lungs are not found in the images of `lost`; a network that needs them does not find them in the first `sure` ones.
    """
    import pandas as pd

    targets, images, boxes, splits = pictures
    classes = ("NORMAL", "PNEUMONIA")
    rows = {
        "path": [f"{number:02}.png" for number in range(60)], "label": [classes[target] for target in targets],
        "patient": [f"p{number // 2}" for number in range(60)], "split": splits,
    }  # fmt: skip
    manifest = Manifest(pd.DataFrame(rows), Path("/data"), classes, "PNEUMONIA")
    spec = SimpleNamespace(frame="whole")
    bundle = SimpleNamespace(
        spec=spec, classes=classes, positive="PNEUMONIA", threshold=0.5, temperature=1.0, weights="ab" * 32
    )
    known = {image.tobytes(): number for number, image in enumerate(images)}

    class Inputs(list):
        found = None if sure is None else np.arange(20 - len(set(lost) & set(range(40, 60)))) >= sure

    class Working(SimpleNamespace):
        def __init__(self, manifest, pixels, spec):
            super().__init__(manifest=manifest, pixels=pixels, spec=spec)

        def __len__(self):
            return len(self.pixels)

        @classmethod
        def read(cls, run, spec, bars):
            return cls(manifest, Pixels(images, np.arange(60)), spec)

        def part(self, split):
            return self.take(np.array([number for number, name in enumerate(splits) if name == split]))

        def take(self, rows):
            return Working(self.manifest.take(rows), self.pixels.take(rows), spec)

        def inputs(self, change=None):
            return Inputs(image if change is None else change(row, image) for row, image in enumerate(self.pixels[:]))

    class Engine:
        @classmethod
        def open(cls, bundle):
            return cls()

        def probabilities(self, pixels, names, temperature, tick):
            return table(np.array([see(image) for image in pixels]))

    def find_boxes(images, progress):
        numbers = [known[np.ascontiguousarray(image).tobytes()] for image in images]
        return np.array([np.full(4, np.nan) if number in lost else boxes[number] for number in numbers])

    monkeypatch.setattr(validation, "read_run_bundle", lambda run: bundle)
    monkeypatch.setattr(validation, "WorkingImages", Working)
    monkeypatch.setattr(validation, "open_quickest", Engine.open)
    monkeypatch.setattr(validation, "find_boxes", find_boxes)
    return validation.run_exchange(None, draws)


def test_images_without_lungs_take_no_part_and_are_counted(monkeypatch, pictures):
    exchange = run(monkeypatch, pictures, see_shape, lost={0, 1, 2, 50}).exchange
    assert (exchange.images, exchange.left_out) == (19, 1)
    assert (exchange.donors, exchange.donors_left_out) == (37, 3)
    assert exchange == Exchange.from_dict(exchange.to_dict())
    assert "0.5" not in exchange.sentence[:40] and str(exchange.all.given_away) in exchange.sentence
    assert f"<td>{exchange.all.given_away}</td>" in exchange._repr_html_()
    assert len(exchange_figure(exchange).axes[0].lines) > 8


def test_lungs_that_are_lost_by_an_exchange_are_counted_for_a_network_that_needs_them(monkeypatch, pictures):
    exchange = run(monkeypatch, pictures, see_shape).exchange
    assert exchange.lungs_lost_share is None and exchange.all.lungs_lost_share is None
    exchange = run(monkeypatch, pictures, see_shape, sure=5).exchange
    assert exchange.lungs_lost_share == exchange.all.lungs_lost_share == pytest.approx(0.25)
    assert "Lungs were lost in 25 % of the images with all exchanged" in exchange_notes(exchange)[-1]
    assert exchange == Exchange.from_dict(exchange.to_dict())


def test_a_result_depends_on_the_seed_alone(monkeypatch, pictures):
    first, again = (run(monkeypatch, pictures, see_shape).probabilities for _ in range(2))
    assert all((first[key] == again[key]).all() for key in first)


@pytest.mark.parametrize(
    ("lost", "draws", "said"),
    [
        (set(range(60)), 2, "lungs were found in none of the 40 training images"),
        (set(range(40, 60)), 2, "lungs were found in none of the 20 validation images"),
        ({number for number in range(40) if number % 2}, 2, "class PNEUMONIA has 0 training images whose lungs"),
        ({number for number in range(40, 60) if number % 2}, 2, "no validation image of PNEUMONIA has lungs"),
        (set(), 21, "class NORMAL has 20 training images whose lungs were found; an exchange in 21 draws needs 21"),
        (set(), 0, "draws=0: give 1 or more donors of each kind"),
    ],
)
def test_too_few_images_with_lungs_are_told_with_their_number(monkeypatch, pictures, lost, draws, said):
    with pytest.raises(DataError, match=said):
        run(monkeypatch, pictures, see_shape, lost, draws)


def test_a_test_of_another_network_threshold_seed_or_number_of_draws_is_not_kept(monkeypatch, pictures, tmp_path):
    outcome = run(monkeypatch, pictures, see_shape)
    (tmp_path / "environment.json").write_text('{"format": 1, "status": "finished"}')
    folder = RunFolder(tmp_path)
    assert file.read_exchange_of(folder, 2, 0) is None
    save_exchange(folder, outcome)
    bundle = {"weights": "ab" * 32, "threshold": 0.5, "positive": "PNEUMONIA"}
    monkeypatch.setattr(file, "read_run_bundle", lambda run: SimpleNamespace(**bundle))
    assert file.read_exchange_of(folder, 2, 0) == file.read_exchange(folder) == outcome.exchange
    assert file.read_exchange_of(folder, 3, 0) is file.read_exchange_of(folder, 2, 1) is None
    for other in ({"weights": "cd" * 32}, {"threshold": 0.4}):
        monkeypatch.setattr(file, "read_run_bundle", lambda run, other=other: SimpleNamespace(**bundle | other))
        assert file.read_exchange_of(folder, 2, 0) is None
    early = json.loads((tmp_path / "exchange" / "exchange.json").read_text()) | {"resamples": 2000}
    early["conditions"][0]["given_away"] |= {"low": 0.0, "high": 0.0}
    folder.write(tmp_path / "exchange" / "exchange.json", json.dumps(early))
    assert file.read_exchange(folder).conditions == outcome.exchange.conditions, "computed anew, since of an early way"
    assert file.read_exchange(folder).plain == outcome.exchange.plain
    (tmp_path / "exchange" / "exchange.json").write_text("{}")
    with pytest.raises(RunError, match=r"was changed after chestnut wrote it .* make it again by chestnut exchange"):
        file.read_exchange(folder)
