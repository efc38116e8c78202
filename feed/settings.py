"""Every setting: from `feed.toml` and `FEED_*` to one frozen value. Only `app` reads it."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from urllib.parse import unquote

import msgspec

from feed.errors import Fault, SettingsError
from feed.fitting import meant, misfits, within
from feed.limits import Limits
from feed.sources.open import SourceConfig, demo

_TOKEN_CHARACTERS = 32
_TOKENS = 2
_LOG = re.compile(r"memory:|sqlite:///[^?#]+|rediss?://[^/?#]+(/[0-9]{1,5})?")
_PASSWORD = re.compile(r"//[^/@:]*:([^/@]+)@")
_ORIGIN = re.compile(r"https?://([a-z0-9.\-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.ASCII)

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
_YEAR_S = 366 * 24 * 3600
Positive = Annotated[float, msgspec.Meta(gt=0, le=_YEAR_S)]


class Settings(Limits, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The names of `feed.toml`; `FEED_` and the upper-case name in the environment wins over it.

    The limits are among them. What each means, its unit and its reason are in `feed.toml`;
    `protocol.md` section 8 has them all. Tuples are comma-separated in the environment.
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
    history_bars: Annotated[int, msgspec.Meta(ge=1)] = 1_000_000
    lease_s: Positive = 5
    drain_s: Annotated[float, msgspec.Meta(ge=0, le=_YEAR_S)] = 5
    compress: bool = True
    log_format: Literal["text", "json"] = "text"
    trusted_proxies: tuple[str, ...] = ()
    allow_private_sources: bool = False
    source: tuple[SourceConfig, ...] = ()

    @property
    def limits(self) -> Limits:
        """Those alone, without the secrets that are beside them."""
        return Limits(**{name: getattr(self, name) for name in Limits.__struct_fields__})

    @property
    def secrets(self) -> list[str]:
        """What must never be shown, as it is written and as it is meant."""
        known = [*self.admin_token, self.metrics_token, self.subscriber_secret]
        if password := _PASSWORD.search(self.log):
            known += [password[1], unquote(password[1])]
        return [each for each in known if each]


_KINDS = get_type_hints(Settings, include_extras=True)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. Raises SettingsError."""
    settings, wrong = examine(environment)
    if wrong:
        raise SettingsError(*wrong)
    return settings


def examine(environment: Mapping[str, str] = os.environ) -> tuple[Settings, list[str]]:
    """The settings as far as they are good, and a line for each thing that is wrong."""
    config = environment.get("FEED_CONFIG")
    wrong: list[str] = []
    given = _file(Path(config), wrong) if config else {}
    for name, text in environment.items():
        if (name.startswith("FEED_") and name != "FEED_CONFIG") or name == "PORT":
            _take(name, text, given, wrong)
    sources, faults_of_sources = _sources(given.pop("source", []))
    faults = [*misfits(given, Settings, "")]
    settings = msgspec.convert(_without(given, faults, ""), Settings)
    wrong += _faults(settings)
    faults += faults_of_sources
    wrong += [f"{config}: {fault.path}: {fault.message}" for fault in faults]
    return msgspec.structs.replace(settings, source=sources if config else demo()), wrong


def _file(path: Path, wrong: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        wrong.append(f"FEED_CONFIG: {path}: {error}")
    except tomllib.TOMLDecodeError as error:
        wrong.append(f"{path}: {error}")
    return {}


def _take(name: str, text: str, given: dict[str, Any], wrong: list[str]) -> None:
    """Lay a variable over what the file has given."""
    field = name.removeprefix("FEED_").lower()
    known = [each for each in Settings.__struct_fields__ if each not in ("port", "source")]
    if name != "PORT" and (not name.isupper() or field not in known):
        near = meant(field, known)
        hint = f"; is FEED_{near.upper()} meant?" if near else ""
        wrong.append(f"{name}: no setting of this name{hint}")
        return
    given.pop(field, None)
    try:
        given[field] = _value(_KINDS[field], text)
    except ValueError as error:  # msgspec's too
        wrong.append(f"{name}: {text!r}: {error}")
    if field == "admin_token" and text and not given[field]:
        wrong.append("FEED_ADMIN_TOKEN: there is no token in it")


def _value(kind: Any, text: str) -> Any:
    """The text of a variable as the type of its field. Raises ValueError."""
    if kind is str:
        return text
    if kind is bool:
        if text not in ("on", "off"):
            raise ValueError("expected on or off")
        return text == "on"
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return msgspec.convert(text, kind, strict=False)


def _sources(given: Any) -> tuple[tuple[SourceConfig, ...], list[Fault]]:
    """The sources that are good, and what is wrong with the others."""
    if not isinstance(given, list):
        return (), [Fault("source", "expected [[source]], once for each of them")]
    good: dict[str, SourceConfig] = {}
    wrong: list[Fault] = []
    names: set[str] = set()
    for number, each in enumerate(given, start=1):
        name = each.get("name") if isinstance(each, dict) else None
        place = f"[source.{name}]" if isinstance(name, str) else f"[[source]] {number}"
        faults = [*misfits(each, SourceConfig, place)]
        try:
            config: Any = msgspec.convert(_without(each, faults, place), SourceConfig)
            faults += [Fault(within(place, field), message) for field, message in config.faults()]
            good |= {} if faults else {config.name: config}
        except msgspec.ValidationError:
            pass  # something that is needed is among the faults
        if name in names:
            faults.append(Fault(place, "another source has this name"))
        names |= {name} if isinstance(name, str) else set()
        wrong += faults
    return tuple(good.values()), wrong


def _without(given: Any, faults: Sequence[Fault], path: str) -> Any:
    """What is left of a table without those of its fields that have a fault."""
    fields = [fault.path.removeprefix(path).removeprefix(".") for fault in faults]
    bad = {re.split(r"[.\[]", field)[0] for field in fields}
    if not isinstance(given, dict):
        return given
    return {name: value for name, value in given.items() if name not in bad}


def _faults(settings: Settings) -> Iterator[str]:
    """What types cannot say."""
    yield from _faults_of_tokens(settings)
    if not _LOG.fullmatch(settings.log):
        form = "memory:, sqlite:///path or redis://host:port/db"
        yield f"FEED_LOG: {_without_password(settings.log)!r} is not {form}"
    for address in settings.trusted_proxies:
        try:
            ip_network(address)
        except ValueError as error:
            yield f"FEED_TRUSTED_PROXIES: {error}"
    for origin in settings.allowed_origins:
        if not _ORIGIN.fullmatch(origin):
            yield f"FEED_ALLOWED_ORIGINS: {origin!r} is no origin: https://host[:port]"


def _without_password(url: str) -> str:
    """What of a URL may be shown."""
    return re.sub(r"//.*@", "//***@", url)


def _faults_of_tokens(settings: Settings) -> Iterator[str]:
    if len(settings.admin_token) > _TOKENS:
        yield f"FEED_ADMIN_TOKEN: at most {_TOKENS} tokens, for rotation"
    alone = {
        "METRICS_TOKEN": settings.metrics_token,
        "SUBSCRIBER_SECRET": settings.subscriber_secret,
    }
    given = {name: (value,) for name, value in alone.items() if value}
    for name, values in {"ADMIN_TOKEN": settings.admin_token, **given}.items():
        if any(len(value) < _TOKEN_CHARACTERS for value in values):
            yield f"FEED_{name}: shorter than {_TOKEN_CHARACTERS} characters"
