"""Tests of classical models against scikit-learn, of the grid search, and of recipes that cannot be fitted."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from chestnut.config import Recipe
from chestnut.data.phantom.dataset import write
from chestnut.data.sources.load import load_dataset
from chestnut.data.split import split
from chestnut.errors import DataError, DeviceError, RecipeError
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.engines.keras_engine import KerasEngine, load_network
from chestnut.models.build import build_recipe
from chestnut.training.classical.fit import check_classical, make_method
from chestnut.training.classical.grid_search import Examples, search
from chestnut.training.distributed.devices import ONE
from chestnut.training.inputs import Images
from chestnut.training.lr_range import Sweep, lr_range

SIZES = ["input.height=20", "input.width=18"]
SVM = Recipe(name="svm").changed(["model.network=pca-svm", "model.components=6", *SIZES])
HOG = Recipe(name="hog").changed(["model.network=hog-logistic", "model.cell=6", *SIZES])


@pytest.fixture(autouse=True)
def _alone():
    """One thread each: several wait for one another longer than such small matrices take."""
    with threadpool_limits(1):
        yield


def examples(classes, recipe, count=90):
    """Images whose class shows in where they are bright, three images a patient, and their inner folds."""
    random = np.random.default_rng(0)
    targets = np.sort(np.arange(count) % classes)
    pixels = random.integers(0, 200, (count, 20, 18), dtype=np.uint8)
    for label in range(classes):
        pixels[targets == label, 5 * label : 5 * label + 5] += 30
    images = Images(pixels, recipe.input)
    method = make_method(recipe, classes)
    fold = np.arange(count) // 3 % 3
    features = method.features(images)
    return method, images, Examples(features, targets, fold, np.ones(count, bool), recipe, classes)


@pytest.mark.parametrize(
    ("classes", "settings"),
    [(2, []), (3, ["model.whiten=true"]), (4, ["input.channels=3", "data.balance=weights"])],
)
def test_a_support_vector_machine_predicts_as_scikit_learn_does(classes, settings, tmp_path):
    recipe = SVM.changed(settings)
    method, images, given = examples(classes, recipe)
    choice, machine = search(method, given, ())
    network = method.network(machine, choice.calibration)
    network.save(tmp_path / "model.keras")
    engine = KerasEngine(load_network(tmp_path / "model.keras"), recipe.input)
    names = [str(number) for number in range(len(images.pixels))]
    scores = machine.svc.decision_function(machine.pca.transform(given.features)).reshape(len(given.targets), -1)
    wanted = probabilities(choice.calibration(scores))
    np.testing.assert_allclose(engine.probabilities(images.pixels, names), wanted, atol=1e-5)
    assert (wanted.argmax(axis=1) == given.targets).mean() > 0.9


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression_predicts_as_scikit_learn_does(classes):
    recipe = HOG.changed(["data.balance=weights", "model.costs=[3.0]"])
    method, images, given = examples(classes, recipe)
    kept = np.flatnonzero((given.targets > 0) | (np.arange(len(given.targets)) % 3 == 0))
    given = replace(given, features=given.features[kept], targets=given.targets[kept], fold=given.fold[kept])
    choice, fitted = search(method, replace(given, judged=np.ones(len(kept), bool)), ())
    reference = LogisticRegression(C=3.0, class_weight="balanced", max_iter=2000, tol=1e-6)
    wanted = reference.fit(given.features.astype(float), given.targets).predict_proba(given.features)
    network = method.network(fitted, choice.calibration)
    found = KerasEngine(network, recipe.input).probabilities(images.pixels[kept], [str(row) for row in kept])
    np.testing.assert_allclose(found, wanted, atol=1e-2)
    np.testing.assert_allclose(found, probabilities(fitted(given.features)), atol=1e-5)


def test_the_best_point_is_that_of_a_search_by_scikit_learn():
    recipe = SVM.changed(["model.costs=[0.001, 1.0, 30.0]", "model.gammas=[1.0]"])
    method, _, given = examples(2, recipe)
    losses = {}
    for cost in recipe.model.costs:
        steps = make_pipeline(PCA(6, random_state=0), SVC(C=cost, gamma="scale"))
        cuts = PredefinedSplit(given.fold)
        scores = cross_val_predict(steps, given.features, given.targets, cv=cuts, method="decision_function")[:, None]
        platt = LogisticRegression().fit(scores, given.targets)
        losses[cost] = log_loss(given.targets, platt.predict_proba(scores))
    choice, _ = search(method, given, ())
    assert choice.setting["C"] == min(losses, key=losses.get)
    assert choice.found["loss"] == pytest.approx(losses[choice.setting["C"]], rel=0.02)


def test_the_recipes_metric_chooses_and_copies_are_not_judged():
    method, _, given = examples(2, SVM.changed(["train.stop.metric=val_accuracy"]))
    wrong = given.targets.copy()
    wrong[::3] = 1 - wrong[::3]
    originals = np.arange(len(wrong)) % 3 > 0
    choice, _ = search(method, replace(given, targets=wrong, judged=originals), ())
    all_judged, _ = search(method, replace(given, targets=wrong), ())
    assert choice.found["accuracy"] > all_judged.found["accuracy"] + 0.1


@pytest.mark.parametrize("balance", ["none", "weights", "oversample", "undersample"])
def test_classes_count_as_the_recipe_balances_them(balance):
    class Recorder:
        def part(self, features, targets, weights):
            weights = np.ones(len(targets)) if weights is None else weights
            return features, targets, [float(weights[targets == label].sum()) for label in range(2)]

    _, _, given = examples(2, SVM.changed([f"data.balance={balance}"]))
    rows = np.flatnonzero((given.targets == 0) | (np.arange(len(given.targets)) % 5 == 0))
    features, targets, counted = given.part(Recorder(), rows)
    assert {row.tobytes() for row in features} <= {row.tobytes() for row in given.features[rows]}
    assert (counted[0] == pytest.approx(counted[1], rel=1e-5)) == (balance != "none")
    assert len(targets) == {"none": 54, "weights": 54, "oversample": 90, "undersample": 18}[balance]


def test_a_best_point_at_the_edge_is_logged(caplog):
    method, _, given = examples(2, SVM.changed(["model.costs=[0.001, 1.0]", "model.gammas=[1.0]"]))
    with caplog.at_level(logging.INFO):
        search(method, given, ())
    assert caplog.messages == ["the best C, 1, is the highest value tried; a better one may be beyond"]


@pytest.mark.parametrize("network", ["pca-svm", "hog-logistic"])
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("augment.flip=true", r"\[augment\] does not apply to .*, which is fitted to unchanged images"),
        ("loss.name=focal", r"\[loss\] does not apply to"),
        ("train.precision=bfloat16", "train.precision must be float32 or auto for"),
        ("model.head=sigmoid", "no key 'model.head'"),
        ("model.folds=1", "model.folds: input should be greater than or equal to 2, given 1"),
        ("model.costs=[]", "model.costs: .*at least 1 item"),
        ("model.costs=[0.0]", "model.costs.0: input should be greater than 0, given 0"),
    ],
)
def test_a_field_that_a_fit_cannot_use_is_refused(network, setting, said):
    with pytest.raises(RecipeError, match=said) as error:
        Recipe(name="x").changed([f"model.network={network}", setting])
    assert "\n" not in str(error.value)


def test_more_components_than_pixels_are_refused():
    with pytest.raises(RecipeError, match="components is 400, but an input of 20×18 has only 360 values; lower"):
        build_recipe(SVM.changed(["model.components=400"]), 2)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A data set of a few synthetic patients, split."""
    folder = tmp_path_factory.mktemp("classical") / "few"
    write(folder, 12, size=32)
    return split(load_dataset(folder), (0.6, 0.2, 0.2), 0)


def test_too_few_patients_or_images_and_several_devices_are_refused(few):
    with pytest.raises(DataError, match=r"^model.folds of the training images: 60 folds; give 2 to \d"):
        check_classical(few, SVM.changed(["model.folds=60"]), ONE)
    with pytest.raises(RecipeError, match=r"components is 300, but a fold of the search has only \d+ training"):
        check_classical(few, SVM.changed(["model.components=300", "model.folds=2"]), ONE)
    with pytest.raises(DeviceError, match="pca-svm is fitted by one process; train it with devices=1"):
        check_classical(few, SVM, replace(ONE, count=2))
    check_classical(few, SVM.changed(["model.folds=2"]), ONE)


def test_there_is_no_learning_rate_to_test(few):
    with pytest.raises(RecipeError, match="pca-svm is fitted without a learning rate; give another recipe"):
        lr_range(few, SVM, Sweep())


def test_a_network_that_is_trained_has_no_method():
    with pytest.raises(RecipeError, match="cnn is trained, not fitted; give pca-svm or hog-logistic"):
        make_method(Recipe(name="x"), 2)
