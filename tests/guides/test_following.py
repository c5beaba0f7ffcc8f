"""A guide that says something wrong is found."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.guides.blocks import blocks_of
from tests.guides.following import Follower

pytestmark = pytest.mark.isolation("none")

TRUE = """
```python title="app/greeting.py"
def greeting(name):
    print("in between")
    return f"Hello {name}"
```

```python
def greeting(name):
    ...
    return f"Hello {name}"
```

```diff
--- a/app/greeting.py
+++ b/app/greeting.py
@@ -1,3 +1,3 @@
 def greeting(name):
-    print("in between")
+    print("still in between")
     return f"Hello {name}"
```

```console
$ grep -n print app/greeting.py
2:    print("...")
$ python -c 'import sessionscope; print(sessionscope.scope().origin)'
None
$ grep farewell app/greeting.py  # fails: there is none
```

```python
from app.greeting import greeting


def test_greeting():
    assert greeting("Ann") == "Hello Ann"
```
"""
SERVED = """
```console
$ make run
```

```console
$ curl -s localhost:8000/notes/ --json '{"title": "Milk", "content": ""}'
{"id":1,"title":"Milk",...}
$ curl -s -i -X DELETE -H 'X-Reason: drunk' localhost:8000/notes/1
HTTP/1.1 204 No Content
```
"""
WRONG = [
    ('return f"Hello {name}"\n```\n\n```diff', "return name\n```\n\n```diff", "no file has this"),
    ('-    print("in between")', '-    print("elsewhere")', "patch does not apply"),
    ('2:    print("...")', '3:    print("...")', "did not print"),
    ("origin)'\nNone", "source)'\nNone", "has no attribute 'source'"),
    ("grep farewell", "grep greeting", "# fails"),
    ('== "Hello Ann"', '== "Hello Bob"', "1 failed"),
]


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """Give a guide, which is right."""
    file = tmp_path / "guide.md"
    file.write_text(TRUE)
    return file


def follow(guide: Path, folder: Path) -> None:
    """Follow *guide* in *folder*."""
    with Follower(folder) as follower:
        follower.follow(blocks_of(guide))
        follower.check()


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Give a folder that has nothing but an environment."""
    (tmp_path / "app").mkdir()
    (tmp_path / ".venv").symlink_to(made / ".venv")
    return tmp_path


class TestFollower:
    def test_true_guide_passes(self, guide: Path, folder: Path) -> None:
        """Files, excerpts, changes, commands and tests."""
        follow(guide, folder)

    @pytest.mark.parametrize(("right", "wrong", "found"), WRONG, ids=[row[2] for row in WRONG])
    def test_mistake_is_found(self, guide: Path, folder: Path, right: str, wrong: str, found: str) -> None:
        """The failure shows what differs."""
        assert 1 == TRUE.count(right)
        guide.write_text(TRUE.replace(right, wrong))
        with pytest.raises(AssertionError, match=re.escape(found)):
            follow(guide, folder)

    def test_requests_reach_what_is_served(self, guide: Path, start: Callable[[str], Path]) -> None:
        """The server goes on over several blocks, and its responses are compared."""
        guide.write_text(SERVED)
        follow(guide, start("a_new_service"))
        guide.write_text(SERVED.replace('"id":1,"title":"Milk"', '"id":1,"title":"Bread"'))
        with pytest.raises(AssertionError, match='"title":"Milk"'):
            follow(guide, start("another_new_service"))
