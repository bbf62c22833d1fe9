"""That the pods of our services get settings that their classes accept, and time to end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import TypeAdapter
from tools.configuration import SERVICES
from tools.kubernetes.cross_checks import GPU
from tools.kubernetes.pods import Pod, read_environment, read_pods
from tools.kubernetes.rendering import Object, of_kind, title
from tools.kubernetes.secrets import SECRETS

from syntrust_core.configuration import FILE, Environment, refuse_unknown, variables_of
from syntrust_core.contracts.base import Queue
from syntrust_core.errors import InvalidConfiguration
from syntrust_core.settings import Settings, WorkerSettings
from syntrust_gateway.server import GRACE_S
from syntrust_gateway.settings import DatabaseSettings

SPARE_S: Final = 15  # beyond the time that a step has, for Celery and Python to end
_SOFT_SHUTDOWN: Final = "SYNTRUST_WORKER__SOFT_SHUTDOWN"
_EXIT_WHEN_IDLE: Final = "SYNTRUST_WORKER__EXIT_WHEN_IDLE"
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - where NCCL looks
_WORKERS: Final = frozenset(str(queue) for queue in Queue)


def check_settings(objects: list[Object]) -> Iterator[str]:
    """Give a sentence for each setting that is none, is missing, or does not fit its pod."""
    for pod in read_pods(objects):
        for container in pod.containers():
            if (service := _service_of(container)) is not None:
                variables = read_environment(container, objects)
                yield from _check_variables(pod, _class_of(service, container), variables)
                yield from _check_devices(pod, container, variables, service)
        yield from _check_grace(pod, objects)
    for scaled in of_kind(objects, "ScaledJob"):
        yield from _check_trigger(scaled, objects)


def _service_of(container: Mapping[str, Any]) -> str | None:
    """Give the service that runs in a container; None for a server of others."""
    name = container["image"].rpartition("/")[2].partition(":")[0].removeprefix("syntrust-")
    return name if name in SERVICES else None


def _class_of(service: str, container: Mapping[str, Any]) -> type[Environment]:
    needs_database_alone = container.get("args", [])[:1] == ["migrate"]
    return DatabaseSettings if needs_database_alone else SERVICES[service]


def _check_variables(pod: Pod, kind: type[Environment], given: Mapping[str, str]) -> Iterator[str]:
    try:
        refuse_unknown(given, kind, Settings)
    except InvalidConfiguration as error:
        yield f"{pod.name}: {error.detail}"
    for variable in variables_of(kind):
        is_given = variable.name in given or f"{variable.name}{FILE}" in given
        if variable.field.is_required() and not is_given:
            yield f"{pod.name} does not get {variable.name}"
        if variable.is_secret and given.get(variable.name):
            yield f"{pod.name} gets {variable.name} in the open"
        if variable.name in given:
            try:
                _parse(variable.field.rebuild_annotation(), given[variable.name])
            except ValueError as error:
                yield f"{pod.name}: {variable.name}: {error}"


def _check_devices(
    pod: Pod, container: Mapping[str, Any], given: Mapping[str, str], service: str
) -> Iterator[str]:
    """Check that a training has the GPUs that it is to use, and memory for them to share."""
    devices = int(given.get(f"SYNTRUST_{service.upper()}__DEVICES", 1))
    gpus = container["resources"]["limits"].get(GPU)
    if gpus is not None and gpus != devices:
        yield f"{pod.name} asks for {gpus} GPUs, and its trainings use {devices}"
    mounted = {mount["mountPath"]: mount["name"] for mount in container.get("volumeMounts", [])}
    volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", [])}
    shared = volumes.get(mounted.get(_SHARED_MEMORY, ""), {}).get("emptyDir", {})
    if devices > 1 and shared.get("medium") != "Memory":
        yield f"{pod.name} has several devices and no memory of its own at {_SHARED_MEMORY}"


def _parse(annotation: Any, value: str) -> None:  # noqa: ANN401 - an annotation may be anything
    adapter = TypeAdapter(annotation)
    try:
        adapter.validate_python(value)
    except ValueError:
        adapter.validate_json(value)


def _check_grace(pod: Pod, objects: list[Object]) -> Iterator[str]:
    """Check that what is told to stop has the time that it takes."""
    (first, *_) = pod.spec["containers"]
    service = _service_of(first)
    grace_s = pod.spec.get("terminationGracePeriodSeconds", 30)
    if service in _WORKERS:
        text = read_environment(first, objects).get(_SOFT_SHUTDOWN)
        soft = WorkerSettings().soft_shutdown
        soft_s = (TypeAdapter(timedelta).validate_python(text) if text else soft).total_seconds()
        needed_s = soft_s + SPARE_S
    elif first.get("args", [])[:1] == ["serve"]:
        needed_s = GRACE_S + first["lifecycle"]["preStop"]["sleep"]["seconds"] + SPARE_S
    else:
        return
    if grace_s <= needed_s:
        yield f"{pod.name} has {grace_s} s to end and may need {needed_s:g} s"


def _check_trigger(scaled: Object, objects: list[Object]) -> Iterator[str]:
    """Check that KEDA asks our gateway about this queue, with a key that is there."""
    (trigger,) = scaled["spec"]["triggers"]
    asked, queue = urlsplit(trigger["metadata"]["url"]), scaled["metadata"]["name"]
    namespace = scaled["metadata"]["namespace"]
    ports = {
        f"{each['metadata']['name']}.{namespace}.svc": [p["port"] for p in each["spec"]["ports"]]
        for each in of_kind(objects, "Service")
    }
    if asked.port not in ports.get(asked.hostname or "", []) or asked.path != "/queues":
        yield f"{title(scaled)} asks {trigger['metadata']['url']}, where nobody answers"
    if queue not in _WORKERS or trigger["metadata"]["valueLocation"] != f"queues.{queue}.due":
        yield f"{title(scaled)} does not scale by the steps of its own queue"
    named = {each["metadata"]["name"]: each for each in of_kind(objects, "TriggerAuthentication")}
    known = named.get(trigger["authenticationRef"]["name"])
    references = [] if known is None else known["spec"]["secretTargetRef"]
    if not references or any(r["key"] not in SECRETS.get(r["name"], ()) for r in references):
        yield f"{title(scaled)} has no key for the gateway"
    (container,) = scaled["spec"]["jobTargetRef"]["template"]["spec"]["containers"]
    if _EXIT_WHEN_IDLE not in read_environment(container, objects):
        yield f"{title(scaled)} has workers that never end, and KEDA ends none"
