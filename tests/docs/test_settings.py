"""docs/settings.md has every setting as it is in the code."""

import re
from typing import Final

import pytest

from config import Settings
from documentation.settings import PAGE, every_section, page

pytestmark = pytest.mark.isolation("none")

RENEW: Final = "docs/settings.md is out of date: run `python -m documentation.settings`"


class TestSettingsPage:
    def test_page_is_up_to_date(self) -> None:
        """It is written from the models."""
        assert page() == PAGE.read_text(), RENEW

    @pytest.mark.parametrize("name", Settings.model_fields)
    def test_section_of_the_service_is_on_the_page(self, name: str) -> None:
        """A section's name on the page is the one that services give it."""
        assert every_section()[name] is Settings.model_fields[name].annotation

    def test_each_setting_is_described(self) -> None:
        """A setting without a description would be a row that explains nothing."""
        rows = re.findall(r"^\| `(\w+)`<br>.*\| (.*) \|$", PAGE.read_text(), re.MULTILINE)
        assert sum(len(section.model_fields) for section in every_section().values()) == len(rows)
        assert [] == [name for name, description in rows if description in {"", "None"}]
