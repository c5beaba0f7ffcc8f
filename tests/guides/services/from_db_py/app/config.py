from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str = "sqlite+aiosqlite:///shop.db"
    pool_size: int = 5
    pool_timeout: float = 30
    warehouse_url: str = "http://localhost:9000"


settings = Settings()
