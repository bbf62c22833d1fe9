"""What `k8s/` renders to: objects that agree with each other, with the settings and with Compose.

Schemas and policies are checked by `make check`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from tools.kubernetes.cross_checks import cross_check
from tools.kubernetes.pods import read_environment, read_pods
from tools.kubernetes.rendering import ROOT, VARIANTS, Object, of_kind, render, title
from tools.kubernetes.schemas import with_jobs
from tools.kubernetes.secrets import SECRETS, make_secrets
from tools.kubernetes.settings_checks import check_settings

from syntrust_core.settings import WorkerSettings
from syntrust_gateway.settings import GatewayOptions

Change = Callable[[dict[str, Any]], object]
LIMITED = ("requests", "limits")
COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> tuple[str, list[Object]]:
    return request.param, render(request.param)


@pytest.fixture(scope="module")
def production() -> list[Object]:
    return render("production")


def faults(objects: list[Object]) -> list[str]:
    return [*cross_check(objects), *check_settings(objects)]


def test_the_objects_of_every_overlay_fit_each_other_and_the_settings(
    variant: tuple[str, list[Object]],
) -> None:
    assert faults(variant[1]) == []


def test_every_service_is_there_with_its_own_image(variant: tuple[str, list[Object]]) -> None:
    name, objects = variant
    servers = {"redis", "postgres", "minio"} if name == "local" else set()

    pods = {pod.owner["metadata"]["name"]: pod for pod in read_pods(objects)}

    services = {"gateway", "orchestrator", "generator", "segmenter", "metrics", "migrate"}
    assert pods.keys() == services | servers
    for service in ("gateway", "generator", "segmenter", "metrics"):
        (container, *_) = pods[service].spec["containers"]
        assert container["image"] == f"syntrust-{service}:0.1.0"


@pytest.mark.skipif(not COMPOSE.exists(), reason="there is no docker-compose.yml")
def test_images_are_those_of_compose(variant: tuple[str, list[Object]]) -> None:
    services = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"].values()
    default = re.compile(r"\$\{\w+:-([^}]*)\}")
    compose = {default.sub(r"\1", service["image"]) for service in services}

    images = {each["image"] for pod in read_pods(variant[1]) for each in pod.containers()}

    assert images <= compose


def test_a_job_of_keda_asks_for_one_whole_gpu_and_is_started_by_no_list_length(
    production: list[Object],
) -> None:
    jobs = [each for each in with_jobs(production) if each["metadata"]["name"] != "migrate"]
    gpu_jobs = of_kind(jobs, "Job")

    assert {each["metadata"]["name"] for each in gpu_jobs} == {"generator", "segmenter"}
    for job in gpu_jobs:
        (container,) = job["spec"]["template"]["spec"]["containers"]
        for asked in ("requests", "limits"):
            assert container["resources"][asked]["nvidia.com/gpu"] == 1
    types = {s["spec"]["triggers"][0]["type"] for s in of_kind(production, "ScaledJob")}
    assert types == {"metrics-api"}


def test_two_orchestrators_stand_by_each_other(production: list[Object]) -> None:
    (found,) = (each for each in production if title(each) == "Deployment orchestrator")

    assert found["spec"]["replicas"] == 2


def test_kueue_gets_every_gpu_job_and_no_other() -> None:
    objects = render("production-kueue")

    label = "kueue.x-k8s.io/queue-name"
    queued = [each for each in with_jobs(objects) if label in each["metadata"].get("labels", {})]
    assert {title(each) for each in queued} == {
        f"{kind} {name}" for kind in ("ScaledJob", "Job") for name in ("generator", "segmenter")
    }


def test_trainings_on_several_gpus_share_memory_that_counts_as_the_pods() -> None:
    objects: list[Any] = render("production-several-gpus")
    (job,) = (each for each in objects if title(each) == "ScaledJob segmenter")
    spec = job["spec"]["jobTargetRef"]["template"]["spec"]
    gpus = {spec["containers"][0]["resources"][each]["nvidia.com/gpu"] for each in LIMITED}
    assert gpus == {2}

    spec["volumes"] = [each for each in spec["volumes"] if each["name"] != "shared-memory"]

    assert any("no memory of its own at /dev/shm" in sentence for sentence in faults(objects))


def test_the_idle_time_of_gpu_workers_is_a_setting_of_theirs(production: list[Object]) -> None:
    for pod in read_pods(of_kind(production, "ScaledJob", "ConfigMap")):
        given = read_environment(pod.spec["containers"][0], production)
        assert WorkerSettings.model_validate(
            {"exit_when_idle": given["SYNTRUST_WORKER__EXIT_WHEN_IDLE"]}
        ).exit_when_idle


def test_the_secrets_of_the_local_overlay_are_new_strong_and_complete() -> None:
    first, second = make_secrets(), make_secrets()

    for one, other in zip(first, second, strict=True):
        assert set(one["stringData"]) == set(SECRETS[one["metadata"]["name"]])
        for key, value in one["stringData"].items():
            assert value != other["stringData"][key]
            assert len(value) >= 20
    keys = next(each for each in first if each["metadata"]["name"] == "keys")["stringData"]
    GatewayOptions(database_url="sqlite://", admin_key=keys["admin"], monitor_key=keys["monitor"])
    assert {each["metadata"]["name"] for each in first} == SECRETS.keys() - {
        "gateway-tls",
        "objects-tls",
    }


def _set(path: str, value: object) -> Change:
    """Set what lies at a path of keys and numbers, where ~ stands for /; `None` removes it."""

    def change(each: dict[str, Any]) -> None:
        parts = [part.replace("~", "/") for part in path.split("/")]
        *way, last = [int(part) if part.isdigit() else part for part in parts]
        place: Any = each
        for part in way:
            place = place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return change


_POD, _JOB = "spec/template/spec", "spec/jobTargetRef/template/spec"
_CONTAINER = f"{_POD}/containers/0"


@pytest.mark.parametrize(
    ("which", "change", "fault"),
    [
        ("Service gateway", _set("spec/selector", {"a": "b"}), "selects no pod"),
        ("PodDisruptionBudget gateway", _set("spec/selector/matchLabels", {"a": "b"}), "no pod"),
        ("NetworkPolicy gateway", _set("spec/podSelector/matchLabels", {"a": "b"}), "no pod"),
        ("NetworkPolicy deny-all", _set("spec/policyTypes", ["Ingress"]), "denies all"),
        ("Service gateway", _set("spec/ports/0/targetPort", "web"), "no pod declares"),
        ("Service gateway", _set("metadata/namespace", "default"), "no namespace of ours"),
        ("HorizontalPodAutoscaler metrics", _set("spec/scaleTargetRef/name", "m"), "not there"),
        ("Deployment metrics", _set("spec/replicas", 3), "sets replicas"),
        ("Ingress gateway", _set("spec/tls/0/hosts", ["other"]), "without TLS"),
        ("Ingress gateway", _set("spec/tls/0/secretName", "none"), "nobody makes"),
        (
            "Ingress gateway",
            _set("spec/rules/0/http/paths/0/backend/service/name", "none"),
            "not there",
        ),
        ("ServiceAccount metrics", _set("automountServiceAccountToken", None), "token"),
        ("Deployment metrics", _set(f"{_POD}/serviceAccountName", "default"), "no account of ours"),
        ("Deployment gateway", _set(f"{_POD}/enableServiceLinks", None), "look like settings"),
        ("Deployment gateway", _set(f"{_POD}/terminationGracePeriodSeconds", 40), "to end"),
        ("Deployment metrics", _set(f"{_POD}/terminationGracePeriodSeconds", 75), "may need 75 s"),
        ("ScaledJob segmenter", _set(f"{_JOB}/terminationGracePeriodSeconds", None), "has 30 s"),
        ("Deployment gateway", _set(f"{_CONTAINER}/livenessProbe/httpGet/port", "web"), "declared"),
        ("Deployment gateway", _set(f"{_CONTAINER}/volumeMounts/0/name", "x"), "no volume of it"),
        (
            "Deployment gateway",
            _set(f"{_CONTAINER}/envFrom/0/configMapRef/name", "x"),
            "not there",
        ),
        (
            "Deployment gateway",
            _set(f"{_CONTAINER}/env/0", {"name": "SYNTRUST_GATEWAY__ADMINKEY", "value": "x"}),
            "nearest is SYNTRUST_GATEWAY__ADMIN_KEY.",
        ),
        (
            "Deployment gateway",
            _set(f"{_CONTAINER}/env/0", {"name": "SYNTRUST_GATEWAY__ADMIN_KEY", "value": "x"}),
            "in the open",
        ),
        (
            "Deployment gateway",
            _set(f"{_CONTAINER}/env/0", {"name": "SYNTRUST_LOG_FORMAT", "value": "xml"}),
            "SYNTRUST_LOG_FORMAT",
        ),
        (
            "Deployment gateway",
            _set(f"{_CONTAINER}/env/0/value", "/run/secrets/keys/none"),
            "where no Secret is mounted",
        ),
        ("Deployment orchestrator", _set(f"{_CONTAINER}/envFrom/1", None), "does not get"),
        ("ScaledJob generator", _set(f"{_JOB}/nodeSelector", None), "may not go where GPUs are"),
        (
            "ScaledJob generator",
            _set(f"{_JOB}/containers/0/resources/requests/nvidia.com~gpu", 2),
            "asks for 2 GPUs and may have 1",
        ),
        (
            "ScaledJob generator",
            _set("spec/triggers/0/metadata/url", "http://redis.syntrust.svc:6379/queues"),
            "nobody answers",
        ),
        (
            "ScaledJob generator",
            _set("spec/triggers/0/metadata/valueLocation", "queues.segmenter.due"),
            "of its own queue",
        ),
        (
            "ScaledJob generator",
            _set("spec/triggers/0/authenticationRef/name", "none"),
            "no key for the gateway",
        ),
        ("ScaledJob generator", _set(f"{_JOB}/containers/0/envFrom/2", None), "never end"),
        (
            "ScaledJob generator",
            _set(
                f"{_JOB}/containers/0/env",
                [{"name": "SYNTRUST_GENERATOR__DEVICES", "value": "2"}],
            ),
            "asks for 1 GPUs, and its trainings use 2",
        ),
    ],
)
def test_a_fault_is_found(production: list[Object], which: str, change: Change, fault: str) -> None:
    objects: list[Any] = copy.deepcopy(production)
    (spoiled,) = (each for each in objects if title(each) == which)
    change(spoiled)

    assert any(fault in sentence for sentence in faults(objects)), faults(objects)
