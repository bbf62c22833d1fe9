"""What steps need, which runs want steps, what is ready, and each client's share.

`not_before` of a step goes: how long a step waits after a failure is the orchestrator's to know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ROWS_AT_ONCE = 1000
_LISTED = ("dataset", "experiment", "job")
_UNMET = sa.column("met") == sa.false()
_AWAITED = sa.and_(_UNMET, sa.column("kind") == sa.literal_column("'imported_model'"))


def upgrade() -> None:
    op.add_column("client", sa.Column("weight", sa.Integer(), nullable=False, server_default="1"))
    op.drop_column("step", "not_before")
    op.create_index("ix_case_dataset_id_state", "case", ["dataset_id", "state"])
    has_error = sa.text("error IS NOT NULL")
    op.create_index(
        "ix_step_error", "step", ["id"], sqlite_where=has_error, postgresql_where=has_error
    )
    for table in _LISTED:
        # A page is read from its first row on, and no list is sorted.
        op.drop_index(f"ix_{table}_owner", table)
        op.create_index(f"ix_{table}_owner_id", table, ["owner", "id"])
    _create_needs()
    _create_schedule()
    _fill_needs()


def _create_needs() -> None:
    op.create_table(
        "step_need",
        sa.Column("step_id", sa.String(length=64), nullable=False),
        sa.Column("need_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=False),
        _belongs_to("step_need", "step_id", "step", "id"),
        sa.PrimaryKeyConstraint("step_id", "need_id", name=op.f("pk_step_need")),
    )
    op.create_index("ix_step_need_need_id", "step_need", ["need_id"])
    for name, column, where in (
        ("ix_step_need_unmet", "step_id", _UNMET),
        ("ix_step_need_awaited_model", "need_id", _AWAITED),
    ):
        op.create_index(name, "step_need", [column], sqlite_where=where, postgresql_where=where)


def _create_schedule() -> None:
    op.create_table(
        "scheduled_run",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.Integer(), nullable=False),
        sa.Column("precedence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_scheduled_run")),
    )
    op.create_table(
        "ready_step",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("step_id", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.Integer(), nullable=False),
        sa.Column("precedence", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _belongs_to("ready_step", "run_id", "scheduled_run", "run_id"),
        _belongs_to("ready_step", "step_id", "step", "id"),
        sa.PrimaryKeyConstraint("run_id", "step_id", name=op.f("pk_ready_step")),
    )
    order = ["queue", "owner", "precedence", "run_id", "position"]
    op.create_index("ix_ready_step_order", "ready_step", order)
    op.create_index(op.f("ix_ready_step_step_id"), "ready_step", ["step_id"])


def _belongs_to(table: str, column: str, other: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{other}.{key}"],
        name=op.f(f"fk_{table}_{column}_{other}"),
        ondelete="CASCADE",
        initially="DEFERRED",
        deferrable=True,
    )


def _fill_needs() -> None:
    """Write down what the steps of earlier releases need, and what of it is there."""
    connection = op.get_bind()
    table = sa.table(
        "step_need", sa.column("step_id"), sa.column("need_id"), sa.column("kind"), sa.column("met")
    )
    step = sa.table("step", sa.column("id"), sa.column("state"), sa.column("error", sa.JSON))
    for rows in _needs(connection):
        connection.execute(sa.insert(table), rows)
    usable = sa.select(step.c.id).where(step.c.state == "done", step.c.error.is_(sa.null()))
    connection.execute(sa.update(table).where(table.c.need_id.in_(usable)).values(met=sa.true()))


def _needs(connection: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    step = sa.table("step", sa.column("id"), sa.column("needs", sa.String))
    last = ""
    while True:
        page = sa.select(step.c.id, sa.cast(step.c.needs, sa.Text))
        found = connection.execute(
            page.where(step.c.id > last).order_by(step.c.id).limit(_ROWS_AT_ONCE)
        ).all()
        if not found:
            return
        last = found[-1][0]
        rows = [
            {"step_id": owner, "need_id": need, "kind": kind, "met": False}
            for owner, needs in found
            for need, kind in {need: kind for kind, need in json.loads(needs)}.items()
        ]
        if rows:
            yield rows


def downgrade() -> None:
    op.drop_table("ready_step")
    op.drop_table("scheduled_run")
    op.drop_table("step_need")
    for table in _LISTED:
        op.drop_index(f"ix_{table}_owner_id", table)
        op.create_index(f"ix_{table}_owner", table, ["owner"])
    op.drop_index("ix_step_error", "step")
    op.drop_index("ix_case_dataset_id_state", "case")
    op.add_column("step", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.drop_column("client", "weight")
