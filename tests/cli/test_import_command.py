"""`chestnut import`: a run like any other, of a network that another program trained."""

import csv
import hashlib
import json
import shutil
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

import chestnut as cn
import keras2
from calling import call
from chestnut.data.decoding.decode import decode
from chestnut.errors import ForeignFileError
from chestnut.inference.engine_choice import open_engine
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.runs.folder import RunFolder
from rewriting import change

SIDE = 32
#: What the file does not say; its one sigmoid means NORMAL.
TOLD = ("--classes", "PNEUMONIA,NORMAL", "--scale", "0-1")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A network within a network that Keras 2 saved."""
    image = keras.Input((SIDE, SIDE, 1), name="outer")
    base = keras.Sequential(
        [keras.Input((SIDE, SIDE, 1)), layers.Conv2D(4, 3, name="c"), layers.ReLU(name="r")], name="b"
    )
    x = layers.GlobalAveragePooling2D(name="average")(base(image))
    network = keras.Model(image, layers.Dense(1, activation="sigmoid", name="out")(x), name="whole")
    random = np.random.default_rng(3)
    for variable in network.weights:
        variable.assign(random.normal(0, 0.7, variable.shape))
    path = tmp_path_factory.mktemp("original") / "ward 7.h5"
    return network, keras2.save(network, path)


@pytest.fixture(scope="module")
def run(original, tmp_path_factory):
    folder = tmp_path_factory.mktemp("imported")
    assert call(["import", original[1], *TOLD, "--name=one", "--json", folder / "one.json"], folder) == 0
    return RunFolder.open(folder / "runs" / "one")


def probabilities(network, paths):
    """P(PNEUMONIA) as the other program computed it."""
    spec = cn.load_recipe("mlp", [f"input.height={SIDE}", f"input.width={SIDE}"]).input
    images = np.stack([decode(str(path), spec) for path in paths])[..., None] / 255.0
    return 1 - np.asarray(network(images.astype(np.float32)))[:, 0]


@pytest.mark.slow
def test_an_imported_network_predicts_as_its_program_did(run, original, elsewhere):
    paths = sorted(elsewhere.rglob("*.jpeg"))[:12]
    wanted = probabilities(original[0], paths)
    found = cn.Run(run).predict([*map(str, paths)]).probabilities
    assert read_run_bundle(run).classes == ("NORMAL", "PNEUMONIA")
    np.testing.assert_allclose(found[:, 1], wanted, atol=1e-5)
    assert np.ptp(wanted) > 0.01
    told = json.loads((run.path.parents[1] / "one.json").read_text())
    assert told["imported"]["difference"] < 1e-6 and told["imported"]["images"] == 64
    assert told["status"] == "finished" and told["data"]["images"] == 0
    engine = open_engine(read_run_bundle(run))
    assert engine.has_activation, "the heat map of a service needs the maps of the network"


@pytest.mark.slow
def test_commands_work_on_it_or_say_that_it_has_no_images(run, elsewhere, chestnut, tmp_path):
    copy = shutil.copytree(run.path, tmp_path / "runs" / "one")
    code, out, err = chestnut("evaluate", copy, elsewhere)
    assert code == 0, err
    assert "AUROC" in out and "whether it was trained on some of these images is not known" in " ".join(out.split())
    for words in (("evaluate", copy), ("calibrate", copy), ("threshold", copy, "--rule", "youden"), ("guard", copy),
                  ("stress", copy), ("exchange", copy)):  # fmt: skip
        code, _, err = chestnut(*words)
        assert code == 2 and "this run was imported and has no images of its own; give DATA" in err, words
    for words in (("diagnose", copy), ("finetune", copy), ("stress", copy, "--leave-one-source-out")):
        code, _, err = chestnut(*words)
        assert code == 2 and f"{copy} was imported" in err, words
    code, _, err = chestnut("train", elsewhere, "--recipe", copy / "recipe.toml")
    assert code == 2 and "was trained elsewhere and is not trained here" in err
    code, out, _ = chestnut("info", copy)
    assert code == 0 and "unverified: nobody has compared" in " ".join(out.split())
    assert chestnut("report", copy)[0] == 0
    page = (copy / "report.html").read_text()
    assert "chestnut import" in page and "Unverified: nobody has compared its answers" in page
    assert "Whether it was trained on some of these images is not known" in page
    assert "took no part in training" not in page


@pytest.mark.slow
def test_images_and_answers_of_its_program_make_it_a_run_like_any_other(original, elsewhere, chestnut, tmp_path):
    paths = sorted(elsewhere.rglob("*.jpeg"))[:20]
    answers = tmp_path / "answers.csv"
    with answers.open("w", newline="") as file:
        rows = zip(map(str, paths), 1 - probabilities(original[0], paths), strict=True)
        csv.writer(file).writerows([("path", "probability"), *rows])
    code, _, err = chestnut(
        "import", original[1], elsewhere, *TOLD, "--reference", answers, "--name=two", "--runs", tmp_path
    )
    assert code == 0, err
    run = RunFolder.open(tmp_path / "two")
    verified = run.record.imported.verified
    assert (verified.images, verified.same) == (20, 20) and verified.largest < 1e-5
    assert run.evaluations() == ["val"] and run.recipe.train.calibrate == "none"
    assert any("whether the network was trained on some of these" in note for note in run.facts["notes"])
    assert chestnut("evaluate", run.path, "--split", "test")[0] == 0
    assert chestnut("stress", run.path, "--shift", "jpeg")[0] == 0

    wrong = ("--classes", "PNEUMONIA,NORMAL", "--scale", "0-255", "--reference", answers, "--runs", tmp_path)
    code, _, err = chestnut("import", original[1], *wrong, "--name=three")
    assert code == 2 and "with --scale 0-1 they would differ by " in err, err
    assert not (tmp_path / "three").exists()


@pytest.mark.slow
def test_a_network_that_takes_the_memory_is_refused(tmp_path):
    config = keras2.config_of(keras.Sequential([keras.Input((1024, 1024, 3)), layers.Flatten(name="f")], name="s"))
    wide = {"name": "wide", "units": 4096, "activation": "softmax", "use_bias": True}
    config["config"]["layers"].append({"class_name": "Dense", "config": wide})
    with h5py.File(tmp_path / "huge.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file["model_weights/wide/kernel"] = np.zeros((1, 4096), np.float32)
    names = [f"class {number}" for number in range(4096)]
    with pytest.raises(ForeignFileError, match=r"takes more than the 6\.\d GB of memory"):
        cn.import_model(tmp_path / "huge.h5", classes=names, scale="0-1", path=tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


REFUSED = {
    "no classes": ((), "the file does not say which output means which class: give classes in"),
    "no scale": (("--classes", "A,B"), "give --scale 0-255 if the program passed pixels as they are"),
    "scale": (("--classes", "A,B", "--scale", "0-2"), "--scale 0-2: give one of 0-255, 0-1, -1-1"),
    "one class": (("--classes", "A", "--scale", "0-1"), "--classes A: give two or more names, each once"),
    "positive": (("--classes", "A,B", "--scale", "0-1", "--positive", "C"), "--positive C: it is none of the classes"),
    "resize": (("--classes", "A,B", "--scale", "0-1", "--resize", "crop"), "--resize crop: give one of stretch, fit"),
    "resample": (("--classes", "A,B", "--scale", "0-1", "--resample", "box"), "--resample box: give one of area, nea"),
    "channels": (("--classes", "A,B", "--scale", "0-1", "--channels", "2"), "--channels 2: give 1 for grey, or 3"),
    "size": (("--classes", "A,B", "--scale", "0-1", "--size", "big"), "--size big: give the side in pixels, as in"),
    "no file": (("--classes", "A,B", "--scale", "-1-1", "--size", "64x32"), "there is no file gone.h5; give the .h5"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_missing_or_wrong_is_told(chestnut, kind):
    words, message = REFUSED[kind]
    code, _, err = chestnut("import", "gone.h5", *words)
    assert code == 2 and message in err, err
    assert not Path("runs").exists()


MODEL = Path(__file__).parents[3] / "shared" / "models" / "model_0.944.h5"
IMAGES = MODEL.parents[1] / "data" / "covid-512"


@pytest.mark.slow
@pytest.mark.skipif(not MODEL.is_file() or not IMAGES.is_dir(), reason=f"{MODEL} or {IMAGES} is not on this machine")
def test_a_real_network_of_keras_2_gives_the_figures_that_plain_keras_gives(tmp_path):
    told = {"classes": ("COVID-19", "NORMAL"), "scale": "0-255", "size": 256, "resample": "bilinear"}
    run = cn.import_model(MODEL, **told, path=tmp_path / "run", quiet=True)
    found = run.folder.record.imported
    assert found.plain and found.keras == "2.4.0" and found.difference < 1e-6
    assert run.folder.record.parameters == 117_505
    folders = ("Covid-19", "No_findings", "Pneumonia")
    shares = {name: run.predict(IMAGES / name, quiet=True).probabilities[:, 1] for name in folders}
    means = [float(shares[name].mean()) for name in folders]
    assert means == pytest.approx([0.919, 0.746, 0.665], abs=0.001)
    sick, well = shares["Covid-19"], shares["No_findings"]
    auroc = (np.greater.outer(sick, well) + np.equal.outer(sick, well) / 2).mean()
    right = ((sick >= 0.5).sum() + (well < 0.5).sum()) / (len(sick) + len(well))
    assert (auroc, right) == pytest.approx((0.710, 0.341), abs=0.001)


@pytest.mark.slow
def test_an_ensemble_says_that_a_member_was_trained_elsewhere(run, chestnut, tmp_path):
    copy = shutil.copytree(run.path, tmp_path / "other")
    network = keras.saving.load_model(copy / "bundle" / "model.keras", compile=False)
    network.get_layer("logits").bias.assign([0.25])
    network.save(copy / "bundle" / "model.keras")
    digest = hashlib.sha256((copy / "bundle" / "model.keras").read_bytes()).hexdigest()
    facts = json.loads((copy / "bundle" / "bundle.json").read_text())
    change(copy / "bundle" / "bundle.json", sha256=facts["sha256"] | {"model.keras": digest})
    code, _, err = chestnut("ensemble", run.path, copy, "--name", "both")
    assert code == 0, err
    notes = RunFolder.open(tmp_path / "runs" / "both").facts["notes"]
    assert any("2 members were trained elsewhere, perhaps on some of these images" in note for note in notes)
