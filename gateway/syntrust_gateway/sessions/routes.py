"""The routes of `/session`."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response, status

from syntrust_core.errors import InvalidRequest, Unauthenticated
from syntrust_gateway.api.dependencies import (
    CallerDep,
    ContainerDep,
    SessionTokenDep,
    json_only,
)
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.problems import documented
from syntrust_gateway.auth import sessions
from syntrust_gateway.auth.service import authenticate
from syntrust_gateway.db.tables import utc_now
from syntrust_gateway.errors import CsrfRefused, ForeignPage, UnsupportedMediaType
from syntrust_gateway.sessions.schemas import SessionBody, SignIn

router = APIRouter(prefix="/session", tags=["session"], route_class=JsonRoute)


@router.post(
    "",
    summary="Sign in a browser with an API key",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(json_only)],
    responses=documented(InvalidRequest, UnsupportedMediaType, Unauthenticated, ForeignPage),
)
def create_session(
    request: SignIn, http: Request, response: Response, container: ContainerDep
) -> SessionBody:
    """Sets a cookie that stands for the key, with its scope, until the session or the key ends.

    A script needs none of it: it sends its key with each request.
    """
    key = request.key.get_secret_value().strip()
    # A stranger with a wrong key must not make anybody wait for the database's one writer.
    with container.read() as session:
        authenticate(session, key)
    with container.write.begin() as session:
        started = sessions.start(session, key, container.session_expires)
    response.set_cookie(
        sessions.COOKIE,
        started.token,
        max_age=int((started.expires - utc_now()).total_seconds()),
        path=_path(http),
        secure=http.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return _body(started)


@router.get("", summary="Get who is signed in", responses=documented(Unauthenticated))
def get_session(caller: CallerDep, token: SessionTokenDep, container: ContainerDep) -> SessionBody:
    """Tells of the session whose cookie is sent; 401 if there is none."""
    with container.read() as session:
        return _body(sessions.find(session, caller, token))


@router.delete(
    "",
    summary="Sign out",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(Unauthenticated, CsrfRefused, ForeignPage),
)
def delete_session(
    caller: CallerDep,
    token: SessionTokenDep,
    http: Request,
    response: Response,
    container: ContainerDep,
) -> None:
    """Ends the session on every process of the gateway, and removes the cookie."""
    with container.write.begin() as session:
        sessions.end(session, caller, token)
    response.delete_cookie(
        sessions.COOKIE,
        path=_path(http),
        secure=http.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _body(current: sessions.CurrentSession) -> SessionBody:
    return SessionBody(
        client=current.caller.name,
        role=current.caller.role,
        scope=current.caller.scope,
        csrf_token=sessions.csrf_token(current.token),
        expires=current.expires,
    )


def _path(request: Request) -> str:
    return str(request.scope.get("root_path", "")) or "/"
