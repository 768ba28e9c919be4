"""Our own web server over a published folder, for as long as a test runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from publish.web_server import server_of


@contextmanager
def serving(published: Path) -> Iterator[str]:
    """The address, with a slash at its end, under which `published` is served."""
    with server_of(published, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
