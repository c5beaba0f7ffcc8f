"""Create the data that a test needs over HTTP, as a client would."""

from typing import Any

import httpx2

Json = dict[str, Any]

REQUIRED = ("type", "title", "status", "detail", "instance")
# Words of SQL, drivers and tracebacks, which clients must not see.
INSIDE = ("SELECT ", "INSERT ", "UPDATE ", "sqlite", "sqlalchemy", "Traceback", "UNIQUE constraint", 'File "')


async def made(client: httpx2.AsyncClient, path: str, **values: Any) -> Json:
    """Create an object and return the response."""
    response = await client.post(path, json=values)
    assert 201 == response.status_code, response.text
    shown: Json = response.json()
    return shown


async def make_user(client: httpx2.AsyncClient, name: str = "ann", **values: Any) -> Json:
    """Create a user called *name*."""
    return await made(client, "/users/", **{"email": f"{name}@example.com", "username": name} | values)


async def make_post(client: httpx2.AsyncClient, author_id: int, title: str = "On sessions") -> Json:
    """Create a post of a user."""
    return await made(client, "/posts/", title=title, content="One per request.", author_id=author_id)


async def make_accounts(client: httpx2.AsyncClient, *balances: str) -> list[int]:
    """Create one user with an account per balance; return the accounts' ids."""
    owner = await make_user(client, "owner")
    return [(await made(client, "/accounts/", owner_id=owner["id"], balance=balance))["id"] for balance in balances]


async def balances(client: httpx2.AsyncClient) -> list[str]:
    """Return the balance of every account, in the order of their ids."""
    return [account["balance"] for account in (await client.get("/accounts/?limit=500")).json()["items"]]


def problem_of(response: httpx2.Response, status: int) -> Json:
    """Check what every error response has in common, and return its body."""
    assert status == response.status_code, response.text
    assert "application/problem+json" == response.headers["content-type"]
    problem: Json = response.json()
    assert {*REQUIRED} <= set(problem) <= {*REQUIRED, "errors"}
    assert status == problem["status"]
    assert response.request.url.path == problem["instance"]
    for inside in INSIDE:
        assert inside not in response.text
    return problem
