"""Content that clients have proven to possess, and the uploads that jobs wait for.

Cases in inspection are received first, so their steps are chosen anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_CASE = sa.table("case", sa.column("state", sa.String), sa.column("step", sa.String))


def upgrade() -> None:
    op.create_table(
        "content",
        sa.Column("owner", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        _key("content", "owner", "client"),
        sa.PrimaryKeyConstraint("owner", "sha256", name=op.f("pk_content")),
    )
    op.create_index(op.f("ix_content_sha256"), "content", ["sha256"])
    op.create_table(
        "job_upload",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("upload_id", sa.String(length=36), nullable=False),
        sa.Column("roles", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("case_id", sa.String(length=200), nullable=True),
        sa.Column("received", sa.Boolean(), nullable=False),
        _key("job_upload", "job_id", "job", ondelete="CASCADE"),
        _key("job_upload", "upload_id", "upload"),
        sa.PrimaryKeyConstraint("job_id", "upload_id", name=op.f("pk_job_upload")),
    )
    op.create_index(op.f("ix_job_upload_upload_id"), "job_upload", ["upload_id"])
    op.add_column("upload", sa.Column("step", sa.String(length=64), nullable=True))
    op.add_column(
        "upload",
        sa.Column(
            "problems", sa.JSON(none_as_null=True), nullable=False, server_default=sa.text("'[]'")
        ),
    )
    op.create_index(op.f("ix_upload_step"), "upload", ["step"])
    op.execute(sa.update(_CASE).where(_CASE.c.state == "inspecting").values(step=None))


def _key(
    table: str, column: str, target: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{target}.id"],
        name=op.f(f"fk_{table}_{column}_{target}"),
        ondelete=ondelete,
        initially="DEFERRED",
        deferrable=True,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_upload_step"), "upload")
    op.drop_column("upload", "problems")
    op.drop_column("upload", "step")
    op.drop_table("job_upload")
    op.drop_table("content")
