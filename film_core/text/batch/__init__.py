"""Descriptions and features of whole data sets, in the published layout that `prepare` reads.

`describing.py` writes ``Text/<task>/<data set>/<name>.txt``, `encoding.py` writes
``TextFeature/<task>/<data set>/<name>.npy``. A run that was stopped carries on; what a person wrote
or edited is never replaced unasked (`ledger.py` tells it apart); what a model once answered is kept
by content (`cache.py`).
"""

from film_core.text.batch.cache import AnswerCache, default_cache_folder
from film_core.text.batch.describing import describe_pairs
from film_core.text.batch.encoding import encode_texts
from film_core.text.batch.ledger import Report

__all__ = ["AnswerCache", "Report", "default_cache_folder", "describe_pairs", "encode_texts"]
