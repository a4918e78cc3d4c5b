"""BLIP-2's Q-Former, text branch: the encoder whose features the published FILM was trained with.

Li et al., "BLIP-2", ICML 2023. A text alone runs through a BERT (base size in the published
weights): word and position embeddings, then layers of self-attention and feed-forward. The layers
that look at an image, and the second set of feed-forward layers for image queries, are not part of
this path and are not read.

`layout.py` knows names and shapes, `reading.py` the files, `network.py` the mathematics, and
`encoder.py` puts them behind `film_core.text.Encoder`.
"""

from film_core.text.qformer.encoder import QFormer
from film_core.text.qformer.layout import QFormerConfig
from film_core.text.qformer.reading import QFormerWeights, read_qformer

__all__ = ["QFormer", "QFormerConfig", "QFormerWeights", "read_qformer"]
