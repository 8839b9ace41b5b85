"""Stop a command at one change after the other, go on as its user would, and compare what is there in the end."""

import os
import shutil
import signal
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from chestnut.errors import BundleError
from chestnut.inference.bundle import Bundle
from crash import forked, trees
from crash.changes import FULL, GROWTH, KILL, Stop
from crash.scenes import call

#: What a training says that was killed after its end.
_DONE = "has finished, so there is nothing to resume"


@dataclass(frozen=True)
class Verdict:
    """What became of one point.

    Attributes:
        stop: The point.
        change: The change at which the process was stopped.
        reached: Whether it was stopped: a write that fits is not torn.
        faults: What was wrong, a line each.
    """

    stop: Stop
    change: str
    reached: bool
    faults: tuple[str, ...] = ()


@dataclass
class Stage:
    """A folder in which a scene is played again and again, always at the same path.

    Attributes:
        scene: The command.
        home: A folder which exists, and in which no other scene is played at the same time.
        every: Whether to go on from every point, and not only where the files are not as after another one.
        changes: The changes of the undisturbed command.
        expected: What the files say after it.
        folders: The folders that are there after it.
        before: What the files say before it.
    """

    scene: object
    home: Path
    every: bool = False
    changes: tuple = ()
    expected: dict = field(default_factory=dict)
    folders: list = field(default_factory=list)
    before: dict = field(default_factory=dict)
    _sound: set = field(default_factory=set)
    _base: Path | None = None

    @property
    def work(self):
        """The working directory of the commands."""
        return self.home / "work"

    def prepare(self):
        """Make what the command needs, and play the scene undisturbed."""
        os.environ["CHESTNUT_CACHE"] = str(self.work / "cache")
        self._base = self._make_base(self.scene.before)
        self.reset()
        self.before = trees.read_tree(self.work)
        self.changes = self._run(self.scene.words).changes
        self.expected, self.folders = trees.read_tree(self.work), trees.folders(self.work)

    def _make_base(self, steps):
        """Return a folder as it is after some steps; scenes that are played in one home share those of equal steps."""
        names = [step if isinstance(step, tuple) else step.__qualname__ for step in steps]
        base = self.home / f"base-{trees.digest(names)[:16]}"
        if base.exists():
            return base
        if not steps:
            base.mkdir()
            return base
        step, before = steps[-1], self._make_base(steps[:-1])
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(before, self.work)
        if isinstance(step, tuple):
            self._run(step)
        else:
            ended = forked.run(partial(step, self.work), self.work)
            assert not ended.status, ended.said
        shutil.copytree(self.work, base)
        return base

    def invariants(self):
        """Return a line for each change of the undisturbed command that writes under the name that others read."""
        return [f"{change} is written in place" for change in self.changes if _is_open(change)]

    def points(self, kinds):
        """Return every point, in the order of the changes."""
        return [
            Stop(number, kind) for number, change in enumerate(self.changes) for kind in kinds if _fits(change, kind)
        ]

    def reset(self):
        """Put everything back as it was before the command."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self._base, self.work)

    def try_point(self, stop):
        """Stop the command at a point and go on; returns what became of it."""
        self.reset()
        ended = forked.run(partial(call, self.scene.words), self.work, stop)
        change = str(ended.changes[stop.number]) if stop.number < len(ended.changes) else "never reached"
        reached = stop.number < len(ended.changes) if stop.kind == FULL else ended.status < 0
        faults = [*_end_faults(ended, stop), *trees.broken(self.work), *self._half_folders()]
        if not faults:
            faults = self._go_on()
        return Verdict(stop, change, reached, tuple(faults))

    def _half_folders(self):
        """Return a line for each folder that is neither absent, nor as before, nor complete.

        A bundle is complete at each of its stages, as it lists its files with their hashes: the network alone, then
        with a temperature and the reference of prediction sets, then with a guard.
        """
        found, lines = trees.read_tree(self.work), []
        for folder in self.scene.whole:
            there, old, new = (_below(tree, folder) for tree in (found, self.before, self.expected))
            if there and there not in (old, new) and not _is_whole_bundle(self.work / folder):
                lines.append(f"{folder} is neither old nor new: {'; '.join(trees.differences(there, new)[:3])}")
        return lines

    def _go_on(self):
        """Go on as the user would, and return what is wrong in the end."""
        key = trees.digest([trees.read_tree(self.work), trees.folders(self.work)])
        if self.every or key not in self._sound:
            for words in self.scene.go_on(self.work, self.scene.words):
                ended = forked.run(partial(call, words), self.work)
                if ended.status and _DONE not in ended.said:
                    return [f"chestnut {' '.join(words)} ends with {ended.status}: {_last_line(ended.said)}"]
            faults = [*trees.broken(self.work), *trees.differences(trees.read_tree(self.work), self.expected)]
            faults += [f"{one}/ is still there" for one in trees.folders(self.work) if one not in self.folders]
            if faults:
                return faults
            self._sound.add(key)
        return self._left_overs()

    def _left_overs(self):
        """Return a line for each temporary name that the next writer in its folder leaves there."""
        folders = {str(Path(name).parent) for name in trees.temporaries(self.work)}
        for folder in folders:
            assert forked.run(partial(_write_beside, self.work / folder), self.work).status == 0
        return [f"{name} is left over" for name in trees.temporaries(self.work)]

    def _run(self, words):
        ended = forked.run(partial(call, words), self.work)
        if ended.status:
            raise RuntimeError(f"chestnut {' '.join(words)}: {ended.said}")
        return ended


def _is_open(change):
    """Return whether a change writes to a file that others may be reading."""
    written = change.kind in ("create", "write", "truncate")
    return written and not trees.is_temporary(change.path) and not trees.is_own_way(change.path)


def _fits(change, kind):
    return kind == KILL or (change.kind in GROWTH if kind == FULL else change.kind in ("create", "write"))


def _end_faults(ended, stop):
    """Return what is wrong with how a command ended that was stopped."""
    if stop.kind == FULL:
        errors = [line for line in ended.said.splitlines() if line.startswith("error: ")]
        if "Traceback" in ended.said or ended.status not in (0, 2) or (ended.status == 2) != (len(errors) == 1):
            return [f"the full disk ends it with {ended.status}: {_last_line(ended.said)}"]
        return []
    if ended.status not in (0, -signal.SIGKILL, -signal.SIGXFSZ):
        return [f"it ended with {ended.status}: {_last_line(ended.said)}"]
    return []


def _write_beside(folder):
    from chestnut.files.atomic import write_text

    write_text(folder / "next.txt", "the next command")
    (folder / "next.txt").unlink()


def _below(tree, folder):
    return {name: content for name, content in tree.items() if name.startswith(f"{folder}/")}


def _last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "without a word"


def _is_whole_bundle(folder):
    try:
        bundle = Bundle.read(folder)
        return all(bundle.read_part(name) for name in bundle.parts)
    except BundleError:
        return False
