"""Create the tables of predictions and of verdicts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create both tables and their indices."""
    op.create_table(
        "chestnut_predictions",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("client", sa.String(128), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("bundle", sa.String(64), nullable=False),
        sa.Column("pixels", sa.String(64), nullable=False),
        sa.Column("probabilities", sa.JSON, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("positive", sa.Text),
        sa.Column("threshold", sa.Float),
        sa.Column("guard", sa.JSON),
        sa.Column("lungs", sa.Boolean),
        sa.Column("milliseconds", sa.Float, nullable=False),
        sa.Column("patient_hmac", sa.String(64)),
        sa.Column("study_hmac", sa.String(64)),
        sa.Column("instance_hmac", sa.String(64)),
        sa.Column("kept", sa.Text),
    )
    op.create_index("chestnut_predictions_time", "chestnut_predictions", ["time"])
    op.create_index("chestnut_predictions_pixels", "chestnut_predictions", ["pixels"])
    op.create_table(
        "chestnut_verdicts",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column(
            "prediction", _NUMBER, sa.ForeignKey("chestnut_predictions.number", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bundle", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("reviewer", sa.Text, nullable=False),
        sa.Column("client", sa.String(128), nullable=False),
    )
    op.create_index("chestnut_verdicts_prediction", "chestnut_verdicts", ["prediction"])
