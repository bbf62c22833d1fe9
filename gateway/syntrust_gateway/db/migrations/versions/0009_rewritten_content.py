"""Files that are kept without the text of their headers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("content", sa.Column("kept_sha256", sa.String(length=64), nullable=True))
    op.add_column("content", sa.Column("kept_bytes", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("content", "kept_bytes")
    op.drop_column("content", "kept_sha256")
