"""The drawings can be read by anyone, in either scheme."""

import re
from xml.etree import ElementTree as ET

import pytest

from tests.new.running import ROOT

pytestmark = pytest.mark.isolation("none")

SVG = "{http://www.w3.org/2000/svg}"
SCHEMES = (ROOT / "docs" / "stylesheets" / "site.css").read_text()


@pytest.mark.parametrize("name", ["lifetimes", "request"])
class TestDrawing:
    def test_title_and_description_say_what_it_shows(self, name: str) -> None:
        """A screen reader reads these instead of the single words."""
        drawing = ET.parse(ROOT / "docs" / "images" / f"{name}.svg").getroot()  # noqa: S314 - our own file
        named = str(drawing.get("aria-labelledby")).split()
        texts = [drawing.find(f"{SVG}title"), drawing.find(f"{SVG}desc")]
        assert named == [text.get("id") for text in texts if text is not None and text.text]

    def test_both_schemes_have_all_colours(self, name: str) -> None:
        """The drawing follows the system's scheme, and inside a page the page's."""
        style = (ROOT / "docs" / "images" / f"{name}.svg").read_text().partition("</style>")[0]
        used = set(re.findall(r"var\((--[a-z-]+)\)", style))
        light, dark = style.split("prefers-color-scheme: dark")
        pages = SCHEMES.split('="slate"] .drawing')
        for colours in (light, dark, pages[0].split('="default"] .drawing')[1], pages[1]):
            assert used <= set(re.findall(r"(--[a-z-]+): #", colours))
