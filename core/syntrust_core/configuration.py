"""Reading settings at the start of a process: from `SYNTRUST_…` variables, and none but those.

A variable with our prefix that no setting has is refused, because a mistyped name would leave its
setting at the default in silence. A secret may be in a file: `<variable>_FILE` names it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from syntrust_core.errors import InvalidConfiguration

PREFIX: Final = "SYNTRUST_"
DELIMITER: Final = "__"
FILE: Final = "_FILE"
SERVICES: Final = frozenset({"gateway", "generator", "segmenter"})
"""Services with settings of their own; one environment may hold those of several services."""
CLIENT: Final = frozenset({f"{PREFIX}{name}" for name in ("URL", "KEY", "KEY_FILE", "TRACEBACK")})
"""Variables of the client, which a machine may have beside a service's."""
EXIT_CODE: Final = 78  # EX_CONFIG of sysexits.h: no new start would help


class Variable(NamedTuple):
    """One setting: the variable that sets it, its place in the settings, and its field."""

    name: str
    path: tuple[str, ...]
    field: FieldInfo

    @property
    def is_secret(self) -> bool:
        """Whether it may hold a secret, and so may be given in a file."""
        return not self.field.repr or SecretStr in (self.field.annotation, *_members(self.field))


class Environment(BaseSettings):
    """What is read from variables, and secrets from the files that variables name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        extra="ignore",
        env_ignore_empty=True,  # Compose gives what is left out as an empty text
        hide_input_in_errors=True,  # an error of one field would print the keys beside it
    )
    also_known: ClassVar[tuple[type[Environment], ...]] = ()
    """Settings that may be there too, though this process reads none of them."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _SecretFiles(settings_cls)


AnySettings = TypeVar("AnySettings", bound=Environment)


def read_at_start(kind: type[AnySettings]) -> AnySettings:
    """Read the settings in an entry point. A mistake prints one sentence and ends with code 78."""
    try:
        return read_settings(kind)
    except InvalidConfiguration as error:
        sys.stderr.write(f"{error.detail}\n")
        raise SystemExit(EXIT_CODE) from None


def read_settings(kind: type[AnySettings]) -> AnySettings:
    """Read the settings of this process.

    Raises
    ------
    InvalidConfiguration
        A variable is unknown, missing or wrong. The detail names it, and never its value.
    """
    refuse_unknown(os.environ, kind, *kind.also_known)
    try:
        return kind()
    except ValidationError as error:
        raise InvalidConfiguration(_describe(error, kind)) from None
    except SettingsError as error:
        raise InvalidConfiguration(f"The settings cannot be read: {error}.") from None


def refuse_unknown(environment: Mapping[str, str], *kinds: type[Environment]) -> None:
    """Raise `InvalidConfiguration` if a variable with our prefix sets nothing in `kinds`.

    Those of services that are not in `kinds` are left to them.
    """
    known = CLIENT.union(*(_names(kind) for kind in kinds))
    groups = {variable.path[0] for kind in kinds for variable in variables_of(kind)}
    others = tuple(f"{PREFIX}{name.upper()}{DELIMITER}" for name in SERVICES - groups)
    ours = sorted(name for name in map(str.upper, environment) if name.startswith(PREFIX))
    unknown = [name for name in ours if name not in known and not name.startswith(others)]
    if unknown:
        named = "; ".join(f"{name}, nearest is {_nearest(name, known)}" for name in unknown)
        raise InvalidConfiguration(f"There is no setting of this name: {named}.")


def variables_of(kind: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Variable]:
    """Give every variable that `kind` reads, in the order of its fields."""
    for name, field in kind.model_fields.items():
        below = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from variables_of(field.annotation, below)
        else:
            yield Variable(_name(below), below, field)


def _names(kind: type[BaseModel]) -> set[str]:
    """Give all names that set something: of settings, of files, and of whole groups as JSON."""
    variables = list(variables_of(kind))
    files = {f"{variable.name}{FILE}" for variable in variables if variable.is_secret}
    groups = {_name(variable.path[:1]) for variable in variables}
    return {variable.name for variable in variables} | files | groups


def _name(path: tuple[str, ...]) -> str:
    return f"{PREFIX}{DELIMITER.join(path)}".upper()


def _members(field: FieldInfo) -> tuple[Any, ...]:
    """Give the types that a union like `SecretStr | None` is made of."""
    return getattr(field.annotation, "__args__", ())


def _nearest(name: str, known: frozenset[str]) -> str:
    return get_close_matches(name, sorted(known), n=1, cutoff=0.0)[0]


def _describe(error: ValidationError, kind: type[BaseModel]) -> str:
    """Put what is wrong into one sentence that names variables and no values."""
    missing: list[str] = []
    wrong: list[str] = []
    for each in error.errors(include_input=False, include_context=False, include_url=False):
        place = tuple(str(part) for part in each["loc"])
        if each["type"] == "missing":
            missing += _required(kind, place)
        else:
            wrong.append(f"{_name(_known_part(kind, place))}: {each['msg']}")
    parts = [f"missing {', '.join(missing)}"] if missing else []
    return f"The settings cannot be used: {'; '.join([*parts, *wrong])}."


def _required(kind: type[BaseModel], place: tuple[str, ...]) -> list[str]:
    """Name the variables below `place` that have no default."""
    below = (each for each in variables_of(kind) if each.path[: len(place)] == place)
    return [each.name for each in below if each.field.is_required()]


def _known_part(kind: type[BaseModel], place: tuple[str, ...]) -> tuple[str, ...]:
    """Cut what lies inside a setting, as the number of a list's entry."""
    paths = [variable.path for variable in variables_of(kind)]
    return next((path for path in paths if place[: len(path)] == path), place)


class _SecretFiles(PydanticBaseSettingsSource):
    """The contents of the files that `<variable>_FILE` names, without the end of their line."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError  # all fields are read at once

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        given = {name.upper(): value for name, value in os.environ.items()}
        for variable in variables_of(self.settings_cls):
            file = given.get(f"{variable.name}{FILE}") if variable.is_secret else None
            if not file:
                continue
            if given.get(variable.name):
                raise InvalidConfiguration(
                    f"Set {variable.name} or {variable.name}{FILE}, not both."
                )
            group = found
            for name in variable.path[:-1]:
                group = group.setdefault(name, {})
            group[variable.path[-1]] = _read_secret(f"{variable.name}{FILE}", Path(file))
        return found


def _read_secret(name: str, file: Path) -> str:
    try:
        return file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InvalidConfiguration(f"{name} names a file that cannot be read: {reason}.") from None
