"""Every verb has its page, and the page shows the help as it is."""

import importlib.util
from pathlib import Path

import pytest

UPDATE = Path(__file__).parents[1] / "docs" / "update.py"
spec = importlib.util.spec_from_file_location("docs_update", UPDATE)
assert spec is not None
assert spec.loader is not None
update = importlib.util.module_from_spec(spec)
spec.loader.exec_module(update)


@pytest.mark.parametrize("path", sorted(update.commands()), ids=" ".join)
def test_every_verb_is_described_as_it_is(path):
    page = update.page_of(path)
    assert page.exists(), f"{page} is missing: run `make docs`"
    assert update.help_block(path) in page.read_text(), "run `make docs`"


def test_no_page_describes_a_verb_that_is_gone():
    verbs = {path[0] for path in update.commands()}
    assert {page.stem for page in update.PAGES.glob("*.md")} == verbs
