"""Each guide works as it stands."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.guides.blocks import blocks_of
from tests.guides.following import Follower
from tests.new.running import PATIENCE_SECONDS, ROOT

pytestmark = pytest.mark.isolation("none")


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("guide", sorted(path.stem for path in ROOT.glob("docs/guides/[a-z]*.md")))
def test_guide_works_as_it_stands(guide: str, start: Callable[[str], Path]) -> None:
    """Its files, changes, commands, requests and tests do what it says."""
    with Follower(start(guide)) as follower:
        follower.follow(blocks_of(ROOT / "docs" / "guides" / f"{guide}.md"))
        follower.check()
