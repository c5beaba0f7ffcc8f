from pydantic import BaseModel, ConfigDict, EmailStr, Field


class ProductIn(BaseModel):
    sku: str = Field(max_length=20)
    name: str = Field(max_length=100)
    price: int = Field(ge=0)
    stock: int = Field(default=0, ge=0)


class ProductOut(ProductIn):
    model_config = ConfigDict(from_attributes=True)


class Line(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    quantity: int = Field(gt=0)


class OrderIn(BaseModel):
    email: EmailStr
    lines: list[Line] = Field(min_length=1)


class OrderOut(OrderIn):
    model_config = ConfigDict(from_attributes=True)

    id: int
    total: int
