"""Whether the images of a dataset are scans of patients, or phantoms.

Before, only the ids of the cases told it: those of phantoms begin with `phantom-`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PREFIX = "phantom-"


def upgrade() -> None:
    origin = sa.Column("origin", sa.String(length=20), nullable=False, server_default="patients")
    op.add_column("dataset", origin)
    dataset = sa.table("dataset", sa.column("id"), sa.column("origin"))
    case = sa.table("case", sa.column("dataset_id"), sa.column("case_id"))
    its_cases = sa.select(case.c.case_id).where(case.c.dataset_id == dataset.c.id)
    others = its_cases.where(sa.func.substr(case.c.case_id, 1, len(PREFIX)) != PREFIX)
    op.execute(
        dataset.update()
        .where(sa.exists(its_cases.correlate(dataset)), ~sa.exists(others.correlate(dataset)))
        .values(origin="phantoms")
    )


def downgrade() -> None:
    op.drop_column("dataset", "origin")
