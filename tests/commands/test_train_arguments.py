"""What `train` understands, without training."""

import argparse
from pathlib import Path

from film_core.commands import train


def test_prepared_files_add_up_however_they_are_given():
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    for words in (["--prepared", "a.h5", "b.h5"], ["--prepared", "a.h5", "--prepared", "b.h5"]):
        assert parser.parse_args(words).prepared == [Path("a.h5"), Path("b.h5")]
    assert parser.parse_args([]).prepared == []
