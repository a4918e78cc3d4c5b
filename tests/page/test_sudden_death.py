"""`kill -9` of the server, in short; `benchmarks.soak.sudden_death` does it at random moments."""

import pytest

from benchmarks.page import Page
from benchmarks.soak.sudden_death import check, die


@pytest.mark.slow
def test_a_server_killed_under_load_leaves_nothing_and_comes_back(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with Page(tmp_path / "log", "tests.page.stand_in", TMPDIR=str(temporary)) as page:
        page.wait_ready()
        before = check(page.address)
        assert die(page, 1.0, temporary) == []
        page.wait_ready()
        assert check(page.address) == before
