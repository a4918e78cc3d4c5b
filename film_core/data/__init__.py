"""From folders of image pairs to H5 files that training reads."""

from film_core.data.datasets import DATASETS, Dataset
from film_core.data.pairs import DataError, PairFiles, PairList, find_pairs, pairs_of_folders
from film_core.data.prepared import SIZES, SMALL, PreparedFile, PreparedPair, open_prepared
from film_core.data.preparing import Report, prepare
from film_core.data.texts import PairText, TextSource, read_written

__all__ = [
    "DATASETS",
    "SIZES",
    "SMALL",
    "DataError",
    "Dataset",
    "PairFiles",
    "PairList",
    "PairText",
    "PreparedFile",
    "PreparedPair",
    "Report",
    "TextSource",
    "find_pairs",
    "open_prepared",
    "pairs_of_folders",
    "prepare",
    "read_written",
]
