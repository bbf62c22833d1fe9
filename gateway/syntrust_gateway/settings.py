"""Settings of API and orchestrator: the shared ones, and the group `SYNTRUST_GATEWAY__…`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field, IPvAnyNetwork, SecretStr

from syntrust_core.configuration import Environment
from syntrust_core.contracts.vocabulary import GeneratorPrecision, SegmenterPrecision
from syntrust_core.settings import Settings
from syntrust_gateway.auth.quotas import ClientLimits
from syntrust_gateway.experiments.precision import FLOAT32, Precisions

MIN_KEY_CHARACTERS = 32


class GatewayOptions(BaseModel):
    """What an operator may set on API and orchestrator alone."""

    database_url: Annotated[
        str, Field(description="sqlite:///… or postgresql+psycopg://…", repr=False)
    ]
    admin_key: Annotated[
        SecretStr | None,
        Field(
            min_length=MIN_KEY_CHARACTERS,
            description="Makes sure a client `admin` with this key exists when the API starts.",
        ),
    ] = None
    monitor_key: Annotated[
        SecretStr | None,
        Field(
            min_length=MIN_KEY_CHARACTERS,
            description="Makes sure a client `monitor` with this key exists. It opens "
            "`GET /queues` alone, for what scales workers.",
        ),
    ] = None
    max_body_bytes: Annotated[
        int,
        Field(
            gt=0,
            description="Most bytes of a request; 100,000 cases of three regions are about 22 MB.",
        ),
    ] = 32 << 20
    body_timeout: Annotated[
        timedelta, Field(description="A request must have arrived whole within this time.")
    ] = timedelta(seconds=30)
    max_connections: Annotated[
        int, Field(gt=0, description="Open connections; the oldest that waits goes for a new one.")
    ] = 512
    connections_per_address: Annotated[
        int,
        Field(ge=0, description="Of them, those of one IPv4 address or IPv6 /64. 0: any number."),
    ] = 128
    trusted_proxies: Annotated[
        tuple[IPvAnyNetwork, ...],
        Field(
            description="Networks of reverse proxies, whose connections are many callers', and "
            "whose X-Forwarded-For and X-Forwarded-Proto are believed."
        ),
    ] = ()
    head_timeout: Annotated[
        timedelta,
        Field(gt=timedelta(0), description="A request's head must have arrived within this time."),
    ] = timedelta(seconds=10)
    upload_expires: Annotated[
        timedelta,
        Field(
            gt=timedelta(0),
            le=timedelta(days=7),
            description="A PUT must have begun by then; it may take longer. Ask for a new URL.",
        ),
    ] = timedelta(hours=2)
    keep_unnamed: Annotated[
        timedelta,
        Field(
            ge=timedelta(hours=1),
            description="gc leaves files that no manifest names for so long: their step may run.",
        ),
    ] = timedelta(days=1)
    keep_damaged: Annotated[
        timedelta, Field(description="gc leaves what was set aside as damaged for so long.")
    ] = timedelta(days=30)
    keep_unwanted: Annotated[
        timedelta,
        Field(description="gc leaves results that no run, dataset or model has for so long."),
    ] = timedelta(days=30)
    client_running_steps: Annotated[
        int | None, Field(ge=1, description="Steps that a client may have running; null: no limit.")
    ] = None
    client_stored_bytes: Annotated[
        int | None, Field(ge=0, description="Bytes that a client may store; null: no limit.")
    ] = None
    client_requests_per_minute: Annotated[
        int | None,
        Field(ge=1, description="Requests that a client may send a minute; null: no limit."),
    ] = 6000
    idempotency_expires: Annotated[
        timedelta,
        Field(gt=timedelta(0), description="How long a request may be repeated under its key."),
    ] = timedelta(hours=24)

    session_expires: Annotated[
        timedelta,
        Field(
            gt=timedelta(0),
            le=timedelta(days=7),
            description="A browser that was signed in must sign in again after this time.",
        ),
    ] = timedelta(hours=12)
    sign_ins_per_minute: Annotated[
        int,
        Field(ge=1, description="Tries to sign in a minute, of one IPv4 address or IPv6 /64."),
    ] = 30

    generator_precision: Annotated[
        GeneratorPrecision,
        Field(
            description="Of twins and of generators' trainings that name none, written into their "
            "requests: fp32, tf32 (GPU alone) or bf16, as `syntrust-generator tune` advises."
        ),
    ] = FLOAT32.generator
    segmenter_precision: Annotated[
        SegmenterPrecision,
        Field(
            description="Of segmenters' trainings that name none, written into their requests: "
            "float32 or bfloat16, as `syntrust-segmenter tune` advises."
        ),
    ] = FLOAT32.segmenter

    @property
    def precisions(self) -> Precisions:
        """The precisions of this installation."""
        return Precisions(self.generator_precision, self.segmenter_precision)

    @property
    def client_limits(self) -> ClientLimits:
        """What a client may use that has no limits of its own."""
        return ClientLimits(
            self.client_running_steps, self.client_stored_bytes, self.client_requests_per_minute
        )


class GatewaySettings(Settings):
    """All settings of API and orchestrator."""

    gateway: GatewayOptions


class DatabaseSettings(Environment):
    """The part of them for commands that use the database alone, and need no other secret."""

    also_known: ClassVar[tuple[type[Environment], ...]] = (Settings,)

    gateway: GatewayOptions
