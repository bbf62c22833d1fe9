"""The settings in which experiments differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from syntrust_metrics.comparison.schema import Setting, SettingValue
from syntrust_metrics.trust.request.errors import pointer

LONGEST_LIST: Final = 12


def find_differences(specs: Sequence[Mapping[str, Any]]) -> list[Setting]:
    """List every setting that is not the same in all specs, by its JSON pointer."""
    flat = [dict(_flatten(spec)) for spec in specs]
    names = dict.fromkeys(name for each in flat for name in each)
    rows = ((name, [each.get(name) for each in flat]) for name in names)
    return [
        {"setting": name, "values": [_shorten(value, values[0]) for value in values]}
        for name, values in rows
        if any(value != values[0] for value in values)
    ]


def _flatten(node: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, value in node.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, (*path, name))
        else:
            yield pointer(*path, name), value


def _shorten(value: Any, first: Any) -> SettingValue:  # noqa: ANN401 - any JSON value
    """Tell a long list, as of cases, by its length and by what the first one lacks."""
    if not isinstance(value, list) or len(value) <= LONGEST_LIST:
        kept: SettingValue = value
        return kept
    new = len(set(value) - set(first)) if isinstance(first, list) else len(value)
    return f"{len(value)} entries, {new} of them not in the first"
