"""What the orchestrator keeps of its work: what steps need, which runs want steps, what is ready.

`scheduled_run` and `ready_step` follow from the other tables. They exist so that a tick looks at
the few steps that come next, and never at all that wait.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, String, and_, false, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from syntrust_gateway.db.tables import Base
from syntrust_gateway.db.types import deferred_key


class StepNeed(Base):
    """An artifact that a step needs. `met` says that it is there.

    `need_id` and `kind` name the artifact: a step's, or an imported model's, which has no step.
    """

    __tablename__ = "step_need"

    step_id: Mapped[str] = mapped_column(
        String(64), deferred_key("step.id", ondelete="CASCADE"), primary_key=True
    )
    need_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    met: Mapped[bool] = mapped_column(default=False)


UNMET: Final = StepNeed.met == false()
# A literal, because a database compares it with the condition of the index below.
AWAITED_MODEL: Final = and_(UNMET, StepNeed.kind == literal_column("'imported_model'"))

Index("ix_step_need_need_id", StepNeed.need_id)
# A step with thousands of needs is asked for one that is unmet, each time one of them is met.
Index("ix_step_need_unmet", StepNeed.step_id, sqlite_where=UNMET, postgresql_where=UNMET)
Index(
    "ix_step_need_awaited_model",
    StepNeed.need_id,
    sqlite_where=AWAITED_MODEL,
    postgresql_where=AWAITED_MODEL,
)


class ScheduledRun(Base):
    """A dataset in inspection, a live job or a live experiment whose steps are handed out.

    A smaller `precedence` comes first among the runs of one owner.
    """

    __tablename__ = "scheduled_run"

    run_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[int]
    precedence: Mapped[int]


class ReadyStep(Base):
    """A step that waits, has all that it needs, and is wanted by a scheduled run."""

    __tablename__ = "ready_step"

    run_id: Mapped[str] = mapped_column(
        String(36), deferred_key("scheduled_run.run_id", ondelete="CASCADE"), primary_key=True
    )
    step_id: Mapped[str] = mapped_column(
        String(64), deferred_key("step.id", ondelete="CASCADE"), primary_key=True
    )
    queue: Mapped[str] = mapped_column(String(20))
    owner: Mapped[int]
    precedence: Mapped[int]
    position: Mapped[int]

    __table_args__ = (
        Index("ix_ready_step_order", "queue", "owner", "precedence", "run_id", "position"),
        Index(None, "step_id"),
    )
