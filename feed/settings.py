"""Every setting: from `feed.toml` and `FEED_*` to one frozen value. Only `app` reads it."""

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any

import msgspec

from feed.errors import SettingsError
from feed.sources.open import SourceConfig, demo

_TOKEN_CHARACTERS = 32
_TOKENS = 2
_LOG = re.compile(r"memory:|sqlite:///[^?#]+|rediss?://[^/?#]+(/[0-9]{1,5})?")
_ORIGIN = re.compile(r"https?://([a-z0-9.\-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.ASCII)

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
_YEAR_S = 366 * 24 * 3600
Positive = Annotated[float, msgspec.Meta(gt=0, le=_YEAR_S)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The names of `feed.toml`; `FEED_` and the upper-case name in the environment wins over it.

    What each means, its unit and its reason are in `feed.toml`; `protocol.md` section 8 has them
    all. Tuples are comma-separated in the environment.
    """

    host: str = "0.0.0.0"  # noqa: S104  (it serves whoever may reach the machine)
    port: Port = 8080
    log: str = "sqlite:///feed.db"
    admin_token: tuple[str, ...] = ()
    metrics_token: str = ""
    allowed_origins: tuple[str, ...] = ()
    subscriber_secret: str = ""
    max_age_s: Positive = 3300
    heartbeat_s: Annotated[float, msgspec.Meta(ge=0.05, le=_YEAR_S)] = 15
    sources: bool = True
    retention_s: Positive = 3600
    retention_events: Annotated[int, msgspec.Meta(ge=1)] = 1_000_000
    lease_s: Positive = 5
    drain_s: Annotated[float, msgspec.Meta(ge=0, le=_YEAR_S)] = 5
    max_connections: Annotated[int, msgspec.Meta(ge=1)] = 20_000
    max_connections_per_ip: Count = 0
    compress: bool = True
    trusted_proxies: tuple[str, ...] = ()
    allow_private_sources: bool = False
    source: tuple[SourceConfig, ...] = ()


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force; raises SettingsError with one line that names what is wrong."""
    given: dict[str, Any] = {}
    config = environment.get("FEED_CONFIG")
    if config:
        given = _read_file(Path(config))
    for name, text in environment.items():
        if name.startswith("FEED_") and name != "FEED_CONFIG":
            field = _field(name)
            given[field] = _value(name, field, text)
    if given.get("admin_token") == () and environment.get("FEED_ADMIN_TOKEN"):
        raise SettingsError("FEED_ADMIN_TOKEN: there is no token in it")
    if "PORT" in environment:
        given["port"] = _value("PORT", "port", environment["PORT"])
    try:
        settings = msgspec.convert(given, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(_in_words(str(error), config)) from error
    _check(settings)
    if not config:
        settings = msgspec.structs.replace(settings, source=demo())
    return settings


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"FEED_CONFIG: {path}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from error


def _field(name: str) -> str:
    field = name.removeprefix("FEED_").lower()
    if not name.isupper() or field not in Settings.__struct_fields__ or field in ("port", "source"):
        raise SettingsError(f"{name}: no setting of this name")
    return field


def _value(name: str, field: str, text: str) -> Any:
    """The text of a variable as the type of its field."""
    kind = Settings.__annotations__[field]
    if kind is str:
        return text
    if kind is bool:
        if text not in ("on", "off"):
            raise SettingsError(f"{name}: {text!r} is neither on nor off")
        return text == "on"
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{name}: {text!r}: {error}") from error


def _in_words(message: str, config: str | None) -> str:
    """A sentence of msgspec, the place first: `feed.toml: $.source[0].every_s: Expected …`."""
    sentence, _, place = message.partition(" - at `")
    return f"{config or 'settings'}: {place.rstrip('`') or '$'}: {sentence}"


def _check(settings: Settings) -> None:
    """What types cannot say."""
    _check_tokens(settings)
    if not _LOG.fullmatch(settings.log):
        form = "memory:, sqlite:///path or redis://host:port/db"
        raise SettingsError(f"FEED_LOG: {_without_password(settings.log)!r} is not {form}")
    for address in settings.trusted_proxies:
        try:
            ip_network(address)
        except ValueError as error:
            raise SettingsError(f"FEED_TRUSTED_PROXIES: {error}") from error
    for origin in settings.allowed_origins:
        if not _ORIGIN.fullmatch(origin):
            message = "is no origin: https://host[:port]"
            raise SettingsError(f"FEED_ALLOWED_ORIGINS: {origin!r} {message}")
    names = [source.name for source in settings.source]
    if len(names) != len(set(names)):
        raise SettingsError("source: two sources have the same name")


def _without_password(url: str) -> str:
    """What of a URL may be shown."""
    return re.sub(r"//.*@", "//***@", url)


def _check_tokens(settings: Settings) -> None:
    if len(settings.admin_token) > _TOKENS:
        raise SettingsError(f"FEED_ADMIN_TOKEN: at most {_TOKENS} tokens, for rotation")
    metrics = [settings.metrics_token] if settings.metrics_token else []
    for name, values in (("ADMIN_TOKEN", settings.admin_token), ("METRICS_TOKEN", metrics)):
        if any(len(value) < _TOKEN_CHARACTERS for value in values):
            raise SettingsError(f"FEED_{name}: shorter than {_TOKEN_CHARACTERS} characters")
    if settings.subscriber_secret:
        raise SettingsError(
            "FEED_SUBSCRIBER_SECRET: this version cannot check subscribers' tokens yet,"
            " and will not serve everybody what is meant for some"
        )
