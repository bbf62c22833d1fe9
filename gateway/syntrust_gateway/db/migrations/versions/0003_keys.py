"""API keys of their own, requests that may be repeated, and what a client may use and has used."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op
from uuid_utils import uuid7

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_COUNTED = ("case", "upload")


def upgrade() -> None:
    connection = op.get_bind()
    client = _client("id", "role", "key_sha256")
    client.append_column(sa.column("created", _INSTANT))
    clients = connection.execute(sa.select(client)).all()
    if connection.dialect.name == "sqlite":
        _rebuild_client(connection, None)
    else:
        op.drop_constraint(op.f("uq_client_key_sha256"), "client", type_="unique")
        op.drop_column("client", "key_sha256")
    op.add_column("client", sa.Column("max_running_steps", sa.Integer(), nullable=True))
    op.add_column("client", sa.Column("max_stored_bytes", sa.BigInteger(), nullable=True))
    op.add_column("client", sa.Column("max_requests_per_minute", sa.Integer(), nullable=True))
    keys = _create_api_key()
    if clients:
        connection.execute(keys.insert(), [_key_of(client) for client in clients])
    _create_idempotency_key()
    for table in _COUNTED:
        op.add_column(
            table, sa.Column("bytes", sa.BigInteger(), nullable=False, server_default="0")
        )
    op.add_column("step", sa.Column("owner", sa.Integer(), nullable=True))
    op.add_column("step", sa.Column("seconds", sa.Double(), nullable=True))
    op.add_column("step", sa.Column("bytes", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_step_owner_done_at"), "step", ["owner", "done_at"])
    _fill_bytes(connection)
    _fill_steps(connection)


def _client(*columns: str) -> sa.TableClause:
    return sa.table("client", *map(sa.column, columns))


def _rebuild_client(connection: sa.Connection, digests: dict[int, str] | None) -> None:
    """Make SQLite's table anew, with `digests` by client or without: its columns stay otherwise.

    Rows that refer to a client find it again before the transaction ends.
    """
    client = _client("id", "name", "role")
    client.append_column(sa.column("created", _INSTANT))
    rows = connection.execute(sa.select(client)).mappings().all()
    connection.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
    op.drop_table("client")
    key: list[Any] = []
    if digests is not None:
        key = [
            sa.Column("key_sha256", sa.String(length=64), nullable=False),
            sa.UniqueConstraint("key_sha256", name=op.f("uq_client_key_sha256")),
        ]
    made = op.create_table(
        "client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        *key[:1],
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        *key[1:],
        sa.UniqueConstraint("name", name=op.f("uq_client_name")),
    )
    for row in rows:
        digest = {} if digests is None else {"key_sha256": digests[row["id"]]}
        connection.execute(made.insert().values(**row, **digest))


def _key_of(client: sa.Row[Any]) -> dict[str, Any]:
    return {
        "id": str(uuid7()),
        "client_id": client.id,
        "label": "",
        "key_sha256": client.key_sha256,
        "scope": "admin" if client.role == "admin" else "run",
        "created": client.created,
        "expires": None,
        "revoked": None,
    }


def _create_api_key() -> sa.Table:
    keys = op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "scope",
            sa.Enum("score", "run", "admin", name="scope", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("created", _INSTANT, nullable=False),
        sa.Column("expires", _INSTANT, nullable=True),
        sa.Column("revoked", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["client.id"],
            name=op.f("fk_api_key_client_id_client"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_sha256", name=op.f("uq_api_key_key_sha256")),
    )
    op.create_index(op.f("ix_api_key_client_id"), "api_key", ["client_id"])
    return keys


def _create_idempotency_key() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("owner", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("route", sa.String(length=300), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "working",
                "committed",
                "answered",
                name="requeststate",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("token", sa.String(length=36), nullable=False),
        sa.Column("lease", _INSTANT, nullable=False),
        sa.Column("made", sa.String(length=300), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created", _INSTANT, nullable=False),
        sa.Column("expires", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner"],
            ["client.id"],
            name=op.f("fk_idempotency_key_owner_client"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_expires"), "idempotency_key", ["expires"])


def _fill_bytes(connection: sa.Connection) -> None:
    """Count what was announced before."""
    for table, keys in (("case", ("dataset_id", "case_id")), ("upload", ("id",))):
        rows = sa.table(
            table,
            *(sa.column(key) for key in keys),
            sa.column("files", sa.JSON()),
            sa.column("bytes"),
        )
        for row in connection.execute(sa.select(rows)).all():
            size = sum(int(file.get("bytes", 0)) for file in row.files.values())
            here = sa.and_(*(rows.c[key] == getattr(row, key) for key in keys))
            connection.execute(rows.update().where(here).values(bytes=size))


def _fill_steps(connection: sa.Connection) -> None:
    """Take seconds and bytes from manifests. Who asked first for a step was not recorded."""
    steps = sa.table(
        "step",
        *(sa.column(name) for name in ("id", "seconds", "bytes")),
        sa.column("manifest", sa.JSON()),
    )
    query = sa.select(steps.c.id, steps.c.manifest).where(steps.c.manifest.is_not(sa.null()))
    for step, found in connection.execute(query).all():
        manifest = found or {}  # a row may hold the JSON value null
        connection.execute(
            steps.update()
            .where(steps.c.id == step)
            .values(
                seconds=manifest.get("made", {}).get("seconds"),
                bytes=sum(file.get("bytes", 0) for file in manifest.get("files", {}).values()),
            )
        )


def downgrade() -> None:
    connection = op.get_bind()
    op.drop_index(op.f("ix_step_owner_done_at"), "step")
    for column in ("bytes", "seconds", "owner"):
        op.drop_column("step", column)
    for table in _COUNTED:
        op.drop_column(table, "bytes")
    op.drop_table("idempotency_key")
    keys = _newest_keys(connection)
    op.drop_table("api_key")
    for column in ("max_requests_per_minute", "max_stored_bytes", "max_running_steps"):
        op.drop_column("client", column)
    if connection.dialect.name == "sqlite":
        _rebuild_client(connection, keys)
    else:
        _add_key(connection, keys)


def _add_key(connection: sa.Connection, digests: dict[int, str]) -> None:
    op.add_column("client", sa.Column("key_sha256", sa.String(length=64), nullable=True))
    client = _client("id", "key_sha256")
    for row, digest in digests.items():
        here = client.update().where(client.c.id == row)
        connection.execute(here.values(key_sha256=digest))
    op.alter_column("client", "key_sha256", nullable=False)
    op.create_unique_constraint(op.f("uq_client_key_sha256"), "client", ["key_sha256"])


def _newest_keys(connection: sa.Connection) -> dict[int, str]:
    """Find the newest key of each client that does not end; a client without one is locked out."""
    keys = sa.table(
        "api_key", *map(sa.column, ("id", "client_id", "key_sha256", "expires", "revoked"))
    )
    query = sa.select(keys.c.client_id, keys.c.key_sha256).order_by(keys.c.id)
    good = query.where(keys.c.revoked.is_(sa.null()), keys.c.expires.is_(sa.null()))
    clients = connection.scalars(sa.select(_client("id"))).all()
    locked_out = {client: secrets.token_hex(32) for client in clients}
    return locked_out | {row.client_id: row.key_sha256 for row in connection.execute(good)}
