"""What the tests of this folder have asked for, and whether that is everything. It runs last."""

from __future__ import annotations

import os

import pytest
from tests.answer_schemas import operations
from tests.unit.gateway.conftest import ANSWERED


def test_every_operation_has_answered_as_documented(request: pytest.FixtureRequest) -> None:
    folder = request.path.parent
    files = {item.path for item in request.session.items if item.path.is_relative_to(folder)}
    if files != {*folder.rglob("test_*.py")} or "PYTEST_XDIST_WORKER" in os.environ:
        pytest.skip("only part of the API's tests runs in this process")

    succeeded = {each.operation for each in ANSWERED if each.status < 400}

    assert operations() - succeeded == set()
