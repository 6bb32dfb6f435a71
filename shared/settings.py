"""The settings of the functions: environment variables that the template sets, validated on first use."""

from __future__ import annotations

import json
import os
from functools import cache
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from shared.domain.alerts import Language
from shared.domain.errors import PermanentError
from shared.domain.sign_in import PUBLISHED_KEY_ALGORITHMS, SHARED_SECRET_ALGORITHM

# A function uses two or three of these. Building the others too would cost each cold start ten milliseconds.
_READ_AT_FIRST_USE = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class SettingsError(PermanentError):
    """An environment variable is missing or invalid; the message names the variable, not its value."""


class Settings(BaseModel):
    """The settings of every function with a database."""

    model_config = _READ_AT_FIRST_USE

    database_secret_arn: str = Field(alias="DATABASE_SECRET_ARN", min_length=1)
    region: str = Field(alias="AWS_REGION", min_length=1)


class MailSettings(BaseModel):
    """The additional settings of `send_notices`."""

    model_config = _READ_AT_FIRST_USE

    sender: str = Field(alias="MAIL_SENDER", pattern=r"^[^@\s]+@[^@\s]+$")
    configuration_set: str | None = Field(alias="SES_CONFIGURATION_SET", default=None)
    stuck_after_minutes: int = Field(alias="STUCK_AFTER_MINUTES", default=30, ge=16)


class QueueSettings(BaseModel):
    """The settings of the functions that request a sync or carry it out."""

    model_config = _READ_AT_FIRST_USE

    url: str = Field(alias="SYNC_QUEUE_URL", min_length=1)
    region: str = Field(alias="AWS_REGION", min_length=1)


class OperationsSettings(BaseModel):
    """The settings of alerts: topic, language and the deployed stack's name, which is empty on the local stack."""

    model_config = _READ_AT_FIRST_USE

    topic_arn: str = Field(alias="OPERATIONS_TOPIC_ARN", min_length=1)
    region: str = Field(alias="AWS_REGION", min_length=1)
    language: Language = Field(alias="OPERATIONS_LANGUAGE", default=Language.NB)
    stack: str = Field(alias="STACK_NAME", default="")


class CommandSettings(BaseModel):
    """What the commands of operations know of the stack in which a function runs them."""

    model_config = _READ_AT_FIRST_USE

    stack: str = Field(alias="STACK_NAME", default="")
    language: Language = Field(alias="STACK_LANGUAGE", default=Language.NB)
    webhook_concurrency: str = Field(alias="WEBHOOK_CONCURRENCY", default="", pattern="^[0-9]*$")


class RepairSettings(BaseModel):
    """The settings of the functions that request repairs or carry them out."""

    model_config = _READ_AT_FIRST_USE

    url: str = Field(alias="REPAIR_QUEUE_URL", min_length=1)
    region: str = Field(alias="AWS_REGION", min_length=1)


class ReconciliationSettings(BaseModel):
    """The additional settings of `reconciliation`."""

    model_config = _READ_AT_FIRST_USE

    sync_requests: str = Field(alias="SYNC_QUEUE_URL", min_length=1)
    repair_requests: str = Field(alias="REPAIR_QUEUE_URL", min_length=1)
    sync_dead_letters: str = Field(alias="SYNC_DEAD_LETTERS_URL", min_length=1)
    dead_letters: str = Field(alias="DEAD_LETTERS_URL", min_length=1)
    settling_seconds: float = Field(alias="SETTLING_SECONDS", default=120.0, ge=0, le=3600)


class WebsiteSettings(BaseModel):
    """The settings of the functions that send requests to the website."""

    model_config = _READ_AT_FIRST_USE

    url: str = Field(alias="DATAVERSE_URL", min_length=1)
    secret_arn: str = Field(alias="DATAVERSE_SECRET_ARN", min_length=1)
    authority: str = Field(alias="ENTRA_AUTHORITY", default="https://login.microsoftonline.com")
    identity_role_arn: str = Field(alias="DATAVERSE_IDENTITY_ROLE_ARN", default="")
    batch_size: int = Field(alias="DATAVERSE_BATCH_SIZE", default=100, ge=1, le=1000)
    parallel: int = Field(alias="DATAVERSE_PARALLEL_REQUESTS", default=4, ge=1, le=52)
    repair_parallel: int = Field(alias="DATAVERSE_REPAIR_PARALLEL_REQUESTS", default=1, ge=1, le=52)


class WebhookSettings(BaseModel):
    """The settings of `status_changed`, which has no database."""

    model_config = _READ_AT_FIRST_USE

    secret_arn: str = Field(alias="WEBHOOK_SECRET_ARN", min_length=1)
    region: str = Field(alias="AWS_REGION", min_length=1)


class VerificationSettings(BaseModel):
    """The additional settings of `verify_integration`: what it looks at beside the database and the website."""

    model_config = _READ_AT_FIRST_USE

    secret_arns: dict[str, str] = Field(alias="SECRET_ARNS")
    sender: str = Field(alias="MAIL_SENDER", pattern=r"^[^@\s]+@[^@\s]+$")
    configuration_set: str = Field(alias="SES_CONFIGURATION_SET", default="")
    dns_server: str = Field(alias="DNS_SERVER", default="", pattern=r"^([0-9.]+:[0-9]+)?$")
    topic_arn: str = Field(alias="OPERATIONS_TOPIC_ARN", min_length=1)
    stack: str = Field(alias="STACK_NAME", default="")

    @field_validator("secret_arns", mode="before")
    @classmethod
    def _parsed(cls, text: object) -> object:
        return json.loads(text) if isinstance(text, str) else text


