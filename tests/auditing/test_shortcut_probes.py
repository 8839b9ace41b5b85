from dataclasses import replace

import numpy as np
import pytest

from chestnut.auditing.image_statistics import STATISTICS, frame, measure, statistics
from chestnut.auditing.probe_findings import probe_findings, severity, skipped_probes
from chestnut.auditing.shortcut_probes import SUBJECTS, Blind, Probe, run_probes, too_few
from chestnut.lungfield.geometry import GEOMETRY


def run(collection, *subjects, lungs=None, seed=0):
    if lungs is None:
        lungs = collection.lungs(**{GEOMETRY[0]: np.random.default_rng(5).normal(size=len(collection.rows))})
    found = run_probes(
        collection.manifest, collection.features(), lungs, collection.facts, seed, subjects=subjects or SUBJECTS
    )
    return {probe.subject: probe for probe in found}


@pytest.fixture(scope="module")
def clean(collection):
    return run(collection)


def brighter(collection):
    """PNEUMONIA taken by a scanner that exposes more."""
    return collection.pixels + np.where(collection.labels == "PNEUMONIA", 25, 0).astype(np.uint8)[:, None, None]


def marked(collection):
    """PNEUMONIA with a marker in a corner."""
    pixels = collection.pixels.copy()
    pixels[collection.labels == "PNEUMONIA", :4, 8:20] = 250
    return pixels


def test_a_clean_collection_gives_nothing_away(clean):
    assert set(clean) == {"facts", "statistics", "border", "outside", "geometry", "dimensions"}
    assert clean["dimensions"] == Blind("dimensions", "All pictures are 1024×1024 pixels")
    for probe in (probe for probe in clean.values() if isinstance(probe, Probe)):
        assert probe.low <= 0.5 <= probe.high
        assert severity(probe) == "info"
        assert (probe.images, probe.patients, probe.folds) == (120, 60, 5)


def test_brightness_that_goes_with_the_class_is_found(collection):
    found = run(
        type(collection)(collection.rows, np.minimum(brighter(collection), 255), collection.facts),
        "statistics",
        "facts",
    )
    assert found["statistics"].auroc >= 0.9
    assert found["statistics"].strongest in STATISTICS
    assert found["statistics"].strongest_auroc > 0.8
    assert found["facts"].low <= 0.5 <= found["facts"].high


def test_a_marker_in_the_border_is_found(collection):
    found = run(type(collection)(collection.rows, marked(collection), collection.facts), "border")
    assert found["border"].auroc >= 0.9
    assert severity(found["border"]) == "error"


def test_a_format_that_goes_with_the_class_is_found(collection):
    found = run(collection.with_facts(format=np.where(collection.labels == "NORMAL", "JPEG", "PNG")), "facts")
    assert found["facts"].auroc >= 0.99
    assert found["facts"].without_bytes >= 0.99
    assert found["facts"].strongest == "format"
    assert severity(found["facts"]) == "error"


def test_bytes_alone_make_a_warning_at_most(collection):
    found = run(collection.with_facts(bytes=np.where(collection.labels == "NORMAL", 400_000, 300_000)), "facts")
    assert found["facts"].auroc >= 0.99
    assert found["facts"].without_bytes == 0.5
    assert severity(found["facts"]) == "warning"
    (finding, *_) = probe_findings([found["facts"]])
    assert "0.50 without the size of the files" in finding.evidence


def test_lungs_of_another_shape_in_one_class_are_found_by_the_figure_that_tells_it(collection):
    generator = np.random.default_rng(6)
    shapes = {name: generator.normal(size=120) for name in GEOMETRY}
    shapes[GEOMETRY[3]] += np.where(collection.labels == "PNEUMONIA", 3, 0)
    probe = run(collection, "geometry", lungs=collection.lungs(**shapes))["geometry"]
    assert probe.auroc >= 0.9
    assert (probe.strongest, severity(probe)) == (GEOMETRY[3], "error")


def test_what_lies_outside_the_lungs_is_seen_and_what_lies_inside_is_not(collection):
    pixels = collection.pixels.copy()
    pixels[collection.labels == "PNEUMONIA", 24:32, 16:22] = 250
    inside = type(collection)(collection.rows, pixels, collection.facts)
    found = run(inside, "outside")["outside"]
    assert found.low <= 0.5 <= found.high
    pixels = collection.pixels.copy()
    pixels[collection.labels == "PNEUMONIA", 24:32, 30:36] = 250
    outside = type(collection)(collection.rows, pixels, collection.facts)
    assert run(outside, "outside")["outside"].auroc >= 0.9


