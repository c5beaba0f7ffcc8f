"""Settings for people."""

from pydantic import SecretStr

from sessionscope.settings import DatabaseSettings, Section, ServiceSettings
from sessionscope.settings.listing import list_settings


class MailSettings(Section):
    """A section of a service."""

    password: str = "s3cr3t"
    api_key: str = "s3cr3t"
    typed: SecretStr = SecretStr("s3cr3t")
    keep_seconds: int = 5
    token: str = ""


class Settings(ServiceSettings):
    """The settings of a service."""

    database: DatabaseSettings = DatabaseSettings()
    mail: MailSettings = MailSettings()


class TestListing:
    def test_secrets_are_masked(self) -> None:
        """By type, and by name in a service that has not used the type. An empty value is not a secret."""
        url = "postgresql://app:s3cr3t@db/app"
        listed = {each.name: each for each in list_settings(Settings(database=DatabaseSettings(url=url)))}
        assert "s3cr3t" not in str(listed)
        assert ("***", "5", "") == tuple(listed[f"mail.{name}"].value for name in ("password", "keep_seconds", "token"))
        assert "postgresql://app:***@db/app" == listed["database.url"].value
