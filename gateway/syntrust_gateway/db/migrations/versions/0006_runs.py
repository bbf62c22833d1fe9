"""Priority of runs, partial results, and an experiment's α beside its spec."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("experiment", "job")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(
            table, sa.Column("priority", sa.Integer(), nullable=False, server_default="0")
        )
        op.add_column(
            table, sa.Column("partial", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.add_column(
        "experiment",
        sa.Column("alphas", sa.JSON(none_as_null=True), nullable=False, server_default="[]"),
    )
    _copy_alphas()


def _copy_alphas() -> None:
    """Copy α from the specs, a row at a time: a spec names every case and may be large."""
    table = sa.table("experiment", sa.column("id"), sa.column("spec"), sa.column("alphas"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(table.c.id)).all():
        mine = table.c.id == row.id
        spec = connection.scalar(sa.select(table.c.spec).where(mine))
        known = json.loads(spec) if isinstance(spec, str) else dict(spec or {})
        alphas = json.dumps(known.get("alphas", []))
        connection.execute(
            sa.text("UPDATE experiment SET alphas = CAST(:alphas AS JSON) WHERE id = :id")
            if connection.dialect.name == "postgresql"
            else sa.text("UPDATE experiment SET alphas = :alphas WHERE id = :id"),
            {"alphas": alphas, "id": row.id},
        )


def downgrade() -> None:
    op.drop_column("experiment", "alphas")
    for table in TABLES:
        op.drop_column(table, "partial")
        op.drop_column(table, "priority")