def test_pictures_of_another_size_in_one_class_are_found(collection):
    probe = run(collection.with_facts(height=np.where(collection.labels == "NORMAL", 1100, 900)), "dimensions")[
        "dimensions"
    ]
    assert probe.auroc >= 0.99
    assert probe.strongest == "height"
    finding = probe_findings([probe])[1]
    assert (finding.name, finding.severity) == ("probe-dimensions", "error")
    assert "the height by itself gives 1.00" in finding.evidence


def test_images_without_lungs_are_left_out_of_the_probes_of_lungs_alone(collection):
    whole = collection.lungs(**{GEOMETRY[0]: np.random.default_rng(5).normal(size=120)})
    some = replace(whole, reasons=("one lung only",) * 10 + ("",) * 110)
    found = run(collection, "geometry", "outside", "border", lungs=some)
    assert (found["geometry"].images, found["outside"].images, found["border"].images) == (110, 110, 120)
    few = replace(whole, reasons=("one lung only",) * 90 + ("",) * 30)
    reason = "Among the images with lungs, 15 patients are too few; at least 20 are needed"
    assert [*run(collection, "outside", "geometry", lungs=few).values()] == [
        Blind("outside", reason),
        Blind("geometry", reason),
    ]
    none = run(collection, "geometry", "border", lungs=replace(whole, reasons=("noise",) * 120))
    assert none["geometry"] == Blind("geometry", "Lungs were found in no image")
    assert none["border"].images == 120


def test_probes_without_anything_to_see_are_no_probes_at_chance(collection):
    """An interval around 0.5 would say that they looked and saw nothing."""
    found = run(collection.with_facts(bytes=0), "facts", "geometry", lungs=collection.lungs())
    assert found["facts"] == Blind("facts", "They are the same for all files")
    assert found["geometry"] == Blind("geometry", "They are the same for all images")
    finding = next(one for one in probe_findings([found["geometry"]]) if one.name == "probe-geometry")
    assert (finding.severity, finding.evidence) == ("info", "They are the same for all images.")
    assert "auroc" not in finding.figures


def test_the_strongest_probe_outside_the_lungs_says_what_can_be_told_without_them():
    probes = [
        Probe("statistics", 0.99, 0.98, 1.0, 5216, 2846, 5, {}, "noise", 0.86),
        Probe("border", 0.94, 0.93, 0.95, 5216, 2846, 5, {}),
        Probe("outside", 0.97, 0.96, 0.98, 5200, 2840, 5, {}),
        Probe("geometry", 0.88, 0.87, 0.89, 5200, 2840, 5, {}, GEOMETRY[0], 0.8),
        Blind("dimensions", "All pictures are 224×224 pixels"),
    ]
    together = probe_findings(probes)[0]
    assert (together.name, together.severity) == ("without-lungs", "error")
    assert together.title == (
        "The classes can nearly be told apart without the inside of the lungs: AUROC 0.97 (0.96 to 0.98) from the "
        "image outside the lungs"
    )
    assert "the border around the chest 0.940 (0.930 to 0.950), the lungs' geometry 0.880" in together.evidence
    assert together.evidence.endswith("Nothing was to be learnt from the pictures' dimensions.")
    assert together.figures["strongest"] == "outside"
    assert list(together.figures["probes"]) == ["outside", "border", "geometry"]
    for word in ("chestnut control", "chestnut exchange", "input.frame=lungs"):
        assert word in together.remedy
    assert not [one for one in probe_findings(probes[-1:]) if one.name == "without-lungs"]


def test_of_three_classes_the_finding_on_all_names_the_class_that_is_told_best():
    each = {"COVID": 0.97, "NORMAL": 0.8, "PNEUMONIA": 0.78}
    together, _ = probe_findings([Probe("outside", 0.85, 0.82, 0.88, 464, 324, 5, each)])
    assert "means over the classes; the first tells COVID from the rest with 0.97." in together.evidence


def test_a_patient_that_is_recognised_does_not_help(collection):
    """Each patient has a size of its own, so folds that share patients would know every label."""
    patients = np.arange(120) // 2
    generator = np.random.default_rng(3)
    labels = np.where(generator.permutation(60) % 2, "PNEUMONIA", "NORMAL")[patients]
    sized = collection.with_column(label=labels).with_facts(width=generator.permutation(60)[patients] + 500, bytes=0)
    found = run(sized, "facts")["facts"]
    assert found.low <= 0.5 <= found.high
    assert run(sized.with_column(patient=[f"q{row}" for row in range(120)]), "facts")["facts"].auroc > found.high


