"""The routes of `/admin`. Each needs an admin's key of the scope `admin`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response, status

from syntrust_core.errors import Conflict, InvalidRequest, NotFound, QueueUnavailable
from syntrust_gateway.admin import clients
from syntrust_gateway.admin.audit import AuditFilter, list_audit
from syntrust_gateway.admin.schemas import (
    AuditPage,
    ClientBody,
    ClientPage,
    Expiry,
    IssuedKeyBody,
    KeyBody,
    KeyPage,
    LimitsChange,
    NewApiKey,
    NewClient,
    NewClientBody,
    Rotation,
    Usage,
    Workers,
)
from syntrust_gateway.admin.usage import get_usage
from syntrust_gateway.admin.workers import list_workers
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep, json_only
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.pagination import PageDep
from syntrust_gateway.api.patterns import PLAIN
from syntrust_gateway.api.problems import documented
from syntrust_gateway.api.schemas import Instant
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.db.auth_tables import Scope
from syntrust_gateway.errors import ChangedMeanwhile, UnsupportedMediaType


async def _admin(caller: CallerDep) -> Caller:
    # The middleware has asked for the scope already. Here no path can be mistaken for another.
    caller.require_scope(Scope.ADMIN)
    caller.require_admin()
    return caller


AdminDep = Annotated[Caller, Depends(_admin)]
ClientId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Since = Annotated[Instant | None, Query(description="With its time zone.")]
Until = Annotated[Instant | None, Query(description="With its time zone; not included.")]
Name = Annotated[str | None, Query(max_length=200, pattern=PLAIN)]


async def _audit_filter(
    client: Name = None,
    action: Annotated[
        str | None, Query(max_length=60, description="An action, or a group of them, as `key`.")
    ] = None,
    target: Annotated[
        str | None, Query(max_length=300, description="An id, with all that lies below it.")
    ] = None,
    since: Since = None,
    until: Until = None,
) -> AuditFilter:
    return AuditFilter(client, action, target, since, until)


AuditFilterDep = Annotated[AuditFilter, Depends(_audit_filter)]
router = APIRouter(
    prefix="/admin", tags=["admin"], dependencies=[Depends(_admin)], route_class=JsonRoute
)
_JSON = [Depends(json_only)]
_POSTED = documented(InvalidRequest, UnsupportedMediaType)


@router.post(
    "/clients",
    summary="Add a client and its first key",
    status_code=status.HTTP_201_CREATED,
    dependencies=_JSON,
    responses=_POSTED | documented(Conflict),
)
def create_client(
    request: NewClient, response: Response, container: ContainerDep, admin: AdminDep
) -> NewClientBody:
    """Shows the key this once. Nobody can read it later."""
    with container.write.begin() as session:
        client = clients.create_client(session, admin, request)
    response.headers["Location"] = f"/admin/clients/{client.id}"
    return client


@router.get("/clients", summary="List clients, newest first", responses=documented(InvalidRequest))
def list_clients(container: ContainerDep, query: PageDep) -> ClientPage:
    """Lists clients with their limits. A limit that is null is the installation's."""
    with container.read() as session:
        return clients.list_clients(session, query)


@router.get(
    "/clients/{client_id}",
    summary="Get a client and its limits",
    responses=documented(NotFound, InvalidRequest),
)
def get_client(client_id: ClientId, container: ContainerDep) -> ClientBody:
    """A limit that is null is the installation's."""
    with container.read() as session:
        return clients.get_client(session, client_id)


@router.patch(
    "/clients/{client_id}",
    summary="Change a client's limits",
    dependencies=_JSON,
    responses=_POSTED | documented(NotFound, ChangedMeanwhile),
)
def change_client(
    client_id: ClientId, request: LimitsChange, container: ContainerDep, admin: AdminDep
) -> ClientBody:
    """Limits steps that run at once, stored bytes, and requests a minute. In force at once."""
    with container.write.begin() as session:
        return clients.change_limits(session, admin, client_id, request)


