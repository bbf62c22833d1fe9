"""The programs of a standalone stack, each with its command and environment."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import psutil
from sqlalchemy import URL

from syntrust_core.configuration import read_settings, refuse_unknown
from syntrust_core.contracts.base import Queue
from syntrust_core.machine.cores import Cores, sees_gpu, share_cores
from syntrust_core.settings import ComputeSettings
from syntrust_standalone.data_folder import Credentials, Database, DataFolder, Ports
from syntrust_standalone.liveness import Heartbeat, Liveness, http_shows_life, redis_shows_life
from syntrust_standalone.postgres import (
    postgres_answers,
    postgres_program,
    postgres_url,
    prepare_postgres,
)
from syntrust_standalone.precision.choices import list_variables
from syntrust_standalone.servers import HOST, Program, redis_program, redis_url, weed_program

SOFT_SHUTDOWN_S = 7  # for a step to keep a checkpoint: `up` ends within seconds of Ctrl-C
_CACHE_BYTES = 4 << 30
_KEPT_FREE_BYTES = 8 << 30  # more than a worker ever frees: it returns no memory
_MALLOC_STEP_BYTES = 256 << 20
_HEARTBEAT = "heartbeat"
_PROBE_LIMIT_S = 30.0
_HEARTBEAT_LIMIT_S = 55.0  # a worker beats every 10 s, and later while Redis does not answer it
_WORKERS: Mapping[Queue, str] = {
    Queue.GENERATOR: "syntrust_generator.worker",
    Queue.SEGMENTER: "syntrust_segmenter.worker",
    Queue.METRICS: "syntrust_metrics.worker",
}


@dataclass(frozen=True)
class Stack:
    """A folder, its keys, and the ports of this run."""

    folder: DataFolder
    credentials: Credentials
    ports: Ports
    database: Database = Database.SQLITE

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.ports.gateway}"

    @property
    def origins(self) -> tuple[str, str]:
        """Give the origins of the platform's page, which may use the store's presigned URLs."""
        return self.url, f"http://localhost:{self.ports.gateway}"

    @cached_property
    def cores(self) -> Cores:
        """What each worker gets of this machine."""
        return _share_cores()

    @property
    def redis_url(self) -> str:
        return redis_url(self.ports.redis, self.credentials.redis_password)

    def servers(self) -> tuple[Program, Program]:
        """Build Redis and S3, which everything else needs."""
        password = self.credentials.redis_password
        redis = redis_program(self.folder.redis, self.ports.redis, password)
        keys = (self.credentials.s3_access_key, self.credentials.s3_secret_key)
        return redis, weed_program(self.folder.s3, self.ports.weed, *keys)

    @property
    def database_url(self) -> str:
        if self.database is Database.SQLITE:
            # Written out, `%` and `?` of the folder's name are escaped as they are read.
            file = URL.create("sqlite", database=str(self.folder.database))
            return file.render_as_string()
        return postgres_url(self.ports.postgres, self.credentials.database_password)

    def database_server(self) -> Program | None:
        """Build PostgreSQL and make its files at the first start; None on SQLite."""
        if self.database is Database.SQLITE:
            return None
        prepare_postgres(self.folder.postgres, self.credentials.database_password)
        return postgres_program(self.folder.postgres, self.ports.postgres)

    def migrate(self) -> Program:
        return self._gateway("migrate", "migrate")

    def tuner(self, queue: Queue) -> Program:
        """Build what measures the precision of a queue's workers, under the same conditions."""
        worker = self._worker(queue, _WORKERS[queue])
        command = str(Path(sys.executable).with_name(f"syntrust-{queue}"))
        return replace(worker, name=f"tune-{queue}", argv=(command, "tune", "--json"))

    def workers(self) -> tuple[Program, ...]:
        """Build one worker for each queue."""
        return tuple(self._worker(queue, module) for queue, module in _WORKERS.items())

    def gateway(self) -> tuple[Program, Program]:
        """Build orchestrator and API, which need the migrated database."""
        serve = ("serve", "--host", HOST, "--port", str(self.ports.gateway))
        work = self.folder.work_folder("orchestrator")
        beat = {"SYNTRUST_WORKER__HEARTBEAT_FILE": str(work / _HEARTBEAT)}
        orchestrator = self._gateway("orchestrator", "orchestrate")
        orchestrator = replace(orchestrator, folder=work, env={**orchestrator.env, **beat})
        return orchestrator, self._gateway("gateway", *serve)

    def liveness(self) -> dict[str, Liveness]:
        """Build what shows that each program lives.

        Each rides out a stop of 20 s, and is back at work within 90 s of a longer one.
        """
        ports, beating = self.ports, ("orchestrator", *map(str, _WORKERS))
        probes: dict[str, Callable[[], bool]] = {
            "postgres": lambda: postgres_answers(ports.postgres),
            "redis": lambda: redis_shows_life(ports.redis),
            "s3": lambda: http_shows_life(ports.weed.s3, "/healthz"),
            "gateway": lambda: http_shows_life(ports.gateway, "/health/live"),
        }
        return {
            **{name: Liveness(probe, _PROBE_LIMIT_S) for name, probe in probes.items()},
            **{name: Liveness(self._heartbeat(name), _HEARTBEAT_LIMIT_S) for name in beating},
        }

    def _heartbeat(self, name: str) -> Heartbeat:
        return Heartbeat(self.folder.work_folder(name) / _HEARTBEAT)

    def _gateway(self, name: str, *arguments: str) -> Program:
        env = {
            **self._common(),
            **list_variables(self.folder, os.environ),
            "SYNTRUST_GATEWAY__DATABASE_URL": self.database_url,
            "SYNTRUST_GATEWAY__ADMIN_KEY": self.credentials.admin_key,
            # The page that the gateway serves, by either name of this machine.
            "SYNTRUST_STORAGE__BROWSER_ORIGINS": json.dumps(self.origins),
        }
        command = str(Path(sys.executable).with_name("syntrust-gateway"))
        return Program(name, (command, *arguments), self.folder.root, env)

    def _worker(self, queue: Queue, module: str) -> Program:
        cores, work = self.cores, self.folder.work_folder(str(queue))
        env = {
            **self._common(),
            "SYNTRUST_WORKER__SCRATCH": str(work),
            "SYNTRUST_WORKER__HEARTBEAT_FILE": str(work / _HEARTBEAT),
            **_spell(cores),
            "SYNTRUST_WORKER__CACHE_BYTES": str(_CACHE_BYTES),
            "SYNTRUST_WORKER__SOFT_SHUTDOWN": f"PT{SOFT_SHUTDOWN_S}S",
            # Workers share the cores: a thread without work must not spin.
            "OMP_NUM_THREADS": str(cores.threads),
            "OMP_WAIT_POLICY": "passive",
            # Freed memory stays with the process: returning it to the kernel and requesting it
            # again took a third of the time of a training.
            "MALLOC_MMAP_MAX_": "0",
            "MALLOC_TRIM_THRESHOLD_": str(_KEPT_FREE_BYTES),
            "MALLOC_TOP_PAD_": str(_MALLOC_STEP_BYTES),
            # In huge pages, where the kernel lets a process ask for them: a tenth of a training.
            "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        }
        argv = (sys.executable, "-m", module)
        return Program(str(queue), argv, work, env, death_signal="SIGKILL")

    def _common(self) -> dict[str, str]:
        # Loopback is never reached through a proxy.
        direct = ",".join(filter(None, (os.environ.get("NO_PROXY"), HOST, "localhost")))
        return {
            "SYNTRUST_STORAGE__ENDPOINT": f"http://{HOST}:{self.ports.weed.s3}",
            "SYNTRUST_STORAGE__ACCESS_KEY": self.credentials.s3_access_key,
            "SYNTRUST_STORAGE__SECRET_KEY": self.credentials.s3_secret_key,
            "SYNTRUST_QUEUE__URL": self.redis_url,
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": direct,
            "no_proxy": direct,
        }


def _spell(cores: Cores) -> dict[str, str]:
    """Spell the settings of a worker. Beside a GPU each knows its own number of processes."""
    threads = {"SYNTRUST_WORKER__THREADS": str(cores.threads)}
    return threads if sees_gpu() else threads | {"SYNTRUST_WORKER__PROCESSES": str(cores.processes)}


def _share_cores() -> Cores:
    """Share the cores of this process, as far as the operator has not; a GPU is for one step."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory_bytes = 0 if sees_gpu() else psutil.virtual_memory().total
    worker = read_settings(ComputeSettings).worker
    threads = worker.threads if "threads" in worker.model_fields_set else None
    return share_cores(cores or 1, memory_bytes, processes=worker.processes, threads=threads)


def require_known_variables() -> None:
    """Refuse a `SYNTRUST_…` variable that sets nothing, before a program of the stack does.

    Those of workers are read, too: they decide how many processes there are.

    Raises
    ------
    InvalidConfiguration
        The detail names it, and the nearest right name or what would be right.
    """
    # The gateway's settings take half a second to load, and only who starts a stack needs them.
    from syntrust_gateway.settings import GatewaySettings  # noqa: PLC0415
    from syntrust_generator.settings import GeneratorSettings  # noqa: PLC0415
    from syntrust_segmenter.settings import SegmenterSettings  # noqa: PLC0415

    refuse_unknown(os.environ, GatewaySettings, GeneratorSettings, SegmenterSettings)
    read_settings(ComputeSettings)
