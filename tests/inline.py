"""An engine within the test's own process, which has Keras loaded already, and settings for small networks."""

from chestnut.errors import ChestnutError
from chestnut.jobs.job import Event, Result
from chestnut.jobs.run_job import run_job

TINY = (
    *("input.height=32", "input.width=32", "train.precision=float32", "data.fractions=[0.6,0.2,0.2]"),
    *("cnn-small:model.filters=[4]", "cnn-small:model.dense=[8]", "mlp:model.dense=[8]"),
)


class Stopped(KeyboardInterrupt):
    """Raised in a job whose listener says stop, as a signal would be in a process."""


class Inline:
    """Runs jobs one after the other where it is called; `die_in` names jobs that fail, `work` is what a job does."""

    parallel = 1
    gpus = 0

    def __init__(self, die_in=(), work=run_job):
        self.done, self.die_in, self.work = [], die_in, work

    def run(self, jobs, on_event):
        for job in jobs:
            on_event(Event(job.name, "begin", {}))
            self.done.append(job.name)
            status, error = self._do(job, on_event)
            on_event(Event(job.name, "end", {"status": status, "error": error}))
            yield Result(job, status, error, 0.0)

    def _do(self, job, on_event):
        def notify(kind, facts):
            if on_event(Event(job.name, kind, facts)) == "stop":
                raise Stopped

        try:
            if job.name in self.die_in:
                raise ChestnutError("it died")
            return self.work(job, notify), ""
        except ChestnutError as fault:
            return "failed", str(fault)
        except Stopped:
            return "stopped", ""
