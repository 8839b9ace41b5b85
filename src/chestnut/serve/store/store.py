"""`Store`: the audit table of a service, in SQLite or PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Engine, Select, delete, insert, select, text
from sqlalchemy.orm import Session, aliased

from chestnut.errors import StoreError, UnknownPredictionError, VerdictError, listed
from chestnut.names import shown
from chestnut.serve.store.database import connect, store_errors
from chestnut.serve.store.entry import Entry, Origin, Source, Subject
from chestnut.serve.store.row import MOST_ROWS, Query, Row, RowVerdict
from chestnut.serve.store.schema import migrate
from chestnut.serve.store.tables import Prediction, VerdictEvent, storable
from chestnut.serve.store.verdict import Opinion, Verdict
from chestnut.serve.store.writer import Writer

#: The most predictions that are deleted in one transaction.
_PURGED_TOGETHER = 1000

#: The letters of an unknown id in a message.
_SHOWN = 50

#: Seconds to wait until predictions are on the disk: longer than a locked database or a lost connection takes to fail.
_MOST_SECONDS = 20


class Store:
    """The audit table of a service. One a process; all threads may use it, and several processes share a database.

    Args:
        engine: A database whose tables are up to date.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._writer = Writer(self._insert)

    @classmethod
    def open(cls, url: str) -> Store:
        """Open a database, and create its tables or bring them up to date.

        Args:
            url: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.

        Raises:
            StoreError: It cannot be reached or used, or a newer version of chestnut wrote it.
            DiskError: The file cannot be created.
            MissingExtraError: The driver for PostgreSQL is not installed.
        """
        engine = connect(url)
        with store_errors(engine):
            migrate(engine)
        return cls(engine)

    @property
    def place(self) -> str:
        """Where the database lies: the file, or the address without its password."""
        url = self._engine.url
        return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string()

    def submit(self, entries: Sequence[Entry], origin: Origin) -> tuple[list[str], Future[None]]:
        """Ask for predictions to be recorded, and do not wait.

        Args:
            entries: The predictions.
            origin: Who asked for them.

        Returns:
            Their ids, and a future that is done when they are on the disk, or has the `StoreError`. Nothing may be
            answered before.

        Raises:
            OverloadedError: Too many predictions wait for the database.
            StoreError: The store is closed.
        """
        now = datetime.now(UTC)
        rows = [_to_columns(entry, origin, now) for entry in entries]
        return [row["id"] for row in rows], self._writer.submit(rows)

    def add(self, entries: Sequence[Entry], origin: Origin) -> list[str]:
        """Record predictions, and return their ids when they are on the disk.

        Predictions that several threads add at the same time are written in one transaction.

        Args:
            entries: The predictions.
            origin: Who asked for them.

        Raises:
            OverloadedError: Too many predictions wait for the database.
            StoreError: The database cannot be written; none of them may be taken as recorded.
        """
        ids, done = self.submit(entries, origin)
        try:
            done.result(_MOST_SECONDS)
        except TimeoutError:
            raise StoreError(f"the database {self.place} has not answered for {_MOST_SECONDS} seconds") from None
        return ids

    def add_verdict(self, prediction: str, verdict: Verdict, client: str = "") -> None:
        """Record what a reviewer says of a prediction; earlier verdicts stay.

        Args:
            prediction: The prediction's id.
            verdict: The verdict.
            client: Who sends it: the name of a token.

        Raises:
            UnknownPredictionError: There is no such prediction.
            VerdictError: The label is not a class of the model.
            StoreError: The database cannot be written.
        """
        with store_errors(self._engine), Session(self._writing) as session, session.begin():
            row = _require(session, prediction)
            if verdict.label is not None and verdict.label not in row.probabilities:
                raise VerdictError(f"label={verdict.label!r}: give a class of the model, {listed(row.probabilities)}")
            session.add(
                VerdictEvent(
                    id=str(uuid.uuid4()),
                    prediction=row.number,
                    time=datetime.now(UTC),
                    bundle=row.bundle,
                    verdict=verdict.verdict,
                    label=verdict.label,
                    note=storable(verdict.note),
                    reviewer=storable(verdict.reviewer),
                    client=storable(client),
                )
            )

    def get(self, prediction: str) -> Row:
        """Return a prediction and its verdicts.

        Raises:
            UnknownPredictionError: There is no such prediction.
            StoreError: The database cannot be read.
        """
        with store_errors(self._engine), Session(self._engine) as session:
            return _to_rows(session, [_require(session, prediction)])[0]

    def find(self, query: Query) -> list[Row]:
        """Return the predictions that match a query, the newest first.

        Raises:
            UnknownPredictionError: There is no prediction `before`.
            StoreError: The database cannot be read.
        """
        with store_errors(self._engine), Session(self._engine) as session:
            return _to_rows(session, list(session.scalars(_select(session, query))))

    def judged(self) -> Iterator[Row]:
        """Return the predictions with verdicts, the latest verdict first.

        Raises:
            StoreError: The database cannot be read.
        """
        events = select(VerdictEvent.number, VerdictEvent.prediction).order_by(VerdictEvent.number.desc())
        page_of, seen = events, set[int]()
        while True:
            with store_errors(self._engine), Session(self._engine) as session:
                page = session.execute(page_of.limit(MOST_ROWS)).all()
                latest = dict.fromkeys(prediction for _, prediction in page if prediction not in seen)
                found = session.scalars(select(Prediction).where(Prediction.number.in_(latest)))
                rows = {row.number: row for row in found}
                ordered = _to_rows(session, [rows[number] for number in latest if number in rows])
            yield from (row for row in ordered if row.verdicts)  # others are being deleted
            if len(page) < MOST_ROWS:
                return
            seen.update(latest)
            page_of = events.where(VerdictEvent.number < page[-1][0])

    def find_kept(self, names: Sequence[str]) -> set[str]:
        """Return which of some kept images predictions need.

        Args:
            names: Places below the folder of kept images, each `ab/HASH.png` by the hash of the pixels.

        Raises:
            StoreError: The database cannot be read.
        """
        digests = {Path(name).stem for name in names}
        with store_errors(self._engine), self._engine.connect() as connection:
            used = select(Prediction.kept).where(Prediction.pixels.in_(digests), Prediction.kept.in_(names))
            return {kept for (kept,) in connection.execute(used) if kept is not None}

    def purge(self, before: datetime) -> int:
        """Delete predictions that are older than a time, with their verdicts, and return how many there were.

        Raises:
            StoreError: The database cannot be written.
        """
        deleted = 0
        while True:  # some at a time, so that new predictions need not wait for long
            with store_errors(self._engine), self._writing.begin() as connection:
                old = select(Prediction.number).where(Prediction.time < before).limit(_PURGED_TOGETHER)
                numbers = connection.scalars(old).all()
                connection.execute(delete(VerdictEvent).where(VerdictEvent.prediction.in_(numbers)))
                connection.execute(delete(Prediction).where(Prediction.number.in_(numbers)))
            deleted += len(numbers)
            if len(numbers) < _PURGED_TOGETHER:
                return deleted

    def check(self) -> None:
        """Check that the database can be reached.

        Raises:
            StoreError: It cannot.
        """
        with store_errors(self._engine), self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self, seconds: float = 10.0) -> bool:
        """Write what waits, close the connections, and return whether all was written in time."""
        complete = self._writer.close(seconds)
        self._engine.dispose()
        return complete

    def _insert(self, rows: Sequence[dict[str, Any]]) -> None:
        with store_errors(self._engine), self._writing.begin() as connection:
            connection.execute(insert(Prediction), list(rows))


