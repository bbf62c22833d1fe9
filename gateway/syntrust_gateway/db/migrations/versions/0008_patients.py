"""The patient of a case, where its caller names one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # PostgreSQL alters no table of which rows that an earlier revision wrote are unchecked.
        op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.add_column("case", sa.Column("patient", sa.String(length=200), nullable=True))


def downgrade() -> None:
    op.drop_column("case", "patient")
