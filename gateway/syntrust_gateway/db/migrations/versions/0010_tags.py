"""Tags of datasets and experiments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("dataset", "experiment")


def upgrade() -> None:
    for table in TABLES:
        tags = sa.Column("tags", sa.JSON(none_as_null=True), nullable=False, server_default="[]")
        op.add_column(table, tags)


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "tags")
