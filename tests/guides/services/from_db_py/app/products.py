from collections.abc import Sequence

from fastapi import APIRouter, HTTPException

from app.dependencies import CatalogueDep, DbDep
from app.models import Product
from app.schemas import ProductIn, ProductOut

router = APIRouter(prefix="/products", tags=["products"])


@router.post("/", status_code=201, response_model=ProductOut)
async def create_product(data: ProductIn, db: DbDep) -> Product:
    product = Product(**data.model_dump())
    db.add(product)
    return product


@router.get("/", response_model=list[ProductOut])
async def list_products(catalogue: CatalogueDep, q: str = "") -> Sequence[Product]:
    return await catalogue.search(q)


@router.get("/{sku}", response_model=ProductOut)
async def get_product(sku: str, catalogue: CatalogueDep) -> Product:
    product = await catalogue.find(sku)
    if product is None:
        raise HTTPException(404, "no such product")
    return product
