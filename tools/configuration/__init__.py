"""The table of all settings, made from the services' classes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

from pydantic import AwareDatetime, SecretStr, TypeAdapter

from syntrust_core.configuration import CLIENT, FILE, PREFIX, Environment, Variable, variables_of
from syntrust_gateway.settings import GatewaySettings
from syntrust_generator.settings import GeneratorSettings
from syntrust_metrics.settings import MetricsSettings
from syntrust_segmenter.settings import SegmenterSettings

SERVICES: Final[Mapping[str, type[Environment]]] = {
    "gateway": GatewaySettings,
    "generator": GeneratorSettings,
    "segmenter": SegmenterSettings,
    "metrics": MetricsSettings,
}
_HEAD: Final = Path(__file__).with_name("head.md")
_WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    timedelta: "duration",
    AwareDatetime: "time",
    SecretStr: "secret",
    type(None): "null",
}


class Setting(NamedTuple):
    """A variable, and the services that read it."""

    variable: Variable
    services: tuple[str, ...]


def read_settings() -> list[Setting]:
    """Give every setting of all services once, in the order of the classes."""
    found: dict[str, tuple[Variable, list[str]]] = {}
    for service, kind in SERVICES.items():
        for variable in variables_of(kind):
            found.setdefault(variable.name, (variable, []))[1].append(service)
    return [Setting(variable, tuple(services)) for variable, services in found.values()]


def known_names() -> frozenset[str]:
    """Give every name with our prefix that anything of the platform reads."""
    variables = [setting.variable for setting in read_settings()]
    files = {f"{variable.name}{FILE}" for variable in variables if variable.is_secret}
    groups = {f"{PREFIX}{variable.path[0]}".upper() for variable in variables}
    return CLIENT.union((variable.name for variable in variables), files, groups)


def write_page() -> str:
    """Write the page of all settings in Markdown."""
    groups = groupby(read_settings(), key=lambda setting: (_group(setting), setting.services))
    sections = [_write_section(*key, list(settings)) for key, settings in groups]
    return "\n".join([_HEAD.read_text("utf-8"), *sections])


def _group(setting: Setting) -> str:
    return setting.variable.path[0] if len(setting.variable.path) > 1 else "every process"


def _write_section(group: str, services: tuple[str, ...], settings: list[Setting]) -> str:
    rows = "\n".join(_write_row(setting.variable) for setting in settings)
    return (
        f"## {group.capitalize()}\n\nRead by {', '.join(services)}.\n\n"
        f"| variable | value | default | meaning |\n|---|---|---|---|\n{rows}\n"
    )


def _write_row(variable: Variable) -> str:
    field = variable.field
    default = "**required**" if field.is_required() else _write_default(field.default)
    kind = f"{_write_type(field.annotation)}{_write_bounds(variable)}"
    if variable.is_secret and "secret" not in kind:
        kind += ", may hold a secret"
    return f"| `{variable.name}` | {kind} | {default} | {field.description} |"


def _write_default(value: object) -> str:
    if value == Path(tempfile.gettempdir()):
        return "the system's temporary folder"
    return f"`{_write_value(value)}`"


def _write_value(value: object) -> str:
    return json.dumps(TypeAdapter(type(value)).dump_python(value, mode="json")).strip('"')


def _write_type(annotation: Any) -> str:  # noqa: ANN401 - an annotation may be anything
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) is tuple:
        return "list"
    parts = get_args(annotation) or (annotation,)
    return " or ".join(_WORDS[part] for part in parts)


def _write_bounds(variable: Variable) -> str:
    """Say which values are allowed, in the order of the field's limits."""
    return "".join(f", {text}" for limit in variable.field.metadata for text in _limits(limit))


def _limits(limit: object) -> Iterator[str]:
    for name, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤")):
        if (value := getattr(limit, name, None)) is not None:
            yield f"{sign} {_write_value(value)}"
    if (least := getattr(limit, "min_length", None)) is not None:
        yield f"at least {least} characters"
