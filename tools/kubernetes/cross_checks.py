"""What no schema sees: that objects name what is there, and agree with each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tools.kubernetes.pods import Pod, read_environment, read_pods, selectors, selects
from tools.kubernetes.rendering import Object, of_kind, title
from tools.kubernetes.secrets import SECRETS

GPU: Final = "nvidia.com/gpu"
_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")
_CLUSTER_WIDE: Final = {"Namespace"}


def cross_check(objects: list[Object]) -> Iterator[str]:
    """Give a sentence for each thing that does not fit."""
    pods = read_pods(objects)
    yield from _check_namespaces(objects)
    yield from _check_selectors(objects, pods)
    yield from _check_named_objects(objects)
    for pod in pods:
        yield from _check_pod(pod, objects)
        for container in pod.containers():
            yield from _check_container(pod, container)


def _check_namespaces(objects: list[Object]) -> Iterator[str]:
    (namespace,) = of_kind(objects, "Namespace")
    for each in objects:
        if each["kind"] not in _CLUSTER_WIDE and (
            each["metadata"].get("namespace") != namespace["metadata"]["name"]
        ):
            yield f"{title(each)} is in no namespace of ours"
    for policy in of_kind(objects, "NetworkPolicy"):
        if policy["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}:
            return
    yield "no NetworkPolicy denies all that is not named"


def _check_selectors(objects: list[Object], pods: list[Pod]) -> Iterator[str]:
    for each in objects:
        for selector in selectors(each):
            if not any(selects(selector, pod.labels) for pod in pods):
                yield f"{title(each)} selects no pod: {selector}"
    for pod in pods:
        own = pod.owner["spec"].get("selector")
        spread = [s["labelSelector"] for s in pod.spec.get("topologySpreadConstraints", [])]
        for selector in (*([own] if own else []), *spread):
            if not selects(selector, pod.labels):
                yield f"{pod.name} does not select its own pods"


def _check_named_objects(objects: list[Object]) -> Iterator[str]:
    names = {(each["kind"], each["metadata"]["name"]): each for each in objects}
    for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        found = names.get((target["kind"], target["name"]))
        if found is None:
            yield f"{title(scaler)} scales {target['kind']} {target['name']}, which is not there"
        elif "replicas" in found["spec"]:
            yield f"{title(found)} sets replicas, which {title(scaler)} does"
    for ingress in of_kind(objects, "Ingress"):
        yield from _check_ingress(ingress, names)
    pods = read_pods(objects)
    for service in of_kind(objects, "Service"):
        behind = [pod for pod in pods if selects(next(selectors(service)), pod.labels)]
        for port in service["spec"]["ports"]:
            if not all(port["targetPort"] in pod.ports() for pod in behind):
                yield f"{title(service)} sends to port {port['targetPort']}, which no pod declares"


def _check_ingress(ingress: Object, names: Mapping[tuple[str, str], Object]) -> Iterator[str]:
    secure = {host for each in ingress["spec"]["tls"] for host in each["hosts"]}
    for each in ingress["spec"]["tls"]:
        if each["secretName"] not in SECRETS:
            yield f"{title(ingress)} names the Secret {each['secretName']}, which nobody makes"
    for rule in ingress["spec"]["rules"]:
        if rule["host"] not in secure:
            yield f"{title(ingress)} serves {rule['host']} without TLS"
        for path in rule["http"]["paths"]:
            backend = path["backend"]["service"]
            service = names.get(("Service", backend["name"]))
            ports = [] if service is None else [p["name"] for p in service["spec"]["ports"]]
            if backend["port"]["name"] not in ports:
                yield f"{title(ingress)} leads to {backend}, which is not there"


def _check_pod(pod: Pod, objects: list[Object]) -> Iterator[str]:
    accounts = {each["metadata"]["name"]: each for each in of_kind(objects, "ServiceAccount")}
    account = accounts.get(pod.spec["serviceAccountName"])
    tokens = [pod.spec, account or {}]
    if any(each.get("automountServiceAccountToken") is not False for each in tokens):
        yield f"{pod.name} has no account of ours, or one with a token"
    if pod.spec.get("enableServiceLinks") is not False:
        yield f"{pod.name} gets variables of Services, which may look like settings"
    maps = {each["metadata"]["name"] for each in of_kind(objects, "ConfigMap")}
    for container in pod.containers():
        for source in container.get("envFrom", []):
            if source["configMapRef"]["name"] not in maps:
                yield f"{pod.name} takes variables from {source['configMapRef']}: not there"
    for volume in pod.spec.get("volumes", []):
        if "secret" in volume and volume["secret"]["secretName"] not in SECRETS:
            yield f"{pod.name} mounts {volume['secret']['secretName']}, which nobody makes"
    yield from _check_secret_files(pod, objects)
    has_gpu = any(GPU in each["resources"]["limits"] for each in pod.containers())
    if has_gpu and not (pod.spec.get("nodeSelector") and pod.spec.get("tolerations")):
        yield f"{pod.name} asks for a GPU and may not go where GPUs are"


def _check_secret_files(pod: Pod, objects: list[Object]) -> Iterator[str]:
    """Check that each `…_FILE` names a key of a Secret that is mounted there."""
    secrets = {
        volume["name"]: volume["secret"]["secretName"]
        for volume in pod.spec.get("volumes", [])
        if "secret" in volume
    }
    for container in pod.containers():
        mounted = {
            f"{mount['mountPath']}/{key}"
            for mount in container.get("volumeMounts", [])
            if mount["name"] in secrets
            for key in SECRETS.get(secrets[mount["name"]], ())
        }
        for name, value in read_environment(container, objects).items():
            is_secret = name.endswith("_FILE") and value.startswith("/run/secrets/")
            if is_secret and value not in mounted:
                yield f"{pod.name}: {name} is {value}, where no Secret is mounted"


def _check_container(pod: Pod, container: Mapping[str, Any]) -> Iterator[str]:
    for probe in _PROBES:
        port = container.get(probe, {}).get("httpGet", {}).get("port")
        if port is not None and port not in pod.ports():
            yield f"{pod.name}: the {probe} asks port {port}, which is not declared"
    limits, requests = container["resources"]["limits"], container["resources"]["requests"]
    if requests.get(GPU) != limits.get(GPU):
        yield f"{pod.name} asks for {requests.get(GPU)} GPUs and may have {limits.get(GPU)}"
    volumes = {volume["name"] for volume in pod.spec.get("volumes", [])}
    claims = pod.owner["spec"].get("volumeClaimTemplates", [])
    volumes |= {claim["metadata"]["name"] for claim in claims}
    for mount in container.get("volumeMounts", []):
        if mount["name"] not in volumes:
            yield f"{pod.name} mounts {mount['name']}, which is no volume of it"
