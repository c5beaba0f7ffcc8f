"""Compare names as a person who reads them would."""

import re
from typing import Final
from unicodedata import normalize

# Unicode's default ignorable code points, which are invisible.
# Source: https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# The length of the column for folded names. An index of MySQL takes at most 768 characters.
LONGEST_FOLDED: Final = 255


def fold_name(name: str) -> str:
    """Return the form by which names are compared, which is the same for names that look alike.

    Capitals, full-width letters and ligatures become small letters, and invisible characters are removed. One
    character may become up to eighteen. If you change this function, the stored keys need a migration. Migration 0004
    has its own copy.

    Source: NFKC_Casefold, https://www.unicode.org/versions/latest/core-spec/chapter-3/#G53513
    """
    return normalize("NFKC", _INVISIBLE.sub("", normalize("NFKC", name).casefold()))
