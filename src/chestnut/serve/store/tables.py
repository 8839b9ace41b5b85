"""The tables of the database: predictions, and the verdicts on them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, DateTime, Dialect, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

#: An integer that counts up by itself in SQLite as well, where only INTEGER does.
Number = BigInteger().with_variant(Integer, "sqlite")


class UtcTime(TypeDecorator[datetime]):
    """A time in UTC, also in SQLite, which knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time as the database takes it."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def storable(text: str) -> str:
    r"""Return a text as every database takes it: with a mark in place of zero bytes and halves of characters.

    >>> storable("a\x00b\ud800") == "a\ufffdb\ufffd"
    True
    """
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Base(DeclarativeBase):
    """The base class of the tables."""


class Prediction(Base):
    """One answered image. It has no picture, no file name, no UID and no identity of a patient."""

    __tablename__ = "chestnut_predictions"
    __table_args__ = (Index("chestnut_predictions_time", "time"), Index("chestnut_predictions_pixels", "pixels"))

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(36), unique=True)
    time: Mapped[datetime] = mapped_column(UtcTime)
    source: Mapped[str] = mapped_column(String(8))
    client: Mapped[str] = mapped_column(String(128))
    model: Mapped[str] = mapped_column(Text)
    bundle: Mapped[str] = mapped_column(String(64))
    pixels: Mapped[str] = mapped_column(String(64))
    probabilities: Mapped[dict[str, float]] = mapped_column(JSON)
    decision: Mapped[str] = mapped_column(Text)
    positive: Mapped[str | None] = mapped_column(Text)
    threshold: Mapped[float | None] = mapped_column(Float)
    guard: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    lungs: Mapped[bool | None] = mapped_column(Boolean)
    milliseconds: Mapped[float] = mapped_column(Float)
    patient_hmac: Mapped[str | None] = mapped_column(String(64))
    study_hmac: Mapped[str | None] = mapped_column(String(64))
    instance_hmac: Mapped[str | None] = mapped_column(String(64))
    kept: Mapped[str | None] = mapped_column(Text)


class VerdictEvent(Base):
    """What a reviewer said of a prediction, once. A later verdict is another row; none is ever changed."""

    __tablename__ = "chestnut_verdicts"
    __table_args__ = (Index("chestnut_verdicts_prediction", "prediction"),)

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(36), unique=True)
    prediction: Mapped[int] = mapped_column(Number, ForeignKey("chestnut_predictions.number", ondelete="CASCADE"))
    time: Mapped[datetime] = mapped_column(UtcTime)
    bundle: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[str] = mapped_column(String(8))
    label: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    reviewer: Mapped[str] = mapped_column(Text)
    client: Mapped[str] = mapped_column(String(128))
