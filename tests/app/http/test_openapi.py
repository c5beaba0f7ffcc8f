"""The OpenAPI document describes what the service really does."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES
from fastapi import FastAPI
from fastapi.openapi.models import OpenAPI
from pydantic import TypeAdapter, ValidationError

from app.users.fields import Username
from sessionscope.reading.fields import Amount, Balance
from tests.app.http.making import problem_of

Json = dict[str, Any]

WHOLE = "9" * 16
AMOUNTS = [
    *("25.50", "25.5", "25", "0.01", "0", "0.00", "-0", "-0.000", "-0.01", "-1", "0.001", "1.500", "0007", ""),
    *("0" * 20 + "1", f"{WHOLE}.99", f"{WHOLE}.990", f"{WHOLE}9", ".5", "5.", "1e3", "+1"),
    *(0, 1, -1, 100, 2**53 - 1, 2**53, 10**16 - 1, 10**16),
]


@pytest.fixture
def document(app: FastAPI) -> Json:
    """Give the document of the application."""
    return app.openapi()


def operations(document: Json) -> list[tuple[str, Json]]:
    """Return each operation with its name, and check that there are any."""
    found = [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    assert found
    return found


def patterns(node: Any) -> Iterator[str]:
    """Yield every ``pattern`` in *node*."""
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from patterns(child)


def refs(node: Any) -> Iterator[str]:
    """Yield every ``$ref`` in *node*."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from refs(child)


