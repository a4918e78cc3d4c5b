"""What a host sets: it is written down, nonsense is refused with a sentence, addresses tried."""

import re
import socket
from dataclasses import fields

import pytest

from demo.server import _check_free
from demo.settings import Settings, read_settings
from film_core.errors import SettingError


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e400", "0", "-1", "much"])
def test_a_limit_that_is_none_is_refused_with_an_example(text):
    with pytest.raises(SettingError, match=f"FILM_STUDIO_MAX_MEGABYTES is '{text}'.*such as 40.0"):
        read_settings({"FILM_STUDIO_MAX_MEGABYTES": text})


def test_every_setting_is_in_the_table_with_its_default(repository):
    table = (repository / "docs" / "reliability.md").read_text(encoding="utf-8")
    for field in fields(Settings):
        plain = field.default if isinstance(field.default, str) else f"{field.default:g}"
        default = f"`{plain}`" if plain else "–"
        assert f"\n| `FILM_STUDIO_{field.name.upper()}` | {default} | " in table


def test_every_variable_that_the_code_reads_is_in_the_tables(repository):
    table = (repository / "docs" / "reliability.md").read_text(encoding="utf-8")
    files = [file for part in ("demo", "film_core") for file in (repository / part).rglob("*.py")]
    named = re.compile(r"""["']((?:FILM|GRADIO_SERVER)_[A-Z_]*[A-Z])["']""")
    read = {name for file in files for name in named.findall(file.read_text(encoding="utf-8"))}
    assert "FILM_CACHE" in read
    for name in read:
        if not name.startswith("FILM_STUDIO_WORKER_"):  # the page tells its workers by them
            assert f"`{name}`" in table


@pytest.mark.parametrize("name", ["127.0.0.1", "0.0.0.0", "::1", "::", ""])
def test_an_address_of_either_kind_is_free_until_it_is_used(name):
    if ":" in name and not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    with socket.create_server((name, 0), family=family) as used:
        port = used.getsockname()[1]
        with pytest.raises(SettingError, match=f"Port {port} on .*in use.*GRADIO_SERVER_PORT"):
            _check_free(name, port)
    _check_free(name, port)


def test_a_name_that_no_address_belongs_to_is_refused():
    with pytest.raises(SettingError, match=r"on nowhere\.invalid can't be used"):
        _check_free("nowhere.invalid", 7860)


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
