"""The documentation is built strictly, and needs no other host."""

import re
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.new.running import ROOT, run

pytest.importorskip("mkdocs", reason="`make docs` or `make check` installs MkDocs")

pytestmark = pytest.mark.isolation("none")

# What a browser loads by itself: links to follow are not among it.
LOADS: Final = re.compile(
    r"""<(?:script|img|iframe|source|use)\b[^>]*?\b(?:src|srcset|href)=["']?(https?:)?//[^"'\s>]+"""
    r"""|<link\b(?![^>]*rel=["']?canonical)[^>]*?\bhref=["']?(https?:)?//[^"'\s>]+"""
    r"""|(?:@import|url\()\s*["']?(https?:)?//[^"')\s]+"""
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Build the site, which takes some seconds."""
    done = run(sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path), cwd=ROOT)
    assert 0 == done.returncode, done.stderr
    return tmp_path


class TestSite:
    def test_site_is_built_without_a_warning_and_loads_nothing_from_another_host(self, site: Path) -> None:
        """A dead link is a warning. Neither pages nor style sheets name a font, a script or a picture elsewhere."""
        texts = [*site.rglob("*.html"), *site.rglob("*.css"), *site.rglob("*.svg")]
        found = [f"{file.relative_to(site)}: {load[0]}" for file in texts for load in LOADS.finditer(file.read_text())]
        assert len(texts) > 50
        assert [] == found
        assert "Keep a Changelog" in (site / "changelog.html").read_text()

    @pytest.mark.parametrize(
        "text",
        [
            '<script src="https://unpkg.com/mermaid"></script>',
            "<link rel=stylesheet href=//fonts.example/css>",
            '<img alt="a" src="http://a.example/b.png">',
            "@import 'https://a.example/a.css'",
            "src: url(https://a.example/a.woff2)",
        ],
    )
    def test_loads_are_found(self, text: str) -> None:
        """In each form that a page or a style sheet may give them."""
        assert LOADS.search(text) is not None