class TestDocument:
    def test_document_is_valid(self, document: Json) -> None:
        """The document has the structure of OpenAPI 3.1, and every reference resolves."""
        parsed = OpenAPI.model_validate(document)
        assert parsed.openapi.startswith("3.1.")
        names = {ref.removeprefix("#/components/schemas/") for ref in refs(document)}
        assert names <= set(document["components"]["schemas"])

    def test_patterns_mean_the_same_everywhere(self, document: Json) -> None:
        """No pattern relies on word characters, because JSON Schema and Python disagree on some, such as Æ."""
        found = set(patterns(document))
        assert found
        assert [] == [pattern for pattern in found if re.search(r"\\[wWdDsSbB]", pattern)]

    def test_every_operation_has_a_name_of_its_own(self, document: Json) -> None:
        """Generated clients use these names for their functions."""
        names = [operation["operationId"] for _, operation in operations(document)]
        assert len(names) == len(set(names))
        assert all(operation.get("description") for _, operation in operations(document))

    def test_every_operation_documents_its_errors(self, document: Json) -> None:
        """Each error is a problem response. Liveness alone can't fail, but a request for it can be refused."""
        for name, operation in operations(document):
            errors = {status: response for status, response in operation["responses"].items() if status >= "400"}
            if name == "GET /health/live":
                assert {"400", "413"} == set(errors)
                continue
            assert {"400", "413", "422", "500", "503"} <= set(errors), name
            assert ("requestBody" in operation) == ("415" in errors), name
            for response in errors.values():
                schema = response["content"]["application/problem+json"]["schema"]
                assert {"$ref": "#/components/schemas/Problem"} == schema, name

    def test_operations_with_an_id_document_404(self, document: Json) -> None:
        """An operation with an id in its path documents 404."""
        with_id = [(name, operation) for name, operation in operations(document) if "{" in name]
        assert with_id
        assert [] == [name for name, operation in with_id if "404" not in operation["responses"]]

    def test_bodies_have_examples(self, document: Json) -> None:
        """You can try an operation in a browser with valid values."""
        schemas = document["components"]["schemas"]
        with_body = [(name, operation) for name, operation in operations(document) if "requestBody" in operation]
        assert with_body
        for name, operation in with_body:
            reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            fields: Json = schemas[reference.rpartition("/")[2]]["properties"]
            unclear = [field for field, schema in fields.items() if not _is_clear(schema)]
            assert [] == unclear, name

    def test_money_is_a_string_or_a_whole_number(self, document: Json) -> None:
        """A JSON number with a fraction would be a float, so it is refused. Responses always contain strings."""
        schemas = document["components"]["schemas"]
        shown = [schemas["AccountOut"]["properties"]["balance"], schemas["TransferOut"]["properties"]["amount"]]
        assert ["string"] * 2 == [schema["type"] for schema in shown]
        taken = [schemas["AccountIn"]["properties"]["balance"], schemas["TransferIn"]["properties"]["amount"]]
        assert [["string", "integer"]] * 2 == [[each["type"] for each in schema["anyOf"]] for schema in taken]

    @pytest.mark.parametrize("value", AMOUNTS, ids=repr)
    @pytest.mark.parametrize(
        ("model", "field", "kind"), [("AccountIn", "balance", Balance), ("TransferIn", "amount", Amount)]
    )
    def test_money_that_is_documented_is_the_money_that_is_taken(
        self, document: Json, model: str, field: str, kind: Any, value: Any
    ) -> None:
        """The document and the service accept the same amounts."""
        schema = document["components"]["schemas"][model]["properties"][field]
        is_documented = any(_fits(value, each) for each in schema.get("anyOf", [schema]))
        try:
            TypeAdapter(kind).validate_python(value)
        except ValidationError:
            assert not is_documented
        else:
            assert is_documented

    @pytest.mark.parametrize("name", SPECIAL_USE_DOMAIN_NAMES)
    async def test_reserved_domains_of_email_addresses_are_documented(
        self, document: Json, async_client: httpx2.AsyncClient, name: str
    ) -> None:
        """The schema refuses an address at a reserved domain, as the service does."""
        fits_not = re.compile(document["components"]["schemas"]["UserIn"]["properties"]["email"]["not"]["pattern"])
        for address in (f"ann@{name}", f"ann@example.{name}"):
            problem_of(await async_client.post("/users/", json={"email": address, "username": "ann"}), 422)
            assert fits_not.search(address)
        assert not fits_not.search(f"{name}@example.com")
        assert not fits_not.search(f"ann@{name}.example.com")

    @pytest.mark.parametrize("name", [".", "..", "\u200d", "\u3164\ufe0f"], ids=ascii)
    def test_usernames_that_nobody_can_have_are_documented(self, document: Json, name: str) -> None:
        """The schema refuses . and .. and invisible names."""
        with pytest.raises(ValidationError):
            TypeAdapter(Username).validate_python(name)
        fits_not = re.compile(document["components"]["schemas"]["UserIn"]["properties"]["username"]["not"]["pattern"])
        assert fits_not.search(name)
        assert not any(map(fits_not.search, ("ann", "...", f"{name}ann")))

    def test_null_is_documented_where_it_is_accepted(self, document: Json) -> None:
        """In a PATCH, only the password can be null. Other fields are left out if they should not change."""
        schemas = document["components"]["schemas"]
        nullable = [
            (name, field)
            for name in ("UserPatch", "PostPatch")
            for field, schema in schemas[name]["properties"].items()
            if {"type": "null"} in schema.get("anyOf", [])
        ]
        assert [("UserPatch", "password")] == nullable
        assert "maxLength" in schemas["PostPatch"]["properties"]["title"]

    def test_no_secret_is_in_a_response(self, document: Json) -> None:
        """No response schema has a password."""
        schemas = document["components"]["schemas"]
        with_password = {name for name, schema in schemas.items() if "password" in str(schema.get("properties"))}
        assert {"UserIn", "UserPatch", "UserPut"} == with_password


def _fits(value: Any, schema: Json) -> bool:
    """Tell whether a string or an integer matches *schema*, as far as the schemas of money need it."""
    if schema["type"] == "integer":
        return isinstance(value, int) and schema["minimum"] <= value <= schema["maximum"]
    if not isinstance(value, str) or not re.search(schema["pattern"], value):
        return False
    return "not" not in schema or not re.search(schema["not"]["pattern"], value)


def _is_clear(schema: Json) -> bool:
    """Tell whether a field shows readers what to write: by an example, a choice or a boolean type."""
    choices = [schema, *schema.get("anyOf", [])]
    return any("examples" in each or "enum" in each or each.get("type") == "boolean" for each in choices)
