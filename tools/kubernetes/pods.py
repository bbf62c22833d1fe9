"""The pods that objects make, and what their containers get as environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tools.kubernetes.rendering import Object, of_kind, title

_BY_TEMPLATE = ("Deployment", "StatefulSet", "Job")


class Pod(NamedTuple):
    """A pod template, and the object that makes pods of it."""

    owner: Object
    template: Mapping[str, Any]

    @property
    def name(self) -> str:
        return title(self.owner)

    @property
    def labels(self) -> Mapping[str, str]:
        return dict(self.template["metadata"]["labels"])

    @property
    def spec(self) -> Mapping[str, Any]:
        return dict(self.template["spec"])

    def containers(self) -> list[Mapping[str, Any]]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    def ports(self) -> set[str | int]:
        """Give the declared ports of the containers, by name and by number."""
        declared = [port for each in self.containers() for port in each.get("ports", [])]
        return {port[key] for port in declared for key in ("name", "containerPort")}


def read_pods(objects: list[Object]) -> list[Pod]:
    made = [Pod(each, each["spec"]["template"]) for each in of_kind(objects, *_BY_TEMPLATE)]
    jobs = of_kind(objects, "ScaledJob")
    return made + [Pod(each, each["spec"]["jobTargetRef"]["template"]) for each in jobs]


def read_environment(container: Mapping[str, Any], objects: list[Object]) -> dict[str, str]:
    """Read the variables that a container gets from ConfigMaps and by name."""
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind(objects, "ConfigMap")}
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= maps.get(source.get("configMapRef", {}).get("name"), {})
    return found | {each["name"]: each.get("value", "") for each in container.get("env", [])}


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector selects these labels."""
    wanted = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(each, labels) for each in selector.get("matchExpressions", [])
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    if expression["operator"] != "In":
        msg = f"no rule for the operator {expression['operator']}"
        raise ValueError(msg)
    return labels.get(expression["key"]) in expression["values"]


def selectors(each: Object) -> Iterator[Mapping[str, Any]]:
    """Give every selector of pods in an object, but those of other namespaces."""
    spec = each.get("spec", {})
    if each["kind"] == "Service":
        yield {"matchLabels": spec["selector"]}
    elif each["kind"] == "NetworkPolicy":
        yield spec["podSelector"]
        rules = [*spec.get("ingress", []), *spec.get("egress", [])]
        peers = [peer for rule in rules for peer in (*rule.get("from", []), *rule.get("to", []))]
        yield from (peer["podSelector"] for peer in peers if "podSelector" in peer)
    elif "selector" in spec:
        yield spec["selector"]