@router.post(
    "/keys",
    summary="Create a key for a client",
    status_code=status.HTTP_201_CREATED,
    dependencies=_JSON,
    responses=_POSTED,
)
def create_key(
    request: NewApiKey, response: Response, container: ContainerDep, admin: AdminDep
) -> IssuedKeyBody:
    """Shows the key this once. Nobody can read it later.

    Scopes: `score` opens the trust score and its definitions, `run` all work of the client, `admin`
    what only admins may do.
    """
    with container.write.begin() as session:
        key = clients.create_key(session, admin, request)
    response.headers["Location"] = f"/admin/keys/{key.id}"
    return key


@router.get("/keys", summary="List keys, newest first", responses=documented(InvalidRequest))
def list_keys(container: ContainerDep, query: PageDep, client: Name = None) -> KeyPage:
    """Tells whose the keys are, what they open and until when; never the keys themselves."""
    with container.read() as session:
        return clients.list_keys(session, client, query)


@router.get("/keys/{key_id}", summary="Get what is known of a key", responses=documented(NotFound))
def get_key(key_id: str, container: ContainerDep) -> KeyBody:
    """Tells whose it is, what it opens and until when; never the key itself."""
    with container.read() as session:
        return clients.get_key(session, key_id)


@router.post(
    "/keys/{key_id}/rotate",
    summary="Replace a key by a new one",
    status_code=status.HTTP_201_CREATED,
    responses=_POSTED | documented(NotFound, Conflict, ChangedMeanwhile),
)
def rotate_key(
    key_id: str,
    response: Response,
    container: ContainerDep,
    admin: AdminDep,
    request: Rotation | None = None,
) -> IssuedKeyBody:
    """The new key is good at once, the old one for `overlap_seconds` more: 0 if none are named."""
    with container.write.begin() as session:
        key = clients.rotate_key(session, admin, key_id, request or Rotation())
    response.headers["Location"] = f"/admin/keys/{key.id}"
    return key


@router.post(
    "/keys/{key_id}/expire",
    summary="Set when a key expires",
    dependencies=_JSON,
    responses=_POSTED | documented(NotFound, Conflict, ChangedMeanwhile),
)
def expire_key(key_id: str, request: Expiry, container: ContainerDep, admin: AdminDep) -> KeyBody:
    """A time that has passed ends the key at the next request, on every process."""
    with container.write.begin() as session:
        return clients.expire_key(session, admin, key_id, request)


@router.delete(
    "/keys/{key_id}",
    summary="Revoke a key",
    responses=documented(NotFound, ChangedMeanwhile),
)
def revoke_key(key_id: str, container: ContainerDep, admin: AdminDep) -> KeyBody:
    """Ends the key for ever: it is refused from the next request on, on every process."""
    with container.write.begin() as session:
        return clients.revoke_key(session, admin, key_id)


@router.get(
    "/workers",
    summary="List workers and what they compute",
    responses=documented(QueueUnavailable),
)
def get_workers(container: ContainerDep) -> Workers:
    """Lists the workers that gave a sign of life within 45 seconds, each with its running steps."""
    with container.read() as session:
        return list_workers(session, container.coordinator)


@router.get(
    "/usage",
    summary="Get what each client stores and has computed",
    responses=documented(InvalidRequest),
)
def get_client_usage(container: ContainerDep, since: Since = None, until: Until = None) -> Usage:
    """Bytes are those of now; steps and device hours those of steps done within the time.

    A step that several clients want is computed once, and charged to the one who asked first.
    """
    with container.read() as session:
        return get_usage(session, since, until)


@router.get(
    "/audit", summary="List who changed what, newest first", responses=documented(InvalidRequest)
)
def get_audit(container: ContainerDep, query: PageDep, wanted: AuditFilterDep) -> AuditPage:
    """Lists changes by time; filters are joined by and."""
    with container.read() as session:
        return list_audit(session, wanted, query)
