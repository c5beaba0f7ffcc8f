"""The kit's application keeps its own objects, whoever wired the endpoints in between."""

import httpx2
import pytest
from fastapi import FastAPI

from app.main import create_app
from config import DatabaseSettings, Settings
from containers import ApplicationContainer
from sessionscope.testing.kit import Kit


class TestParking:
    @pytest.mark.parametrize("times", [1, 2])
    async def test_another_application_leaves_nothing(
        self, kit: Kit, app: FastAPI, async_client: httpx2.AsyncClient, times: int
    ) -> None:
        """After an application of another container, requests are answered from the test's database again."""
        for _ in range(times):
            app.state.container.unwire()
            settings = Settings(database=DatabaseSettings(url="sqlite:///:memory:"))
            create_app(ApplicationContainer(settings=settings)).state.container.unwire()
            kit.wire()
            assert (await async_client.get("/users/")).json()["total"] == 0