class DashboardSettings(BaseModel):
    """The settings of `force_sync`: its limits, and what the coordinators' page shows."""

    model_config = _READ_AT_FIRST_USE

    per_mentor: int = Field(alias="FORCE_SYNCS_PER_MENTOR", default=6, ge=1)
    per_coordinator: int = Field(alias="FORCE_SYNCS_PER_COORDINATOR", default=60, ge=1)
    sign_in_url: str = Field(alias="SIGN_IN_URL", default="", pattern=r"^(https?://[^\s\"'<>]+)?$")
    frame_ancestors: str = Field(alias="FRAME_ANCESTORS", default="'none'", pattern=r"^[^;,\r\n]+$")
    support_sms: str = Field(alias="SUPPORT_SMS", default="", pattern=r"^(\+?[0-9 ]{4,20})?$")
    support_email: str = Field(alias="SUPPORT_EMAIL", default="", pattern=r"^([^@\s]+@[^@\s]+)?$")


class SignInSettings(BaseModel):
    """The settings of the sign-in token's check. They alone say who issues tokens and where the keys are."""

    model_config = _READ_AT_FIRST_USE

    issuer: str = Field(alias="TOKEN_ISSUER", min_length=1)
    audience: str = Field(alias="TOKEN_AUDIENCE", default="authenticated", min_length=1)
    keys_url: str = Field(alias="TOKEN_KEYS_URL", default="")
    secret_arn: str = Field(alias="TOKEN_SECRET_ARN", default="")
    algorithms: tuple[str, ...] = Field(alias="TOKEN_ALGORITHMS", default=("ES256", "RS256"))
    region: str = Field(alias="AWS_REGION", min_length=1)

    @property
    def keys_address(self) -> str:
        """Return where the keys are published: by default where OpenID providers and Supabase have them."""
        return self.keys_url or f"{self.issuer.rstrip('/')}/.well-known/jwks.json"

    @field_validator("issuer", "keys_url")
    @classmethod
    def _is_secure(cls, url: str) -> str:
        if not _is_secure_address(url):
            raise ValueError("must be an https address without user, query and fragment")
        return url

    @field_validator("algorithms", mode="before")
    @classmethod
    def _split(cls, names: object) -> object:
        return tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names

    @field_validator("algorithms")
    @classmethod
    def _are_usable(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not set(names) <= PUBLISHED_KEY_ALGORITHMS | {SHARED_SECRET_ALGORITHM}:
            raise ValueError("names an algorithm that is not supported")
        if SHARED_SECRET_ALGORITHM in names and not info.data.get("secret_arn"):
            raise ValueError("HS256 needs TOKEN_SECRET_ARN")
        return names


def _is_secure_address(address: str) -> bool:
    """Return whether the address has TLS or is of this machine, as seen from a container of `sam local` too."""
    try:
        url = urlsplit(address)
        host, _ = url.hostname, url.port
    except ValueError:
        return False
    local = host in {"127.0.0.1", "::1", "localhost"} or os.environ.get("AWS_SAM_LOCAL") == "true"
    plain = address.isascii() and address.isprintable() and not set(address) & set(" \\?#@")
    return bool(host) and plain and (url.scheme == "https" or (url.scheme == "http" and local))


def read[Model: BaseModel](model: type[Model]) -> Model:
    """Return the settings in the environment. Raises SettingsError."""
    try:
        return model.model_validate({name: value for name, value in os.environ.items() if value})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise SettingsError(wrong) from None


@cache
def settings() -> Settings:
    """Return the settings of this function, read once."""
    return read(Settings)


@cache
def mail_settings() -> MailSettings:
    """Return the mail settings of this function, read once."""
    return read(MailSettings)


@cache
def queue_settings() -> QueueSettings:
    """Return the queue settings of this function, read once."""
    return read(QueueSettings)


@cache
def operations_settings() -> OperationsSettings:
    """Return the settings of alerts, read once."""
    return read(OperationsSettings)


@cache
def command_settings() -> CommandSettings:
    """Return what the commands know of the stack, read once."""
    return read(CommandSettings)


@cache
def verification_settings() -> VerificationSettings:
    """Return the additional settings of `verify_integration`, read once."""
    return read(VerificationSettings)


@cache
def repair_settings() -> RepairSettings:
    """Return the settings of the queue of repairs, read once."""
    return read(RepairSettings)


@cache
def reconciliation_settings() -> ReconciliationSettings:
    """Return the settings of reconciliation, read once."""
    return read(ReconciliationSettings)


@cache
def website_settings() -> WebsiteSettings:
    """Return the website settings of this function, read once."""
    return read(WebsiteSettings)


@cache
def webhook_settings() -> WebhookSettings:
    """Return the webhook's settings of this function, read once."""
    return read(WebhookSettings)


@cache
def dashboard_settings() -> DashboardSettings:
    """Return the settings of the coordinators' page and of force_sync, read once."""
    return read(DashboardSettings)


@cache
def sign_in_settings() -> SignInSettings:
    """Return the settings of the sign-in token's check, read once."""
    return read(SignInSettings)
