import numpy as np
import pytest

from chestnut.auditing.file_facts import cramers_v, files_follow_class, permutation_p


def findings(collection):
    return files_follow_class(collection.manifest, collection.facts)


def test_like_files_and_mixed_ones_that_follow_no_class_are_fine(collection):
    assert findings(collection) == []
    generator = np.random.default_rng(0)
    formats = generator.choice(["PNG", "JPEG"], 60).repeat(2)
    assert findings(collection.with_facts(format=formats, width=generator.integers(500, 3000, 60).repeat(2))) == []


@pytest.mark.parametrize(
    ("column", "values", "fact"),
    [
        ("format", ("JPEG", "PNG"), "format"),
        ("mode", ("L", "RGB"), "mode"),
        ("bits", (8, 16), "bit depth"),
        ("width", (1024, 2048), "size"),
    ],
)
def test_a_fact_that_is_the_class_is_an_error(collection, column, values, fact):
    planted = collection.with_facts(**{column: np.where(collection.labels == "NORMAL", *values)})
    (finding,) = findings(planted)
    assert (finding.name, finding.severity) == ("files-follow-class", "error")
    assert finding.title == f"The files' {fact} goes with the class"
    assert finding.figures["facts"][fact]["cramers_v"] == 1
    assert "100 % of" in finding.evidence
    assert "0 % of" in finding.evidence
    assert finding.remedy


def test_a_fact_that_only_leans_is_a_warning_and_names_the_rare_files(collection):
    formats = np.where((collection.labels == "NORMAL") & (np.arange(120) < 60), "BMP", "PNG")
    (finding,) = findings(collection.with_facts(format=formats))
    assert finding.severity == "warning"
    assert set(finding.files) == {f"/data/{row:03}.png" for row in np.flatnonzero(formats == "BMP")}
    assert finding.figures["facts"]["format"]["counts"] == {
        "NORMAL": {"BMP": 30, "PNG": 30},
        "PNEUMONIA": {"BMP": 0, "PNG": 60},
    }
    assert "Format BMP: 50 % of NORMAL, 0 % of PNEUMONIA." in finding.evidence


def test_many_sizes_are_cut_into_parts(collection):
    generator = np.random.default_rng(0)
    wide = np.where(collection.labels == "NORMAL", 1000, 2000) + generator.integers(0, 500, 120)
    (finding,) = findings(collection.with_facts(width=wide, height=1000))
    assert set(finding.figures["facts"]) == {"size", "aspect"}
    assert "megapixels" in str(finding.figures["facts"]["size"]["counts"])


def test_many_sizes_with_a_common_one_are_set_against_it(collection):
    generator = np.random.default_rng(0)
    wide = np.where(collection.labels == "NORMAL", generator.integers(500, 900, 120), 1024)
    (finding,) = findings(collection.with_facts(width=wide))
    assert set(finding.figures["facts"]["size"]["counts"]["NORMAL"]) == {"1024×1024", "another"}


def test_one_patient_with_many_images_proves_nothing(collection):
    """Forty images of one patient in a format of their own are one coincidence, not forty."""
    patients = collection.rows["patient"].to_numpy(copy=True)
    patients[collection.labels == "NORMAL"] = np.where(
        np.arange(60) < 40, "one", patients[collection.labels == "NORMAL"]
    )
    formats = np.where(patients == "one", "BMP", "PNG")
    assert findings(collection.with_column(patient=patients).with_facts(format=formats)) == []


def test_unreadable_and_unlabelled_images_are_left_out(collection):
    formats = np.where(collection.labels == "NORMAL", "", "PNG")
    assert findings(collection.with_facts(format=formats)) == []


def test_cramers_v_is_near_nothing_where_there_is_nothing():
    generator = np.random.default_rng(0)
    codes, classes = generator.integers(0, 5, 400), generator.integers(0, 2, 400)
    assert cramers_v(codes, classes) < 0.1
    assert permutation_p(codes, classes, generator) > 0.05
    assert permutation_p(classes, classes, generator) == pytest.approx(0.001)
