"""The query `?limit=&cursor=` of every list."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from syntrust_gateway.api.patterns import PLAIN
from syntrust_gateway.auth.access import MAX_LIMIT, PageQuery

NameQuery = Annotated[
    str | None, Query(max_length=200, pattern=PLAIN, description="The exact name.")
]
TagQuery = Annotated[
    str | None, Query(max_length=50, pattern=PLAIN, description="One of the tags, exactly.")
]


async def _page_query(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> PageQuery:
    return PageQuery(limit, cursor)


PageDep = Annotated[PageQuery, Depends(_page_query)]