def _to_columns(entry: Entry, origin: Origin, now: datetime) -> dict[str, Any]:
    score = entry.score
    return {
        "id": str(uuid.uuid4()),
        "time": now,
        "source": origin.source,
        "client": storable(origin.client),
        "model": storable(entry.model),
        "bundle": score.bundle,
        "pixels": score.digest,
        "probabilities": score.probabilities,
        "decision": storable(score.decision),
        "positive": None if entry.positive is None else storable(entry.positive),
        "threshold": score.threshold,
        "guard": None if score.guard is None else score.guard.to_dict(),
        "lungs": score.lungs_found,
        "milliseconds": entry.milliseconds,
        "patient_hmac": entry.subject.patient,
        "study_hmac": entry.subject.study,
        "instance_hmac": entry.subject.instance,
        "kept": entry.kept,
    }


def _require(session: Session, prediction: str) -> Prediction:
    row = session.scalar(select(Prediction).where(Prediction.id == storable(prediction)))
    if row is None:
        raise UnknownPredictionError(
            f"no prediction {shown(prediction[:_SHOWN])}: give an id that the service has answered, and that is not "
            "yet deleted"
        )
    return row


def _select(session: Session, query: Query) -> Select[Prediction]:
    found = select(Prediction).order_by(Prediction.number.desc()).limit(min(max(query.limit, 1), MOST_ROWS))
    if query.before is not None:
        found = found.where(Prediction.number < _require(session, query.before).number)
    if query.model is not None:
        found = found.where(Prediction.model == storable(query.model))
    if query.verdict is None:
        return found
    judged = select(VerdictEvent).where(VerdictEvent.prediction == Prediction.number)
    if query.verdict == "none":
        return found.where(~judged.exists())
    later = aliased(VerdictEvent)
    same = select(later.number).where(later.prediction == VerdictEvent.prediction, later.number > VerdictEvent.number)
    is_latest = ~same.correlate(VerdictEvent).exists()
    return found.where(judged.where(VerdictEvent.verdict == query.verdict, is_latest).exists())


def _to_rows(session: Session, found: Sequence[Prediction]) -> list[Row]:
    """Return predictions with their verdicts, which one more query reads."""
    verdicts: dict[int, list[RowVerdict]] = {row.number: [] for row in found}
    events = session.scalars(select(VerdictEvent).where(VerdictEvent.prediction.in_(verdicts)))
    for event in sorted(events, key=lambda event: event.number):
        verdicts[event.prediction].append(
            RowVerdict(
                id=event.id,
                time=event.time,
                bundle=event.bundle,
                verdict=cast(Opinion, event.verdict),
                label=event.label,
                note=event.note,
                reviewer=event.reviewer,
                client=event.client,
            )
        )
    return [_to_row(row, tuple(verdicts[row.number])) for row in found]


def _to_row(row: Prediction, verdicts: tuple[RowVerdict, ...]) -> Row:
    return Row(
        id=row.id,
        time=row.time,
        source=cast(Source, row.source),
        client=row.client,
        model=row.model,
        bundle=row.bundle,
        pixels=row.pixels,
        probabilities=row.probabilities,
        decision=row.decision,
        positive=row.positive,
        threshold=row.threshold,
        guard=row.guard,
        lungs=row.lungs,
        milliseconds=row.milliseconds,
        subject=Subject(row.patient_hmac, row.study_hmac, row.instance_hmac),
        kept=row.kept,
        verdicts=verdicts,
    )
