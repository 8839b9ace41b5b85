import numpy as np
import pytest

from chestnut.auditing.image_statistics import STATISTICS, frame, measure, statistics
from chestnut.auditing.probe_findings import probe_findings, severity, skipped_probes
from chestnut.auditing.shortcut_probes import Probe, run_probes, too_few


def run(collection, seed=0):
    found = run_probes(collection.manifest, collection.features(), collection.facts, seed)
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
    assert set(clean) == {"facts", "statistics", "border"}
    for probe in clean.values():
        assert probe.low <= 0.5 <= probe.high
        assert severity(probe) == "info"
        assert (probe.images, probe.patients, probe.folds) == (120, 60, 5)


def test_brightness_that_goes_with_the_class_is_found(collection):
    found = run(type(collection)(collection.rows, np.minimum(brighter(collection), 255), collection.facts))
    assert found["statistics"].auroc >= 0.9
    assert found["statistics"].strongest in STATISTICS
    assert found["statistics"].strongest_auroc > 0.8
    assert found["facts"].low <= 0.5 <= found["facts"].high


def test_a_marker_in_the_border_is_found(collection):
    found = run(type(collection)(collection.rows, marked(collection), collection.facts))
    assert found["border"].auroc >= 0.9
    assert severity(found["border"]) == "error"


def test_a_format_that_goes_with_the_class_is_found(collection):
    found = run(collection.with_facts(format=np.where(collection.labels == "NORMAL", "JPEG", "PNG")))
    assert found["facts"].auroc >= 0.99
    assert found["facts"].without_bytes >= 0.99
    assert found["facts"].strongest == "format"
    assert severity(found["facts"]) == "error"


def test_bytes_alone_make_a_warning_at_most(collection):
    found = run(collection.with_facts(bytes=np.where(collection.labels == "NORMAL", 400_000, 300_000)))
    assert found["facts"].auroc >= 0.99
    assert found["facts"].without_bytes == 0.5
    assert severity(found["facts"]) == "warning"
    (finding, *_) = probe_findings([found["facts"]])
    assert "0.50 without the size of the files" in finding.evidence


def test_a_patient_that_is_recognised_does_not_help(collection):
    """Each patient has a size of its own, so folds that share patients would know every label."""
    patients = np.arange(120) // 2
    generator = np.random.default_rng(3)
    labels = np.where(generator.permutation(60) % 2, "PNEUMONIA", "NORMAL")[patients]
    sized = collection.with_column(label=labels).with_facts(width=generator.permutation(60)[patients] + 500, bytes=0)
    found = run(sized)["facts"]
    assert found.low <= 0.5 <= found.high
    assert run(sized.with_column(patient=[f"q{row}" for row in range(120)]))["facts"].auroc > found.high


def test_of_three_classes_each_is_set_against_the_rest_and_no_label_is_left_out(collection):
    labels = np.array(["NORMAL", "PNEUMONIA", "COVID"])[np.arange(120) // 2 % 3]
    labels[:10] = ""
    changed = collection.with_column(label=labels).with_facts(mode=np.where(labels == "COVID", "RGB", "L"))
    probe = run(changed)["facts"]
    assert (probe.images, probe.patients) == (110, 55)
    assert list(probe.by_class) == ["COVID", "NORMAL", "PNEUMONIA"]
    assert probe.by_class["COVID"] >= 0.99
    assert probe.auroc == pytest.approx(np.mean(list(probe.by_class.values())))
    (finding,) = probe_findings([probe])
    assert "COVID against the rest has 1.00" in finding.evidence
    assert finding.figures["by_class"] == probe.by_class


def test_the_seed_decides_the_folds(collection, clean):
    assert run(collection) == clean
    assert run(collection, seed=1) != clean


@pytest.mark.parametrize(
    ("auroc", "low", "expected"),
    [(0.95, 0.9, "error"), (0.95, 0.65, "warning"), (0.8, 0.6, "warning"), (0.8, 0.45, "info"), (0.6, 0.55, "info")],
)
def test_severity_asks_for_a_high_auroc_and_a_sure_one(auroc, low, expected):
    probe = Probe("border", auroc, low, 0.99, 100, 50, 5, {})
    assert severity(probe) == expected
    (finding,) = probe_findings([probe])
    assert finding.severity == expected
    assert bool(finding.remedy) == (expected != "info")


def test_a_finding_says_in_plain_words_what_it_means():
    probe = Probe("statistics", 0.951, 0.945, 0.957, 5216, 2846, 5, {}, "noise", 0.86)
    (finding,) = probe_findings([probe])
    assert finding.title.startswith("The classes can nearly be told apart without the lungs: AUROC 0.95")
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
