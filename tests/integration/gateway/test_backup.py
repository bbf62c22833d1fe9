"""The commands of `admin` on real servers: a backup of one machine comes back on an empty one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from tests.databases import create_database

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.runtime.runner import publish_imported
from syntrust_core.settings import StorageSettings
from syntrust_core.storage.s3 import S3Store
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import make_engine, session_factory
from syntrust_gateway.db.tables import Client, Role, Step, StepState

STEP = Ref(kind=Kind.BUILD_REPORT, id="a" * 64)
MODEL = Ref(kind=Kind.IMPORTED_MODEL, id="b" * 64)


class Machine:
    """A database and a bucket, and the command that serves them."""

    def __init__(self, url: str, storage: StorageSettings, queue: str) -> None:
        self.url, self.storage, self.queue = url, storage, queue
        self.store = S3Store(storage)
        self.store.ensure_bucket()

    def admin(self, *words: str) -> subprocess.CompletedProcess[str]:
        secret = self.storage.secret_key.get_secret_value()
        env = {
            **os.environ,
            "SYNTRUST_GATEWAY__DATABASE_URL": self.url,
            "SYNTRUST_STORAGE__ENDPOINT": self.storage.endpoint,
            "SYNTRUST_STORAGE__BUCKET": self.storage.bucket,
            "SYNTRUST_STORAGE__ACCESS_KEY": self.storage.access_key,
            "SYNTRUST_STORAGE__SECRET_KEY": secret,
            "SYNTRUST_QUEUE__URL": self.queue,
        }
        command = [sys.executable, "-m", "syntrust_gateway", "admin", *words]
        return subprocess.run(
            command, env=env, capture_output=True, text=True, check=False, timeout=120
        )

    def objects(self) -> dict[str, bytes]:
        return {item.key: self.store.get(item.key) for item in self.store.list("")}


def fill(machine: Machine, folder: Path) -> None:
    """Give a machine a client, a published step and a model of its store."""
    migrate(machine.url)
    file = folder / "results.json"
    file.write_bytes(b'{"digest": "1"}')
    for ref in (STEP, MODEL):
        publish_imported(machine.store, ref, {file.name: file})
    engine = make_engine(machine.url)
    with session_factory(engine).begin() as session:
        session.add(Client(name="hospital", role=Role.USER))
        step = Step(id=STEP.id, kind=STEP.kind, message={}, needs=[], state=StepState.DONE)
        manifest = machine.store.get(STEP.manifest_key)
        step.manifest = json.loads(manifest)
        session.add(step)
    engine.dispose()


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_backup_comes_back_on_an_empty_machine_and_what_is_damaged_is_found(
    tmp_path: Path,
    storage: StorageSettings,
    valkey_url: str,
    postgres_server: str,
    target: str,
) -> None:
    files = {"sqlite": f"sqlite:///{tmp_path / 'new.sqlite'}"}
    url = files.get(target) or create_database(postgres_server)
    first = Machine(f"sqlite:///{tmp_path / 'old.sqlite'}", storage, valkey_url)
    fill(first, tmp_path)
    other = storage.model_copy(update={"bucket": f"test-{uuid4().hex}"})
    second = Machine(url, other, valkey_url)

    made = first.admin("backup", str(tmp_path / "backups"))
    assert made.returncode == 0, made.stderr
    (folder,) = [path.parent for path in (tmp_path / "backups").glob("*/backup.json")]
    restored = second.admin("restore", str(folder))
    assert restored.returncode == 0, restored.stderr

    assert second.objects() == first.objects()
    whole = second.admin("verify")
    assert (whole.returncode, whole.stdout.split(":")[-1]) == (0, " 0 are not whole.\n")
    nothing = second.admin("gc")
    assert nothing.returncode == 0, nothing.stderr
    key = next(item.key for item in second.store.list(STEP.prefix) if "results" in item.key)
    second.store.put(key, b'{"digest": "2"}')
    damaged = second.admin("verify", "--repair")
    assert damaged.returncode == 1
    assert "results.json has other content than its digest says" in damaged.stdout
