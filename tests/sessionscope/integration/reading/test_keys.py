"""Resources with keys of any type: UUIDs, texts, and several columns."""

from collections.abc import Generator
from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI, Query, Request, Response
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import ForeignKey, String, bindparam
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from sessionscope import ScopeMiddleware, scope
from sessionscope.database.columns import UuidKey
from sessionscope.errors import found
from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.fastapi.parameters import UuidKeyInPath
from sessionscope.fastapi.responses import location_of
from sessionscope.reading import fields
from sessionscope.reading.projections import Projection
from sessionscope.reading.schemas import Page, PageQuery, RequestBody, ResponseBody
from tests.sessionscope.service.containers import ApplicationContainer

pytestmark = pytest.mark.isolation("database")

NOBODY = "8e03978e-40d5-43e8-bc93-6894a57f9324"


class Base(DeclarativeBase):
    """A base of its own."""


class Country(Base):
    """A country, whose key is a text."""

    __tablename__ = "countries"

    code: Mapped[str] = mapped_column(String(10), primary_key=True)


class City(Base):
    """A city, whose key is a UUID."""

    __tablename__ = "cities"

    key: Mapped[UuidKey]
    name: Mapped[str] = mapped_column(String(50))
    country_code: Mapped[str] = mapped_column(ForeignKey("countries.code"))
    country: Mapped[Country] = relationship(lazy="raise")


class Road(Base):
    """A road between two cities, whose key has two columns."""

    __tablename__ = "roads"

    start: Mapped[UUID] = mapped_column("from_city", ForeignKey("cities.key"), primary_key=True)
    end: Mapped[UUID] = mapped_column("to_city", ForeignKey("cities.key"), primary_key=True)
    length: Mapped[int]


class CountryOut(ResponseBody):
    """A country."""

    code: str


class CityOut(ResponseBody):
    """A city with its country."""

    key: fields.UuidKey
    name: str
    country: CountryOut


class RoadOut(ResponseBody):
    """A road."""

    start: fields.UuidKey
    end: fields.UuidKey
    length: int


class CityIn(RequestBody):
    """A city to create."""

    name: str
    near: fields.UuidKey | None = None


class CityQuery(PageQuery):
    """A list of cities."""

    key: fields.UuidKey | None = None
    sort: str = "name"


COUNTRIES = Projection(Country, CountryOut)
CITIES = Projection(City, CityOut, filters={"key": City.key == bindparam("key")})
ROADS = Projection(Road, RoadOut)


@pytest.fixture(autouse=True)
def _tables(container: ApplicationContainer) -> Generator[None, None, None]:
    """Make the tables and a country."""
    engine = container.database.engine()
    Base.metadata.create_all(engine)
    with scope():
        container.database.transactions().run(lambda session: session.add(Country(code="no/rd")))
    yield
    Base.metadata.drop_all(engine)


@pytest.fixture(name="cities")
def _cities(container: ApplicationContainer) -> FastAPI:
    """Give an application with cities."""
    app = FastAPI()
    app.state.container = container
    app.add_middleware(ScopeMiddleware)
    install_problems(app)

    @app.post("/cities/", status_code=201)
    async def create(data: CityIn, request: Request, response: Response) -> CityOut:
        def write(session: Session) -> CityOut:
            city = City(name=data.name, country=session.get_one(Country, "no/rd"))
            session.add(city)
            session.flush()
            return CityOut.model_validate(city)

        city = await container.database.async_transactions().run_sync(write)
        response.headers["Location"] = location_of(request, city.key)
        return city

    @app.get("/cities/{key}")
    async def show(key: UuidKeyInPath) -> CityOut:
        return found(await CITIES.get(container.database.async_reads(), key), "city", key)

    @app.get("/cities/")
    async def page(query: Annotated[CityQuery, Query()]) -> Page[CityOut]:
        return await CITIES.page(container.database.async_reads(), query)

    return app


def client_of(app: FastAPI) -> AsyncClient:
    """Return a client."""
    return AsyncClient(transport=ASGITransport(app), base_url="http://cities")


