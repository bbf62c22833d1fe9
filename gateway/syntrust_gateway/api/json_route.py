"""Routes: parameters and JSON are read strictly, in one place, never long on the event loop."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Annotated, Any, Final

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from syntrust_core.errors import InvalidRequest
from syntrust_gateway.api.dependencies import parse_media_type
from syntrust_gateway.api.problems import MOST_ERRORS
from syntrust_gateway.errors import FieldError, InvalidFields, pointer
from syntrust_gateway.strict_json import read_body

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

# To read and validate this much takes about a millisecond, during which nobody else is answered.
_SMALL_BYTES: Final = 32 << 10
# Each holds the interpreter for milliseconds at a time, so that more would only delay all others.
_READERS: Final = ThreadPoolExecutor(2, thread_name_prefix="body")


class PlainRoute(APIRoute):
    """A route that refuses a query parameter which it does not know."""

    def get_route_handler(self) -> Handler:
        handle = self._reading(super().get_route_handler())

        async def check_then_handle(request: Request) -> Response:
            if request.scope["query_string"]:
                _require_known(list(request.query_params), self._parameters)
            return await handle(request)

        return check_then_handle

    def _reading(self, handle: Handler) -> Handler:
        """Read the body for `handle`, if FastAPI is not to read it by itself."""
        return handle

    @cached_property
    def _parameters(self) -> list[str]:
        return list(dict.fromkeys(_query_parameters(self.dependant)))


class JsonRoute(PlainRoute):
    """A route whose JSON body is read by `strict_json` and validated before FastAPI sees it.

    FastAPI takes a model that is made already as it is.
    """

    def _reading(self, handle: Handler) -> Handler:
        if self.body_field is None:
            return handle

        async def read_then_handle(request: Request) -> Response:
            body = await request.body()
            kind = parse_media_type(request.headers.get("content-type"))
            if not body or kind != "application/json":
                return await handle(request)
            read = _Read(request.scope, request.receive)
            read.content, read.found = body, await self._read(body)
            return await handle(read)

        return read_then_handle

    async def _read(self, body: bytes) -> object:
        if len(body) <= _SMALL_BYTES:
            return self._validate(body)
        return await get_running_loop().run_in_executor(_READERS, self._validate, body)

    def _validate(self, body: bytes) -> object:
        found = read_body(body)
        try:
            return self._model.validate_python(found)
        except ValidationError as error:
            raise _refusal(error, found) from error

    @cached_property
    def _model(self) -> TypeAdapter[Any]:
        assert self.body_field is not None  # noqa: S101 - else there is nothing to validate
        field = self.body_field.field_info
        body: Any = field.annotation
        # What tells the members of a union apart lies beside it.
        return TypeAdapter(Annotated[body, *field.metadata] if field.metadata else body)


def _query_parameters(dependant: Dependant) -> Iterator[str]:
    yield from (each.alias for each in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _query_parameters(inner)


def _require_known(given: Sequence[str], known: Sequence[str]) -> None:
    """Refuse parameters of a misspelt name: without them the answer would be another one."""
    there = f"there are {', '.join(known)}" if known else "this path takes none"
    unknown = [
        FieldError(pointer("query", name), f"There is no query parameter {name}; {there}.")
        for name in dict.fromkeys(given)
        if name not in known
    ]
    if unknown:
        raise InvalidFields(unknown[0].detail, unknown)


def _refusal(error: ValidationError, body: object) -> Exception:
    """Say what is wrong in a body; of one that is wrong throughout, only how much."""
    count = error.error_count()
    if count > MOST_ERRORS:
        return InvalidRequest(
            f"{count} fields of the body are wrong, too many to list; /docs tells its form."
        )
    fields = error.errors(include_url=False)
    return RequestValidationError(
        [{**each, "loc": ("body", *each["loc"])} for each in fields], body=body
    )


class _Read(Request):
    """A request whose body has been read and validated."""

    content: bytes
    found: object

    async def body(self) -> bytes:
        return self.content

    async def json(self) -> object:
        return self.found
