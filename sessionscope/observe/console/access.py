"""Lets clients on this machine see the console, unless the service has a rule of its own."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

from sessionscope.errors import FORBIDDEN
from sessionscope.fastapi.problems import ProblemError

# A proxy on this machine would make every client look local. Each proxy sends at least one of these.
_FORWARDED: Final = ("forwarded", "via", "x-real-ip")
_FORWARDED_PREFIX: Final = "x-forwarded-"
# With another name, a page on the internet could lead its own name here, and read what its scripts get.
_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")
_HOW: Final = "open it on the machine of the service, at localhost, or give the console a rule of its own"


async def refuse_other_machines(request: Request) -> None:
    """Refuse a request that doesn't come from this machine directly.

    Raises:
        ProblemError: The client, a proxy or the name of the host is not local.
    """
    if not (_is_local_client(request) and _has_local_name(request)) or _is_forwarded(request):
        raise ProblemError(FORBIDDEN, f"the console is for this machine only: {_HOW}")


async def refuse_other_origins(request: Request) -> None:
    """Refuse a request that a page of another origin has sent.

    Raises:
        ProblemError: A browser tells another origin, or the request has none.
    """
    site = request.headers.get("sec-fetch-site")
    origin = urlsplit(request.headers.get("origin", ""))
    is_same = site == "same-origin" if site else bool(origin.netloc) and origin.netloc == request.headers.get("host")
    if not is_same:
        raise ProblemError(FORBIDDEN, "only the page of the console itself may send this")


def _is_local_client(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _has_local_name(request: Request) -> bool:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname in _LOCAL_NAMES
    except ValueError:
        return False


def _is_forwarded(request: Request) -> bool:
    return any(name in _FORWARDED or name.startswith(_FORWARDED_PREFIX) for name in request.headers)