@pytest.mark.every_database
class TestUuidKeys:
    async def test_row_is_created_shown_and_listed(self, cities: FastAPI) -> None:
        """The key is in the path, in the filter and in the order."""
        async with client_of(cities) as client:
            created = [await client.post("/cities/", json={"name": name}) for name in ("Oslo", "Bergen", "Bergen")]
            oslo = created[0].json()
            assert f"/cities/{UUID(oslo['key'])}" == created[0].headers["Location"]
            assert oslo == (await client.get(created[0].headers["Location"])).json()
            assert [oslo] == (await client.get(f"/cities/?key={oslo['key']}")).json()["items"]
            # MariaDB sorts UUIDs in an order of its own.
            by_key = [city["key"] for city in (await client.get("/cities/?sort=key")).json()["items"]]
            assert {city.json()["key"] for city in created} == set(by_key)
            listed = [(await client.get(f"/cities/?limit=1&offset={part}")).json()["items"][0] for part in range(3)]
            assert ["Bergen", "Bergen", "Oslo"] == [city["name"] for city in listed]
            bergen = [key for key in by_key if key != oslo["key"]]
            assert [*bergen, oslo["key"]] == [city["key"] for city in listed]
            descending = (await client.get("/cities/?sort=-key")).json()["items"]
            assert by_key[::-1] == [city["key"] for city in descending]

    async def test_unknown_row_is_not_found(self, cities: FastAPI) -> None:
        """The text has the key."""
        async with client_of(cities) as client:
            response = await client.get(f"/cities/{NOBODY}")
        assert (404, f"there is no city {NOBODY}") == (response.status_code, response.json()["detail"])


@pytest.mark.every_database
class TestOtherKeys:
    async def test_key_of_several_columns_is_a_tuple(self, container: ApplicationContainer) -> None:
        """In the order of the mapped class; a list shows each row once, in the order of the key."""
        ends = sorted(uuid4() for _ in range(3))

        def add(session: Session) -> None:
            session.add_all(City(key=end, name="x", country_code="no/rd") for end in ends)
            session.flush()
            roads = [(1, 2), (0, 2), (0, 1)]
            session.add_all(
                Road(start=ends[start], end=ends[end], length=length) for length, (start, end) in enumerate(roads)
            )

        async with scope():
            await container.database.async_transactions().run_sync(add)
            reads = container.database.async_reads()
            road = await ROADS.get(reads, (ends[0], ends[2]))
            assert road is not None
            assert (1, ends[2]) == (road.length, road.end)
            assert await ROADS.get(reads, (ends[2], ends[0])) is None
            parts = [await ROADS.page(reads, PageQuery(limit=1, offset=part)) for part in range(3)]
            assert {0, 1, 2} == {part.items[0].length for part in parts}
            with pytest.raises(ValueError, match="shorter"):
                await ROADS.get(reads, (ends[0],))

    async def test_key_may_be_a_text(self, container: ApplicationContainer) -> None:
        """It is escaped in a path."""
        async with scope():
            country = await COUNTRIES.get(container.database.async_reads(), "no/rd")
        assert country is not None
        request: Any = Request({"type": "http", "path": "/countries/"})
        assert "/countries/no%2Frd" == location_of(request, country.code)


@pytest.mark.parametrize(
    "key", [NOBODY.upper(), NOBODY.replace("-", ""), f"{{{NOBODY}}}", f"urn:uuid:{NOBODY}", "7"], ids=str
)
async def test_other_spellings_of_a_uuid_are_refused(cities: FastAPI, key: str) -> None:
    """A key has one spelling, in a path, a query and a body."""
    async with client_of(cities) as client:
        responses = [
            await client.get(f"/cities/{key}"),
            await client.get("/cities/", params={"key": key}),
            await client.post("/cities/", json={"name": "x", "near": key}),
        ]
    assert [422] * 3 == [response.status_code for response in responses]
    fields = [response.json()["errors"][0]["field"] for response in responses]
    assert ["path.key", "query.key", "body.near"] == fields
