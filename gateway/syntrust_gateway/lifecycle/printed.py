"""Reports as PDFs go with what they show, as their pages do: experiment, dataset, patient."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.contracts.registry import parse_message
from syntrust_gateway.db.tables import Job, JobKind


def printing_jobs(experiments: Sequence[str]) -> Select[Job]:
    """Select the jobs that have set the reports of these experiments as PDFs, or do so now."""
    named = Job.spec["experiment"].as_string().in_(experiments)
    return select(Job).where(Job.kind == JobKind.REPORT_PDF, named)


def find_pdfs(session: Session, experiments: Sequence[str]) -> set[Ref]:
    """Find the PDFs of these experiments, also those that are not yet planned."""
    plans = (job.plan for job in session.scalars(printing_jobs(experiments)))
    return {parse_message(Kind(kind), message).ref for plan in plans for kind, message in plan}
