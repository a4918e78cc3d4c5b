"""Pairs that a table names."""

import pytest

from film_core.batch import BatchLimits, pairs_of_list
from film_core.batch.limits import BatchError
from film_core.errors import ImageError


def table(tmp_path, *rows: str, columns="a,b,name,text_a,text_b"):
    path = tmp_path / "list.csv"
    path.write_text("\n".join([columns, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_list_names_pairs_and_texts(tmp_path):
    (tmp_path / "1.png").write_bytes(b"one")
    pairs, texts = pairs_of_list(
        table(
            tmp_path,
            "1.png,2.png,night,A wall.,",
            f"{tmp_path}/1.png,1.png,../night,,",
            "1.png,x,,,",
        )
    )
    assert [pair.name for pair in pairs] == ["night", "night-2", "1"]
    assert texts == {"night": ("A wall.", None)}
    assert pairs[0].a.read() == pairs[1].b.read() == b"one"
    with pytest.raises(ImageError, match="can't be read"):
        pairs[0].b.read()


def test_a_null_character_in_a_path_costs_its_own_pair(tmp_path):
    (tmp_path / "1.png").write_bytes(b"one")
    pairs, _ = pairs_of_list(table(tmp_path, "x\0y.png,1.png,,,", "1.png,1.png,z\0,,"))
    assert [pair.name for pair in pairs] == ["x_y", "z"]
    assert pairs[0].a.path.endswith("x?y.png") and pairs[1].a.read() == b"one"
    with pytest.raises(ImageError, match=r"'x\?y\.png' can't be read \(.*null"):
        pairs[0].a.read()


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        ([], "a,b", "No pair"),
        (["1.png"], "a", "no column b"),
        (["1.png,"], "a,b", "doesn't name both"),
        (["1,2", "3,4", "5,6"], "a,b", "at most 2"),
    ],
)
def test_lists_that_can_not_be_used(tmp_path, rows, columns, said):
    with pytest.raises(BatchError, match=said):
        pairs_of_list(table(tmp_path, *rows, columns=columns), BatchLimits(max_pairs=2))


def test_parquet_is_read_or_says_what_it_needs(tmp_path):
    path = tmp_path / "list.parquet"
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        path.write_bytes(b"PAR1")
        with pytest.raises(BatchError, match=r"requirements-ray\.txt"):
            pairs_of_list(path)
        return
    parquet.write_table(pyarrow.table({"a": ["1.png"], "b": ["2.png"], "text_b": ["B."]}), path)
    pairs, texts = pairs_of_list(path)
    assert [pair.name for pair in pairs] == ["1"] and texts == {"1": (None, "B.")}
    path.write_bytes(b"no table")
    with pytest.raises(BatchError, match="can't be read"):
        pairs_of_list(path)
