"""Descriptions from any server that speaks the OpenAI chat protocol and takes images.

`settings.py` reads the server's environment, `client.py` speaks the protocol. The key stands in one
private attribute, goes into one header, and into nothing else.
"""

from film_core.text.describers.endpoint.client import Endpoint
from film_core.text.describers.endpoint.settings import EndpointSettings, read_endpoint_settings

__all__ = ["Endpoint", "EndpointSettings", "read_endpoint_settings"]
