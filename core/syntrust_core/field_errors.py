"""What is wrong with a field, in our words: no sentence of pydantic reaches a caller.

Pydantic says which kind of error it is and what would be right (`ctx`). Each kind that a document
can have is in one table; whatever else there may be gets a sentence that is true of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

ANY_OTHER: Final = "This value cannot be used here."
_OBJECT: Final = "Give an object, {{…}}."
_LIST: Final = "Give a list, […]."
_NUMBER: Final = "Give a number."
_WHOLE: Final = "Give a whole number."
_TRUTH: Final = "Give true or false."
_TEXT: Final = "Give a text."
_TIME: Final = "Give a time with its time zone, as 2026-11-29T10:00:00Z."
_DATE: Final = "Give a date, as 2026-11-29."
_DURATION: Final = "Give a time span as seconds, or as PT2H30M."

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "This field is missing.",
        "extra_forbidden": "There is no such field; leave it out.",
        "invalid_key": "Give the names of fields as texts.",
        "recursion_loop": "The value contains itself.",
        "recursion_depth_exceeded": "The value is nested too deeply.",
        "json_invalid": "This is not JSON: {error}.",
        "json_type": _TEXT,
        "none_required": "Give null.",
        "greater_than": "Give more than {gt}.",
        "greater_than_equal": "Give at least {ge}.",
        "less_than": "Give less than {lt}.",
        "less_than_equal": "Give at most {le}.",
        "multiple_of": "Give a multiple of {multiple_of}.",
        "finite_number": "Give a number that is finite.",
        "too_short": "Give at least {min_length} of them, not {actual_length}.",
        "too_long": "Give at most {max_length} of them.",
        "string_too_short": "Give a text of at least {min_length} characters.",
        "string_too_long": "Give a text of at most {max_length} characters.",
        "string_pattern_mismatch": "Give a text of the form {pattern}.",
        "string_not_ascii": "Give a text of plain ASCII characters.",
        "string_type": _TEXT,
        "string_unicode": "Give a text in UTF-8.",
        "enum": "Give one of {expected}.",
        "literal_error": "Give one of {expected}.",
        "union_tag_invalid": "Give one of {expected_tags} as {discriminator}.",
        "union_tag_not_found": "Say with {discriminator} what it is.",
        "model_type": _OBJECT,
        "model_attributes_type": _OBJECT,
        "dataclass_type": _OBJECT,
        "dict_type": _OBJECT,
        "mapping_type": _OBJECT,
        "arguments_type": _OBJECT,
        "named_tuple_type": _LIST,
        "list_type": _LIST,
        "tuple_type": _LIST,
        "set_type": _LIST,
        "frozen_set_type": _LIST,
        "iterable_type": _LIST,
        "deque_type": _LIST,
        "bool_type": _TRUTH,
        "bool_parsing": _TRUTH,
        "int_type": _WHOLE,
        "int_parsing": _WHOLE,
        "int_from_float": _WHOLE,
        "int_parsing_size": "Give a whole number that 64 bits hold.",
        "float_type": _NUMBER,
        "float_parsing": _NUMBER,
        "decimal_type": _NUMBER,
        "decimal_parsing": _NUMBER,
        "decimal_max_digits": "Give a number of at most {max_digits} digits.",
        "decimal_max_places": "Give a number of at most {decimal_places} decimal places.",
        "bytes_type": _TEXT,
        "bytes_too_short": "Give at least {min_length} bytes.",
        "bytes_too_long": "Give at most {max_length} bytes.",
        "bytes_invalid_encoding": "Give bytes that are {encoding}.",
        "date_type": _DATE,
        "date_parsing": _DATE,
        "date_from_datetime_parsing": _DATE,
        "date_from_datetime_inexact": _DATE,
        "date_past": "Give a date in the past.",
        "date_future": "Give a date in the future.",
        "time_type": "Give a time of the day, as 10:00:00.",
        "time_parsing": "Give a time of the day, as 10:00:00.",
        "datetime_type": _TIME,
        "datetime_parsing": _TIME,
        "datetime_object_invalid": _TIME,
        "datetime_from_date_parsing": _TIME,
        "datetime_past": "Give a time in the past.",
        "datetime_future": "Give a time in the future.",
        "timezone_naive": "Give a time without a time zone.",
        "timezone_aware": _TIME,
        "timezone_offset": _TIME,
        "time_delta_type": _DURATION,
        "time_delta_parsing": _DURATION,
        "url_type": "Give a URL, as https://example.org.",
        "url_parsing": "Give a URL, as https://example.org.",
        "url_syntax_violation": "Give a URL, as https://example.org.",
        "url_too_long": "Give a URL of at most {max_length} characters.",
        "url_scheme": "Give a URL that begins with {expected_schemes}.",
        "uuid_type": "Give a UUID.",
        "uuid_parsing": "Give a UUID.",
        "uuid_version": "Give a UUID of version {expected_version}.",
    }
)


def describe_field(error: Mapping[str, Any], patterns: Mapping[str, str] | None = None) -> str:
    """Say what would be right for a field that pydantic refused.

    Parameters
    ----------
    error : mapping
        One of `ValidationError.errors()`: its `type`, and `ctx` if it has one. A `reason` in `ctx`
        is a sentence of ours.
    patterns : mapping of str to str, optional
        The sentence for each regular expression that a text may have to match.
    """
    kind, context = error["type"], dict(error.get("ctx") or {})
    if "reason" in context:
        return _as_sentence(str(context["reason"]))
    if kind in {"value_error", "assertion_error"}:
        return _as_sentence(str(context.get("error", ANY_OTHER)))
    if kind == "string_pattern_mismatch" and context.get("pattern") in (patterns or {}):
        return (patterns or {})[context["pattern"]]
    if kind == "too_short" and not context.get("actual_length"):
        return f"Give at least {context.get('min_length', 1)}; there is none."
    try:
        return SENTENCES.get(kind, ANY_OTHER).format(**context)
    except LookupError:
        return ANY_OTHER


def _as_sentence(text: str) -> str:
    """Write what a check of ours says as a sentence."""
    if not text:
        return ANY_OTHER
    ended = text if text.endswith((".", "!", "?", "…")) else f"{text}."
    return ended[0].upper() + ended[1:]
