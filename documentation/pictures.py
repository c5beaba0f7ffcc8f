"""A hook of MkDocs: puts the drawings into the pages, so that they have the colours of the page's scheme.

As a picture of its own, as it is shown beside the sources, a drawing only knows the scheme of the reader's system.
"""

import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

DRAWING: Final = re.compile(r'<p><img [^>]*src="(?:\.\./)*(images/(?:lifetimes|request)\.svg)"[^>]*></p>')


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs passes them by name
    """Replace each image that is a drawing."""
    folder = Path(config.docs_dir)
    return DRAWING.sub(lambda image: f'<figure class="drawn">{(folder / image[1]).read_text()}</figure>', html)
