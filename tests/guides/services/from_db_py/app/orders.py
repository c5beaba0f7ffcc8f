from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, BackgroundTasks, HTTPException
from fastapi.responses import JSONResponse
from sqlalchemy import select

from app import warehouse
from app.dependencies import DbDep
from app.models import Order, OrderLine, Product
from app.schemas import OrderIn, OrderOut

router = APIRouter(prefix="/orders", tags=["orders"])


@router.post("/", status_code=201, response_model=OrderOut)
async def create_order(data: OrderIn, db: DbDep, tasks: BackgroundTasks) -> Any:
    order = Order(email=data.email, total=0)
    for line in data.lines:
        product = await db.get(Product, line.sku)
        if product is None or product.stock < line.quantity:
            return JSONResponse({"sold_out": line.sku}, status_code=409)
        product.stock -= line.quantity
        order.total += product.price * line.quantity
        order.lines.append(OrderLine(sku=line.sku, quantity=line.quantity))
    db.add(order)
    await db.flush()
    tasks.add_task(warehouse.notify, order.id)
    return order


@router.get("/", response_model=list[OrderOut])
async def list_orders(db: DbDep, email: str) -> Sequence[Order]:
    return (await db.scalars(select(Order).where(Order.email == email).order_by(Order.id))).all()


@router.get("/{order_id}", response_model=OrderOut)
async def get_order(order_id: int, db: DbDep) -> Order:
    order = await db.get(Order, order_id)
    if order is None:
        raise HTTPException(404, "no such order")
    return order


@router.delete("/{order_id}", status_code=204)
async def cancel_order(order_id: int, db: DbDep) -> None:
    order = await get_order(order_id, db)
    for line in order.lines:
        product = await db.get_one(Product, line.sku)
        product.stock += line.quantity
    await db.delete(order)
