"""Descriptions from a vision-language model that `transformers` runs from a local folder.

The model lives in a process of its own (`python -m film_core.text.describers.vlm`): it needs
PyTorch, which FILM itself doesn't, and where it runs out of memory nobody else falls. `folder.py`
finds and checks the files, `client.py` talks to the process, `asking.py` is what runs in it. No
hub is ever asked and no code from the folder is run.
"""

from film_core.text.describers.vlm.client import LocalModel
from film_core.text.describers.vlm.folder import find_model

__all__ = ["LocalModel", "find_model"]
