"""The API as a process: its collaborators on real servers, under uvicorn."""

from __future__ import annotations

import gc
from typing import Any

import uvicorn

from syntrust_core import log as structured_log
from syntrust_core.errors import StoreUnavailable
from syntrust_core.log import get_logger
from syntrust_core.observability import tracing
from syntrust_core.runtime.coordination import RedisCoordinator
from syntrust_core.storage.s3 import S3Store
from syntrust_gateway.api.connections import ConnectionLimits, guarded_protocol
from syntrust_gateway.app import create_app
from syntrust_gateway.auth import keys
from syntrust_gateway.container import Container
from syntrust_gateway.db.session import make_engine, read_factory, session_factory
from syntrust_gateway.settings import GatewayOptions, GatewaySettings
from syntrust_gateway.trust_score.service import ScorerPool
from syntrust_gateway.web.policy import origin_of

log = get_logger(__name__)

GRACE_S = 20


def serve(settings: GatewaySettings, host: str, port: int) -> None:
    """Serve the REST API until SIGTERM or SIGINT."""
    structured_log.configure(settings.log_format)
    tracing.configure("syntrust-gateway", settings.tracing)
    container = make_container(settings)
    scorers = ScorerPool()
    app = create_app(container, scorers)
    scorers.start()
    # What exists now lives on, so garbage collections need not walk through it again.
    gc.freeze()
    uvicorn.run(app, host=host, port=port, **server_options(settings.gateway))
    scorers.close()


def server_options(gateway: GatewayOptions) -> dict[str, Any]:
    """How uvicorn serves: what it logs, what it waits for and how much it takes at once."""
    limits = ConnectionLimits(
        most=gateway.max_connections,
        per_address=gateway.connections_per_address,
        head_timeout_s=gateway.head_timeout.total_seconds(),
        proxies=gateway.trusted_proxies,
    )
    return {
        "http": guarded_protocol(limits),
        "ws": "none",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        # A new connection for which none has to go is one too many: its request gets 503.
        "limit_concurrency": gateway.max_connections + 1,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": GRACE_S,
        "h11_max_incomplete_event_size": 64 << 10,
        **_forwarded(gateway),
    }


def _forwarded(gateway: GatewayOptions) -> dict[str, Any]:
    """Believe those proxies alone what they forward: the caller's address, and whether by TLS."""
    if not gateway.trusted_proxies:
        return {}  # uvicorn's own: a proxy on this machine, or FORWARDED_ALLOW_IPS
    return {"forwarded_allow_ips": [str(network) for network in gateway.trusted_proxies]}


def make_container(settings: GatewaySettings) -> Container:
    """Make the API's collaborators on real servers, and make sure of bucket and set keys."""
    gateway = settings.gateway
    engine = make_engine(gateway.database_url)
    write = session_factory(engine)
    for key, ensure in (
        (gateway.admin_key, keys.ensure_admin),
        (gateway.monitor_key, keys.ensure_monitor),
    ):
        if key is not None:
            with write.begin() as session:
                ensure(session, key.get_secret_value())
    store = S3Store(settings.storage)
    try:
        store.ensure_bucket()
        store.set_browser_origins()
    except StoreUnavailable as error:
        # Scores need no store, and the workers make sure of the bucket as well.
        log.warning("gateway.store_away", reason=error.detail)
    return Container(
        write=write,
        read=read_factory(engine),
        store=store,
        coordinator=RedisCoordinator.at(settings.queue.url),
        max_body_bytes=gateway.max_body_bytes,
        body_timeout=gateway.body_timeout,
        upload_expires=gateway.upload_expires,
        limits=gateway.client_limits,
        rates_url=settings.queue.url,
        idempotency_expires=gateway.idempotency_expires,
        session_expires=gateway.session_expires,
        sign_ins_per_minute=gateway.sign_ins_per_minute,
        precisions=gateway.precisions,
        store_origin=origin_of(settings.storage.public_endpoint or settings.storage.endpoint),
    )
