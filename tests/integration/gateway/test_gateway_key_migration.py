"""Keys move to a table of their own, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from syntrust_gateway.db import migrations
from syntrust_gateway.db.session import make_engine

CLIENTS = [(1, "root", "admin", "a" * 64), (2, "hospital", "user", "b" * 64)]
FILES = '{"t1": {"bytes": 5, "sha256": "0"}, "seg": {"bytes": 2, "sha256": "1"}}'
MANIFEST = '{"made": {"seconds": 2.5}, "files": {"a": {"bytes": 3}, "b": {"bytes": 4}}}'
NOW = "2026-01-01 00:00:00+00:00"


@pytest.fixture
def at(database_url: str) -> Callable[[str], Engine]:
    """Bring the database to a revision, by going up or down."""

    def go(revision: str) -> Engine:
        engine, config = make_engine(database_url), Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["engine"] = engine
        move = command.downgrade if revision.startswith("-") else command.upgrade
        move(config, revision.removeprefix("-"))
        return engine

    return go


def test_every_client_keeps_its_key_there_and_back(at: Callable[[str], Engine]) -> None:
    engine = at("0002")
    with engine.begin() as connection:
        for row in CLIENTS:
            connection.execute(
                text(
                    "INSERT INTO client (id, name, role, key_sha256, created)"
                    " VALUES (:id, :name, :role, :key, :now)"
                ),
                dict(zip(("id", "name", "role", "key"), row, strict=True)) | {"now": NOW},
            )
        connection.execute(
            text(
                "INSERT INTO dataset (id, name, grid, scheme, state, owner, created)"
                " VALUES ('d', 'd', :auto, :auto, 'open', 2, :now)"
            ),
            {"auto": '"auto"', "now": NOW},
        )
        connection.execute(
            text(
                'INSERT INTO "case" (dataset_id, case_id, files, state, problems)'
                " VALUES ('d', 'c', :files, 'ready', '[]')"
            ),
            {"files": FILES},
        )
        connection.execute(
            text(
                "INSERT INTO step (id, kind, message, needs, state, attempts, manifest)"
                " VALUES ('s', 'k', '{}', '[]', 'done', 1, :manifest)"
            ),
            {"manifest": MANIFEST},
        )
    engine.dispose()

    engine = at("head")
    with engine.begin() as connection:
        keys = connection.execute(
            text("SELECT client_id, key_sha256, scope FROM api_key ORDER BY client_id")
        ).all()
        case = connection.scalar(text('SELECT bytes FROM "case"'))
        step = connection.execute(text("SELECT seconds, bytes, owner FROM step")).one()
        connection.execute(text("UPDATE api_key SET revoked = created WHERE client_id = 2"))
    engine.dispose()
    engine = at("-0002")
    with engine.begin() as connection:
        back = connection.execute(
            text("SELECT id, name, role, key_sha256 FROM client ORDER BY id")
        ).all()
        owner = connection.scalar(text("SELECT owner FROM dataset"))
    engine.dispose()

    assert [tuple(key) for key in keys] == [(1, "a" * 64, "admin"), (2, "b" * 64, "run")]
    assert case == 7
    assert tuple(step) == (2.5, 7, None)
    assert tuple(back[0]) == CLIENTS[0]
    # A key that was revoked does not come back by an older schema.
    assert tuple(back[1])[:3] == CLIENTS[1][:3]
    assert back[1].key_sha256 != "b" * 64
    assert owner == 2
