"""An engine within the test's own process, which has Keras loaded already, and settings for small networks."""

from chestnut.errors import ChestnutError
from chestnut.jobs.job import Event, Result
from chestnut.jobs.run_job import run_job

TINY = (
    *("input.height=32", "input.width=32", "train.precision=float32", "data.fractions=[0.6,0.2,0.2]"),
    *("cnn-small:model.filters=[4]", "cnn-small:model.dense=[8]", "mlp:model.dense=[8]"),
)


class Inline:
    """Runs jobs one after the other where it is called; `die_in` names jobs that fail."""

    parallel = 1
    gpus = 0

    def __init__(self, die_in=()):
        self.done, self.die_in = [], die_in

    def run(self, jobs, on_event):
        for job in jobs:
            on_event(Event(job.name, "begin", {}))
            self.done.append(job.name)
            try:
                if job.name in self.die_in:
                    raise ChestnutError("it died")
                status, error = run_job(job, lambda kind, facts, job=job: on_event(Event(job.name, kind, facts))), ""
            except ChestnutError as fault:
                status, error = "failed", str(fault)
            on_event(Event(job.name, "end", {"status": status, "error": error}))
            yield Result(job, status, error, 0.0)
