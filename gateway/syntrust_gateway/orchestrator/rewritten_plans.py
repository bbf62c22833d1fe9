"""Plans of jobs whose uploads were kept without the text of their headers.

A job has its steps since it was accepted, with the digests that were announced. A file that was
rewritten has another digest, so the steps that read it have other ids, and so have those that need
these steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind
from syntrust_core.contracts.registry import parse_message
from syntrust_gateway.uploads.receipts import find_proven

Plan = list[Any]
"""The steps of a job as [kind, message], each after those that it needs."""


def name_kept_files(session: Session, owner: int, plan: Plan) -> Plan:
    """Let the steps of a plan read what is kept of the owner's files; equal if nothing changed."""
    announced = {file["sha256"] for _, message in plan for file in _files(message)}
    proven = find_proven(session, owner, announced)
    kept = {sha256: file for sha256, file in proven.items() if file["sha256"] != sha256}
    return _rename(plan, kept) if kept else plan


def _files(value: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        if {"key", "bytes", "sha256"} == value.keys():
            return [value]
        return [file for each in value.values() for file in _files(each)]
    if isinstance(value, list):
        return [file for each in value for file in _files(each)]
    return []


def _rename(plan: Plan, kept: Mapping[str, Mapping[str, Any]]) -> Plan:
    ids: dict[str, str] = {}
    renamed = []
    for kind, message in plan:
        before = parse_message(Kind(kind), message).step_id
        changed = _replace(message, kept, ids)
        ids[before] = parse_message(Kind(kind), changed).step_id
        renamed.append([kind, changed])
    return renamed


def _replace(value: Any, kept: Mapping[str, Any], ids: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        if {"key", "bytes", "sha256"} == value.keys():
            return dict(kept.get(value["sha256"], value))
        return {name: _replace(each, kept, ids) for name, each in value.items()}
    if isinstance(value, list):
        return [_replace(each, kept, ids) for each in value]
    return ids.get(value, value) if isinstance(value, str) else value
