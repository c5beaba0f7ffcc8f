"""A small shop, written in the usual FastAPI way: endpoints depend on a session and use it.

Only the three lines marked 1, 2 and 3 know the container, and the shop has models of its own.
Run it from the project's root with ``uvicorn --factory examples.plain_fastapi:create_app``,
or give `create_app` a container with other settings, as the tests do.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ForeignKey, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship

from app.dependencies import get_async_db, get_db
from containers import ApplicationContainer, ScopeMiddleware, close_container
from sessionscope.transactions.blocks import async_transaction


class Base(DeclarativeBase):
    """The shop's own base class. Its tables don't belong to the service, nor to its migrations."""


class Customer(Base):
    """A customer; ``credit`` is in cents."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    city: Mapped[str]
    credit: Mapped[int] = mapped_column(default=0)
    orders: Mapped[list["Order"]] = relationship(back_populates="customer", cascade="all, delete-orphan")


class Order(Base):
    """Something that a customer bought."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship(back_populates="orders")


class CustomerIn(BaseModel):
    """A customer to create, or to replace."""

    name: str
    city: str
    credit: int = 0


class CustomerOut(CustomerIn):
    """A customer as clients see it."""

    model_config = ConfigDict(from_attributes=True)

    id: int


class NewOrder(BaseModel):
    """An order to create."""

    item: str
    customer_id: int


class OrderOut(BaseModel):
    """An order with its customer."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    item: str
    customer: CustomerOut


class TransferIn(BaseModel):
    """Credit to move."""

    payer_id: int
    payee_id: int
    cents: Annotated[int, Field(gt=0)]


Db = Annotated[Session, Depends(get_db)]
AsyncDb = Annotated[AsyncSession, Depends(get_async_db)]

router = APIRouter()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    """Create the tables, serve, and close what was opened."""
    container: ApplicationContainer = app.state.container
    async with container.database.async_engine().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await close_container(container)  # 1: the engines end with the application


def create_app(container: ApplicationContainer | None = None) -> FastAPI:
    """Return the shop, over *container* or a new one."""
    app = FastAPI(title="Shop", lifespan=lifespan)
    app.state.container = container or ApplicationContainer()  # 2: where get_db finds its sessions
    app.add_middleware(ScopeMiddleware)  # 3: a session per request, closed before the response leaves
    app.include_router(router)
    return app


@router.post("/customers", status_code=201)
def create_customer(data: CustomerIn, db: Db) -> CustomerOut:
    """Create: add the object, and commit."""
    customer = Customer(**data.model_dump())
    db.add(customer)
    db.commit()
    return CustomerOut.model_validate(customer)


@router.get("/customers/{customer_id}")
def get_customer(customer_id: int, db: Db) -> CustomerOut:
    """Read one object by its key."""
    return CustomerOut.model_validate(found(db.get(Customer, customer_id)))


@router.put("/customers/{customer_id}")
def replace_customer(customer_id: int, data: CustomerIn, db: Db) -> CustomerOut:
    """Update: change the object, and commit."""
    customer = found(db.get(Customer, customer_id))
    for name, value in data.model_dump().items():
        setattr(customer, name, value)
    db.commit()
    return CustomerOut.model_validate(customer)


@router.delete("/customers/{customer_id}", status_code=204)
def delete_customer(customer_id: int, db: Db) -> None:
    """Delete, with all orders."""
    db.delete(found(db.get(Customer, customer_id)))
    db.commit()


@router.get("/customers")
def list_customers(
    db: Db,
    city: str | None = None,
    search: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> dict[str, Any]:
    """Filter, count, sort, and take one page; ``search`` looks at names *or* cities."""
    statement = select(Customer)
    if city is not None:
        statement = statement.where(Customer.city == city)
    if search is not None:
        statement = statement.where(or_(Customer.name.contains(search), Customer.city.contains(search)))
    total = db.scalar(counting(statement))
    page = db.scalars(statement.order_by(Customer.name.desc(), Customer.id).limit(limit).offset(offset))
    return {"items": [CustomerOut.model_validate(customer) for customer in page], "total": total}


@router.get("/cities")
def cities(db: Db) -> list[str]:
    """List each city once."""
    return list(db.scalars(select(Customer.city).distinct().order_by(Customer.city)))


@router.get("/figures")
def figures(db: Db) -> list[dict[str, Any]]:
    """Group customers by city, and leave out cities without any credit."""
    statement = (
        select(Customer.city, func.count().label("customers"), func.sum(Customer.credit).label("credit"))
        .group_by(Customer.city)
        .having(func.sum(Customer.credit) > 0)
        .order_by(Customer.city)
    )
    return [dict(row) for row in db.execute(statement).mappings()]


@router.post("/orders", status_code=201, response_model=OrderOut)
async def create_order(data: NewOrder, db: AsyncDb) -> Order:
    """Create asynchronously, and load the attributes that the response shows."""
    customer = found(await db.get(Customer, data.customer_id))
    order = Order(item=data.item, customer=customer)
    db.add(order)
    await db.commit()
    return order


@router.get("/orders", response_model=list[OrderOut])
async def list_orders(db: AsyncDb, city: str, item: str) -> list[Order]:
    """Join: the orders of a city *and* an item, each with its customer, in one statement."""
    statement = (
        select(Order)
        .join(Order.customer)
        .where(and_(Customer.city == city, Order.item == item))
        .options(joinedload(Order.customer))
        .order_by(Order.id)
    )
    return list(await db.scalars(statement))


@router.post("/transfers", status_code=204)
async def transfer(data: TransferIn, db: AsyncDb) -> None:
    """Move credit in one transaction: an error rolls back the statements before it."""
    async with async_transaction(db):
        payee = found(await db.get(Customer, data.payee_id))
        payee.credit += data.cents
        await db.flush()
        payer = found(await db.get(Customer, data.payer_id))
        payer.credit -= data.cents
        if payer.credit < 0:
            raise HTTPException(409, "not enough credit")


def found(customer: Customer | None) -> Customer:
    """Return the customer, or raise a 404."""
    if customer is None:
        raise HTTPException(404, "no such customer")
    return customer


def counting(statement: Select[Any]) -> Select[int]:
    """Return a statement that counts the rows of another statement."""
    return select(func.count()).select_from(statement.subquery())
