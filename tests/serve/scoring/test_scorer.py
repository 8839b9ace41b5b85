"""`Scorer`: what a network says of uploaded images, and that the first of them waits no longer than others."""

import math

import pytest

from chestnut.config import InputSpec
from chestnut.errors import BundleError
from chestnut.lungfield import network
from chestnut.lungfield.network import MODEL
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.scoring.upload import Upload, decode_upload
from onnx_bundle import write_onnx_bundle
from serve_client import png


def test_scores_of_several_images(run):
    scorer = Scorer.open(run, threads=1)
    images = [decode_upload(Upload(f"{grey}.png", png(grey)), scorer.bundle.spec) for grey in (60, 100, 140)]
    scores = scorer.score(images)
    assert [score.name for score in scores] == ["60.png", "100.png", "140.png"]
    expected = [1 / (1 + math.exp(-(grey - 100) / 20)) for grey in (60, 100, 140)]
    assert [score.probabilities["PNEUMONIA"] for score in scores] == pytest.approx(expected, abs=1e-6)
    assert [sum(score.probabilities.values()) for score in scores] == pytest.approx([1, 1, 1])
    assert [score.decision for score in scores] == ["NORMAL", "PNEUMONIA", "PNEUMONIA"]  # the threshold is 0.4
    assert {score.bundle for score in scores} == {scorer.bundle.identity}
    assert len({score.digest for score in scores}) == 3
    assert scorer.score([images[1]]) == [scores[1]]


def test_equal_pixels_have_one_digest_whatever_the_file(run):
    spec = Scorer.open(run, threads=1).bundle.spec
    one, other = (decode_upload(Upload("a", png(90, size)), spec).digest for size in (40, 80))
    assert one == other


def test_a_name_is_the_runs_and_a_bundle_does_as_well_as_its_run(run):
    assert Scorer.open(run).name == Scorer.open(run / "bundle").name == "bright"
    assert Scorer.open(run, name="other").name == "other"


def test_a_run_without_a_network_for_onnx_runtime_says_how_to_get_one(tmp_path):
    run = write_onnx_bundle(tmp_path / "old")
    (run / "bundle" / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"model\.onnx is missing"):
        Scorer.open(run)


def test_what_is_loaded_when_it_is_needed_is_loaded_before_the_first_client(tmp_path):
    spec = InputSpec(height=32, width=32, frame="lungs")
    scorer = Scorer.open(write_onnx_bundle(tmp_path / "lungs", spec=spec, lungs=MODEL), threads=1)
    network._session.cache_clear()
    scorer.warm()
    assert network._session.cache_info().currsize == 1
    (score,) = scorer.score([decode_upload(Upload("a", png(90)), spec)])
    assert score.lungs_found is False
    assert network._session.cache_info().misses == 1
