"""Stands in for a Ray cluster, on a clock of its own: nodes die, come back and are busy, and heads go away."""

from dataclasses import dataclass, field

from chestnut.errors import EngineError
from chestnut.jobs.ray.actor import Report
from chestnut.jobs.ray.answers import ActorLostError, ClusterLostError, Handle, TaskFailedError
from chestnut.jobs.ray.patience import Patience

ROOM = {"CPU": 2.0}


@dataclass
class FakeCluster:
    """A cluster whose jobs take some seconds.

    Attributes:
        script: What happens, by the time in seconds: a method of this class and its arguments.
        seconds: How long a job runs.
        slots: The most actors that have room at a time.
    """

    script: list = field(default_factory=list)
    seconds: float = 5.0
    own: bool = False
    up: list = field(default_factory=lambda: [dict(ROOM)])
    busy: bool = False
    head: bool = True
    fails: bool = False
    slots: int = 9
    now: float = 0.0
    joined: int = 0
    killed: list = field(default_factory=list)
    stopped: list = field(default_factory=list)
    actors: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    made: int = 0

    def patience(self, wait):
        return Patience(wait, clock=lambda: self.now, sleep=self.pass_time)

    def pass_time(self, seconds):
        until = self.now + seconds
        while self.script and self.script[0][0] <= until:
            time, name, *arguments = self.script.pop(0)
            self.now = max(self.now, time)
            getattr(self, name)(*arguments)
        self.now = until

    # What may happen

    def nodes_die(self):
        """As Ray tells it: the answers that are due raise."""
        self.up = []
        for number, (actor, _, _) in self.answers.items():
            self.answers[number] = (actor, self.now, ActorLostError("ActorDiedError"))
        self.actors = {}

    def nodes_fall_silent(self):
        self.busy = True
        for number, (actor, _, value) in self.answers.items():
            self.answers[number] = (actor, float("inf"), value)

    def node_comes(self):
        self.up, self.busy = [dict(ROOM)], False

    def head_goes(self):
        self.head = False

    def head_comes(self):
        self.head = True

    # What a cluster does

    def _check(self):
        if not self.head:
            raise ClusterLostError("the head of the Ray cluster has gone away")

    def _handle(self):
        self.made += 1
        return Handle(self.made)

    def nodes(self):
        self._check()
        return self.up

    def create(self, kind, options, *arguments):
        self._check()
        return self._handle()

    def call(self, actor, method, *arguments):
        self._check()
        answer = self._handle()
        self.answers[answer.number] = (actor, None, method)
        if method == "stop":
            self.stopped.append(actor)
            self.actors[actor.number] = self.now + 1
        return answer

    def put(self, value):
        return self._handle()

    def _due(self, number):
        """When an answer comes; one of an actor that has no room has no time yet."""
        actor, time, value = self.answers[number]
        room = actor.number in self.actors or len(self.actors) < self.slots
        if time is None and self.up and not self.busy and room:
            if value == "begin":
                self.actors.setdefault(actor.number, self.now + self.seconds)
                self.answers[number] = (actor, self.now, True)
            else:
                over = self.actors[actor.number] <= self.now + 5
                at = self.actors[actor.number] if over else self.now + 5
                self.answers[number] = (actor, at, ([], Report("finished", "", self.seconds) if over else None))
        time = self.answers[number][1]
        return float("inf") if time is None else time

    def wait(self, answers, seconds):
        self._check()
        self._check_known(answers)
        first = min(self._due(one.number) for one in answers)
        self.pass_time(min(max(0.0, first - self.now), seconds))
        self._check()
        return [one for one in answers if self._due(one.number) <= self.now][:1]

    def _check_known(self, answers):
        if any(one.number not in self.answers for one in answers):
            raise ClusterLostError("the driver does not know this answer")

    def get(self, answer):
        self._check_known([answer])
        _, _, value = self.answers.pop(answer.number)
        if self.fails:
            raise TaskFailedError("OSError", "the disk of the node is full")
        if isinstance(value, Exception):
            raise value
        return value

    def forget(self, value):
        self.answers.pop(value.number, None)

    def kill(self, actor):
        self._check()
        self.killed.append(actor)
        self.actors.pop(actor.number, None)

    def rejoin(self):
        if not self.head and not self.own:
            raise EngineError("nobody answers")
        self.joined += 1
        self.answers, self.actors = {}, {}
        if self.own:
            self.up, self.head = [dict(ROOM)], True