def test_of_three_classes_each_is_set_against_the_rest_and_no_label_is_left_out(collection):
    labels = np.array(["NORMAL", "PNEUMONIA", "COVID"])[np.arange(120) // 2 % 3]
    labels[:10] = ""
    changed = collection.with_column(label=labels).with_facts(mode=np.where(labels == "COVID", "RGB", "L"))
    probe = run(changed, "facts")["facts"]
    assert (probe.images, probe.patients) == (110, 55)
    assert list(probe.by_class) == ["COVID", "NORMAL", "PNEUMONIA"]
    assert probe.by_class["COVID"] >= 0.99
    assert probe.auroc == pytest.approx(np.mean(list(probe.by_class.values())))
    (finding,) = probe_findings([probe])
    assert "COVID against the rest has 1.00" in finding.evidence
    assert finding.figures["by_class"] == probe.by_class


def test_the_seed_decides_the_folds(collection, clean):
    for name in ("statistics", "outside"):
        assert run(collection, name)[name] == clean[name]
        assert run(collection, name, seed=1)[name] != clean[name]


@pytest.mark.parametrize(
    ("auroc", "low", "expected"),
    [(0.95, 0.9, "error"), (0.95, 0.65, "warning"), (0.8, 0.6, "warning"), (0.8, 0.45, "info"), (0.6, 0.55, "info")],
)
def test_severity_asks_for_a_high_auroc_and_a_sure_one(auroc, low, expected):
    probe = Probe("border", auroc, low, 0.99, 100, 50, 5, {})
    assert severity(probe) == expected
    together, finding = probe_findings([probe])
    assert finding.severity == together.severity == expected
    assert bool(finding.remedy) == bool(together.remedy) == (expected != "info")


def test_a_finding_says_in_plain_words_what_it_means():
    probe = Probe("statistics", 0.951, 0.945, 0.957, 5216, 2846, 5, {}, "noise", 0.86)
    (finding,) = probe_findings([probe])
    assert finding.title == "The classes can nearly be told apart by brightness and sharpness alone: AUROC 0.95"
    assert "0.951 (95 % interval 0.945 to 0.957)" in finding.evidence
    assert "may measure the scanner, not the disease" in finding.evidence
    assert finding.remedy.startswith("0.95 is the AUROC to beat")
    assert "augment.brightness" in finding.remedy
    assert finding.figures == {
        "subject": "statistics", "auroc": 0.951, "low": 0.945, "high": 0.957, "images": 5216, "patients": 2846,
        "folds": 5, "strongest": "noise", "strongest_auroc": 0.86,
    }  # fmt: skip


def test_too_few_patients_are_told(collection):
    assert too_few(collection.manifest) == ""
    assert "19 patients are too few" in too_few(collection.manifest.take(range(38)))
    labels = np.where(np.arange(120) < 8, "PNEUMONIA", "NORMAL")
    assert "PNEUMONIA has only 4 patients" in too_few(collection.with_column(label=labels).manifest)
    assert "there is one class" in too_few(collection.with_column(label="NORMAL").manifest)
    assert "there are no labels" in too_few(collection.with_column(label="").manifest)
    finding = skipped_probes("why")
    assert (finding.name, finding.severity) == ("probes-skipped", "info")


def test_the_border_leaves_out_the_chest(collection):
    inside = np.kron(~frame(), np.ones((4, 4), bool))
    image = np.where(inside, 255, 10).astype(np.uint8)
    assert measure(image[None]).borders.max() == 10
    assert frame().mean() == pytest.approx(176 / 576)


def test_statistics_are_those_that_are_named():
    image = np.full((64, 64), 10, np.uint8)
    image[:16] = 255
    values = dict(zip(STATISTICS, statistics(image), strict=True))
    assert values["mean brightness"] == pytest.approx(image.mean())
    assert values["standard deviation"] == pytest.approx(image.std())
    assert (values["1st percentile"], values["99th percentile"]) == (10, 255)
    assert values["share of white pixels"] == 0.25
    assert values["share of black pixels"] == 0
    assert values["entropy"] == pytest.approx(0.8113, abs=1e-4)  # 1/4 and 3/4


def test_noise_is_estimated_in_grey_levels():
    image = np.random.default_rng(0).normal(128, 5, (200, 200)).round().astype(np.uint8)
    assert np.exp(statistics(image)[-1]) - 0.1 == pytest.approx(5, rel=0.05)
