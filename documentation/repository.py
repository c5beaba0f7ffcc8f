"""A hook of MkDocs: makes pages of the files outside `docs/` that pages link to, so that these links work offline.

A Markdown file becomes a page as it is, any other text a page that shows it, and a folder a page that shows its files.
Pictures are copied.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[1]
# The rest is below `repository/`, by its path.
ADDRESSES: Final = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
NOT_IN_SEARCH: Final = "---\nsearch:\n  exclude: true\n---\n"
PICTURES: Final = (".svg", ".png")
LINK: Final = re.compile(r"(?<=\]\()[^)#:\s]+(?=[)#])")
LANGUAGES: Final = {".py": "python", ".toml": "toml", ".ini": "ini", ".mako": "mako", ".txt": "text"}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add a page, or a picture, for each file outside `docs/` that a page links to."""
    for name in sorted(linked(name for name in _names(files))):
        level = InclusionLevel.INCLUDED if name in ADDRESSES else InclusionLevel.NOT_IN_NAV
        made = File.generated(config, address_of(name), content=_content(ROOT / name), inclusion=level)
        files.append(made)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs passes them by name
    """Let links to files outside `docs/` lead to their pages."""
    address = page.file.src_uri
    here = posixpath.dirname(_name_of(address))

    def replace(link: re.Match[str]) -> str:
        target = address_of(posixpath.normpath(posixpath.join(here, link[0])))
        return posixpath.relpath(target, posixpath.dirname(address) or ".")

    return LINK.sub(replace, markdown)


def linked(pages: Iterator[str]) -> set[str]:
    """Return the paths outside `docs/` to which the *pages*, and the pages made of them, link.

    Args:
        pages: Markdown files, by their paths in the repository.
    """
    found: set[str] = set(ADDRESSES)
    waiting = [*pages, *ADDRESSES]
    while waiting:
        name = waiting.pop()
        for target in _targets(name):
            is_new = not target.startswith("docs/") and target not in found and (ROOT / target).exists()
            if is_new:
                found.add(target)
                waiting += [target] if target.endswith(".md") else []
    return found


def address_of(name: str) -> str:
    """Return the address in the site, as MkDocs writes it, of a file by its path in the repository."""
    if name.startswith("docs/"):
        return name.removeprefix("docs/")
    address = f"repository/{name}" if name.endswith((*PICTURES, ".md")) else f"repository/{name}.md"
    return ADDRESSES.get(name, address)


def _name_of(address: str) -> str:
    """Return the path in the repository of a page."""
    names = {made: name for name, made in ADDRESSES.items()}
    if address.startswith("repository/"):
        return address.removeprefix("repository/")
    return names.get(address, f"docs/{address}")


def _names(files: Files) -> Iterator[str]:
    yield from (f"docs/{file.src_uri}" for file in files.documentation_pages() if file.generated_by is None)


def _targets(name: str) -> Iterator[str]:
    folder = posixpath.dirname(name)
    for link in LINK.findall((ROOT / name).read_text()):
        yield posixpath.normpath(posixpath.join(folder, link))


def _content(path: Path) -> str | bytes:
    name = path.relative_to(ROOT).as_posix()
    if path.suffix in PICTURES:
        return path.read_bytes()
    if path.suffix == ".md":
        return path.read_text() if name in ADDRESSES else NOT_IN_SEARCH + path.read_text()
    shown = "\n".join(_shown_files(path)) if path.is_dir() else _shown(path)
    return f"{NOT_IN_SEARCH}# `{name}`\n\n{shown}"


def _shown_files(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        if file.suffix in LANGUAGES and file.stat().st_size:
            yield f"## `{file.relative_to(folder)}`\n\n{_shown(file)}"


def _shown(file: Path) -> str:
    # Four backquotes, because a docstring may have three.
    return f"````{LANGUAGES.get(file.suffix, 'text')}\n{file.read_text().rstrip()}\n````\n"
