"""A cross-validation whose predictions are drawn at random instead of trained."""

import numpy as np

import chestnut as cn
from chestnut.config import Recipe, load_recipe
from chestnut.data.manifest import Manifest
from chestnut.evaluation.metrics import evaluate
from chestnut.files.json_files import read_json, write_json
from chestnut.jobs.job import Result
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import PredictionTable
from chestnut.runs.record import RunRecord
from chestnut.studies.crossval.plan import CrossFolder, make_crossplan

TINY = ("input.height=32", "input.width=32", "train.precision=float32", "model.dense=[4]", "train.epochs=1", "seed=3")


def begin(images, path, folds=2, repeats=2, changes=()):
    recipe = load_recipe("mlp", [*TINY, *changes])
    plan, pooled = make_crossplan(cn.load_dataset(images), recipe, folds, repeats, threads=2)
    return CrossFolder.begin(path, plan, pooled)


class Drawn:
    """An engine that draws predictions at random instead of training; tests of the command line train."""

    parallel = 1

    def __init__(self, die_in=(), blind=()):
        self.done, self.die_in, self.blind = [], die_in, blind

    def run(self, jobs, on_event):
        for job in jobs:
            self.done.append(job.name)
            if job.name in self.die_in:
                yield Result(job, "failed", "it died", 0.0)
                continue
            self.write(job)
            yield Result(job, "finished", "", 0.0)

    def write(self, job):
        recipe, facts = Recipe.from_toml(job.recipe, job.name), read_json(job.facts)
        with RunFolder.create(job.folder, recipe, RunRecord(status="training"), facts) as run:
            images = Manifest.read(job.manifest, facts)
            images.save(run.manifest_file)
            held = images.only("test")
            chance = np.random.default_rng(recipe.seed).uniform(size=len(held)) * 0.6 + 0.4 * held.targets
            chance = np.full(len(held), 0.7) if job.name in self.blind else chance
            values = np.stack([1 - chance, chance], axis=1)
            rows = held.frame[["path", "label", "patient", "split"]]
            table = PredictionTable.build(rows, values, held.classes, 0.5)
            table.save(run.evaluation("test") / "predictions.csv")
            judged = evaluate(held.targets, values, held.patients, held.classes, resamples=20)
            write_json(run.evaluation("test") / "metrics.json", judged.to_dict())
            run.write_history([{"epoch": 1, "val_loss": 0.5, "val_accuracy": 0.7, "val_auroc": 0.8}])
            run.update(status="finished", epochs=1, best_epoch=1, images_a_second=1.0)
