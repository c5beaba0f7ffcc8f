import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

pytestmark = pytest.mark.anyio


async def test_add_note(client: AsyncClient) -> None:
    assert (await client.post("/notes/?text=milk")).status_code == 201
    assert (await client.get("/notes/")).json() == ["milk"]


class FakeNotes:
    async def all(self) -> list[object]:
        return []


async def test_no_notes(app: FastAPI, client: AsyncClient) -> None:
    await client.post("/notes/?text=milk")
    with app.state.container.notes.override(FakeNotes()):
        assert (await client.get("/notes/")).json() == []
