"""Names that look alike are the same name."""

import sys

import pytest

from app.users.names import fold_name


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("Ann", "ann"),
        ("ANN", "ann"),
        ("\uff41\uff4e\uff4e", "ann"),
        ("\U0001d49cnn", "ann"),
        ("Stra\xdfe", "STRASSE"),
        ("\ufb01n", "fin"),
        ("Zoe\u0308", "ZO\xcb"),
        ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03a3\u0399\u0301\u03a3\u03a5\u03a6\u039f\u03a3"),
        ("a\u200dnn\ufe0f", "ann"),
        ("\u216f", "m"),
    ],
    ids=ascii,
)
def test_names_that_look_alike_fold_alike(name: str, same: str) -> None:
    """Capitals, widths, ligatures, composed and decomposed letters, and invisible characters make no difference."""
    assert fold_name(same) == fold_name(name)


@pytest.mark.parametrize(("name", "other"), [("ann", "anna"), ("a.b", "a-b"), ("zoe", "zo\xeb"), ("ann1", "annl")])
def test_other_names_stay_apart(name: str, other: str) -> None:
    """Visible differences such as accents and dots count."""
    assert fold_name(other) != fold_name(name)


def test_folding_a_name_twice_changes_nothing() -> None:
    """Folding a folded name changes nothing."""
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    assert [] == [each for each in characters if fold_name(fold_name(each)) != fold_name(each)]
