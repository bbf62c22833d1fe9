"""The application: its routes, its middleware, its page and that of its documentation."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from fastapi.telemetry import TelemetryConfig
from starlette.responses import HTMLResponse

from syntrust_core.errors import Forbidden, Unauthenticated
from syntrust_gateway.admin import routes as admin
from syntrust_gateway.api import problems
from syntrust_gateway.api.conditional import Conditional
from syntrust_gateway.api.incoming.head import HeadRequests
from syntrust_gateway.api.middleware import Gate, Outermost
from syntrust_gateway.api.openapi import complete
from syntrust_gateway.api.repetition.answer_store import AnswerStore
from syntrust_gateway.api.repetition.idempotency import Idempotency
from syntrust_gateway.comparisons import routes as comparisons
from syntrust_gateway.container import Container
from syntrust_gateway.datasets import routes as datasets
from syntrust_gateway.experiments import routes as experiments
from syntrust_gateway.experiments.answers import routes as answers
from syntrust_gateway.experiments.images import routes as images
from syntrust_gateway.experiments.live import routes as live
from syntrust_gateway.jobs import routes as jobs
from syntrust_gateway.lifecycle import routes as lifecycle
from syntrust_gateway.models import routes as models
from syntrust_gateway.observability import routes as observability
from syntrust_gateway.observability.health import Health
from syntrust_gateway.observability.prometheus import Metrics
from syntrust_gateway.planning import routes as planning
from syntrust_gateway.sessions import routes as sessions
from syntrust_gateway.trust_score import routes as trust_score
from syntrust_gateway.trust_score.service import ScorerPool
from syntrust_gateway.uploads import routes as uploads
from syntrust_gateway.web import routes as web

DESCRIPTION = """\
How far can synthetic medical images be trusted? Register a dataset, ask for an experiment with a
list of α (the share of real data in training), and get the trust factors with their intervals.

Long work answers 202 with a `Location` to watch. Errors are `application/problem+json` (RFC 9457).
**Research use only.**
"""
_ASSETS = Path(fastapi_offline.__file__).parent / "static"
# FastAPI's own spans hold the path, which may name a patient. `api.middleware` makes ours.
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "auto_configure": False,
    "tracing": False,
    "metrics": False,
    "logs": False,
}
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'"
)


class _Api(FastAPI):
    """Document what no route declares. As a declaration it would cost time."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = complete(super().openapi())
        return self.openapi_schema


def create_app(container: Container, scorers: ScorerPool, *, page: Path = web.BUILT) -> FastAPI:
    """Build the REST API on its collaborators and the processes that answer trust scores.

    It makes no client and reads no setting. `page` is the folder of the built page.
    """
    app = _with_routes()
    app.state.container = container
    app.state.scorers = scorers
    app.state.metrics = Metrics(container)
    app.state.health = Health(container)
    _add_docs(app)
    web.install(app, page, container.store_origin)
    problems.install(app)
    # The last one that is added sees a request first.
    app.add_middleware(Conditional)
    answers = AnswerStore(container.write, container.idempotency_expires)
    app.add_middleware(Idempotency, store=answers)
    app.add_middleware(Gate, container=container)
    app.add_middleware(HeadRequests)
    app.add_middleware(Outermost, metrics=app.state.metrics)
    return app


def openapi_document() -> dict[str, Any]:
    """Give what `/openapi.json` answers, without any collaborator."""
    return _with_routes().openapi()


def _with_routes() -> FastAPI:
    app = _Api(
        title="SynTrust",
        version=version("syntrust-gateway"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        telemetry=_NO_TELEMETRY,
    )
    # Routes are tried in this order. Only trust scores come many times a second.
    for router in (
        trust_score.router,
        datasets.router,
        experiments.router,
        images.router,
        live.router,
        answers.router,
        planning.router,
        comparisons.router,
        uploads.router,
        jobs.router,
        jobs.model_router,
        models.router,
        lifecycle.router,
        observability.metrics,
        admin.router,
        sessions.router,
    ):
        responses = problems.documented(Unauthenticated, Forbidden) | problems.LIMITED
        app.include_router(router, responses=responses)
    app.include_router(observability.health, responses=problems.ANY_OTHER)
    return app


def _add_docs(app: FastAPI) -> None:
    """Serve `/docs` from files of this machine, because hospital networks reach no CDN."""
    app.mount("/docs/assets", StaticFiles(directory=_ASSETS), name="docs-assets")

    async def docs(request: Request) -> HTMLResponse:
        root: Any = request.scope.get("root_path", "")
        page = get_swagger_ui_html(
            openapi_url=f"{root}/openapi.json",
            title=f"{app.title}: API",
            swagger_js_url=f"{root}/docs/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/docs/assets/swagger-ui.css",
            swagger_favicon_url=f"{root}/docs/assets/favicon.png",
        )
        page.headers["Content-Security-Policy"] = _DOCS_POLICY
        return page

    app.add_api_route("/docs", docs, include_in_schema=False)
