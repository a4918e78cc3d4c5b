"""What a host sets: values that can't be meant are refused with a sentence, addresses tried."""

import socket

import pytest

from demo.server import _check_free
from demo.settings import read_settings
from film_core.errors import SettingError


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e400", "0", "-1", "much"])
def test_a_limit_that_is_none_is_refused_with_an_example(text):
    with pytest.raises(SettingError, match=f"FILM_STUDIO_MAX_MEGABYTES is '{text}'.*such as 40.0"):
        read_settings({"FILM_STUDIO_MAX_MEGABYTES": text})


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
