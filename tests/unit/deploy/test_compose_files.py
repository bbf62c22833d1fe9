"""What the Compose files promise, read as Compose reads them. No Docker daemon is asked."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tools.deploy.compose_files import BASE, COMBINATIONS, compose_program, read_with_compose

from syntrust_core.configuration import variables_of
from syntrust_core.settings import Settings, WorkerSettings
from syntrust_gateway.settings import DatabaseSettings, GatewaySettings
from syntrust_generator.settings import GeneratorSettings
from syntrust_segmenter.settings import SegmenterSettings

ROOT = Path(__file__).parents[3]
WORKERS = ("generator", "segmenter", "metrics")
JOBS = ("volumes", "bucket", "migrate")
STOP_GRACE_S = 15  # beside a step's own time to keep a checkpoint
_SECONDS = re.compile(r"(?:(\d+)m)?(?:(\d+)s)?")

pytestmark = pytest.mark.skipif(
    shutil.which(compose_program()) is None, reason="there is no Docker Compose to read the files"
)


@cache
def read(files: tuple[str, ...]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(read_with_compose(files, "--format", "json"))
    return body


def services(files: tuple[str, ...] = (BASE,)) -> dict[str, Any]:
    found: dict[str, Any] = read(files)["services"]
    return found


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    return dict(service.get("environment", {}))


# What each of our services reads at its start; a variable that it does not know ends it.
SETTINGS: dict[str, type[BaseModel]] = {
    "gateway": GatewaySettings,
    "orchestrator": GatewaySettings,
    "migrate": DatabaseSettings,
    "bucket": Settings,
    "generator": GeneratorSettings,
    "segmenter": SegmenterSettings,
    "metrics": Settings,
}


def grace_s(service: Mapping[str, Any]) -> int:
    minutes, seconds = _SECONDS.fullmatch(service["stop_grace_period"]).groups()  # type: ignore[union-attr]
    return int(minutes or 0) * 60 + int(seconds or 0)


@pytest.mark.parametrize("files", COMBINATIONS)
def test_every_variable_of_ours_is_a_setting_of_its_service(files: tuple[str, ...]) -> None:
    for name, service in services(files).items():
        given = {variable for variable in environment(service) if variable.startswith("SYNTRUST_")}
        known = {variable.name for variable in variables_of(SETTINGS[name])} if given else set()

        assert given <= known, name


def test_each_service_gets_what_its_settings_ask_for_and_no_password_besides() -> None:
    secret = {"SYNTRUST_GATEWAY__DATABASE_URL", "SYNTRUST_GATEWAY__ADMIN_KEY"}

    for name in WORKERS:
        assert not secret & set(environment(services()[name]))
    assert secret <= set(environment(services()["gateway"]))
    assert "SYNTRUST_GATEWAY__ADMIN_KEY" not in environment(services()["orchestrator"])


@pytest.mark.parametrize("files", COMBINATIONS)
def test_every_container_is_read_only_unprivileged_and_bounded(files: tuple[str, ...]) -> None:
    for name, service in services(files).items():
        limits = service["deploy"]["resources"]["limits"]

        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["user"].partition(":")[0] not in {"", "0", "root"}, name
        assert {"memory", "pids"} <= set(limits), name
        assert "max-size" in service["logging"]["options"], name
        assert service["restart"] == ("no" if name in JOBS else "unless-stopped"), name


@pytest.mark.parametrize("files", COMBINATIONS)
def test_only_what_people_use_is_published_and_on_loopback_alone(files: tuple[str, ...]) -> None:
    published = {name for name, service in services(files).items() if service.get("ports")}

    assert published <= {"gateway", "minio", "grafana"}
    assert published == {"gateway", "minio"} or files != (BASE,)
    for name in published:
        assert all(port["host_ip"] == "127.0.0.1" for port in services(files)[name]["ports"])


@pytest.mark.parametrize("files", COMBINATIONS)
def test_no_network_has_a_way_to_the_internet(files: tuple[str, ...]) -> None:
    networks = dict(read(files)["networks"])
    front = networks.pop("front")

    assert front["driver_opts"]["com.docker.network.bridge.enable_ip_masquerade"] == "false"
    assert all(network["internal"] for network in networks.values())


def test_a_worker_reaches_queue_and_store_and_never_the_database() -> None:
    for name in WORKERS:
        assert set(services()[name]["networks"]) == {"queue", "objects"}
    assert set(services()["postgres"]["networks"]) == {"database"}


def test_a_worker_has_time_to_keep_a_checkpoint_before_it_is_killed() -> None:
    soft = WorkerSettings().soft_shutdown

    for name in WORKERS:
        grace = timedelta(seconds=grace_s(services()[name]))
        assert grace >= soft + timedelta(seconds=STOP_GRACE_S), name


def test_threads_come_from_one_setting_whatever_the_limit_on_processors() -> None:
    for name in WORKERS:
        given = environment(services()[name])
        assert given["SYNTRUST_WORKER__THREADS"] == given["OMP_NUM_THREADS"]


def test_links_are_signed_for_the_port_that_is_published() -> None:
    gateway = environment(services()["gateway"])
    (port,) = services()["minio"]["ports"]
    (page,) = services()["gateway"]["ports"]

    expected = f"http://127.0.0.1:{port['published']}"
    assert gateway["SYNTRUST_STORAGE__PUBLIC_ENDPOINT"] == expected
    assert json.loads(gateway["SYNTRUST_STORAGE__BROWSER_ORIGINS"]) == [
        f"http://127.0.0.1:{page['published']}"
    ]


def test_each_image_of_ours_is_built_by_one_service_and_has_the_version() -> None:
    builds = [(s["image"], s["build"]["dockerfile"]) for s in services().values() if "build" in s]
    used = {s["image"] for s in services().values() if s["image"].startswith("syntrust-")}
    version = tomllib.loads((ROOT / "gateway/pyproject.toml").read_text())["project"]["version"]

    assert len(dict(builds)) == len(builds) == 4
    assert {image for image, _ in builds} == used
    for image, dockerfile in builds:
        room = (ROOT / dockerfile).parent
        assert image == f"syntrust-{room.name}:{version}"
        assert f"ARG VERSION={version}\n" in (ROOT / dockerfile).read_text()


def test_everything_waits_for_what_it_needs() -> None:
    for name in ("gateway", "orchestrator", *WORKERS):
        needs = services()[name]["depends_on"]
        assert needs["redis"]["condition"] == "service_healthy"
        assert needs["bucket"]["condition"] == "service_completed_successfully"
    for name in ("gateway", "orchestrator"):
        migrate = services()[name]["depends_on"]["migrate"]
        assert migrate["condition"] == "service_completed_successfully"


@pytest.mark.parametrize(
    "name",
    ["ADMIN_KEY", "REDIS_PASSWORD", "POSTGRES_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"],
)
def test_a_password_that_is_not_given_is_refused_by_name(tmp_path: Path, name: str) -> None:
    from tools.deploy.env_file import write_env

    env = tmp_path / "env"
    write_env(env)
    env.write_text(re.sub(rf"(?m)^{name}=.*\n", "", env.read_text()))

    command = [compose_program(), "--env-file", str(env), "-f", BASE, "config", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode != 0
    assert f"{name} is missing a value: make env writes it" in done.stderr
