"""The OpenAPI document says what the service does."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.openapi.models import OpenAPI

Json = dict[str, Any]


@pytest.fixture
def document(app: FastAPI) -> Json:
    """Give the document of the application."""
    return app.openapi()


def operations(document: Json) -> list[tuple[str, Json]]:
    """Return each operation with its name; there are some."""
    found = [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    assert found
    return found


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
    def test_it_is_a_valid_one(self, document: Json) -> None:
        """It has the structure of OpenAPI 3.1, and every reference leads somewhere."""
        parsed = OpenAPI.model_validate(document)
        assert parsed.openapi.startswith("3.1.")
        names = {ref.removeprefix("#/components/schemas/") for ref in refs(document)}
        assert names <= set(document["components"]["schemas"])

    def test_every_operation_has_a_name_of_its_own(self, document: Json) -> None:
        """Generated clients name their functions so."""
        names = [operation["operationId"] for _, operation in operations(document)]
        assert len(names) == len(set(names))
        assert all(operation.get("description") for _, operation in operations(document))

    def test_every_operation_documents_its_errors(self, document: Json) -> None:
        """Each error is a problem response. Liveness alone can't fail, but a request for it can be refused."""
        for name, operation in operations(document):
            errors = {status: reply for status, reply in operation["responses"].items() if status >= "400"}
            if name == "GET /health/live":
                assert {"400", "413"} == set(errors)
                continue
            assert {"400", "413", "422", "500", "503"} <= set(errors), name
            assert ("requestBody" in operation) == ("415" in errors), name
            for reply in errors.values():
                schema = reply["content"]["application/problem+json"]["schema"]
                assert {"$ref": "#/components/schemas/Problem"} == schema, name

    def test_what_names_one_thing_may_not_find_it(self, document: Json) -> None:
        """An operation with an id in its path documents 404."""
        with_id = [(name, operation) for name, operation in operations(document) if "{" in name]
        assert with_id
        assert [] == [name for name, operation in with_id if "404" not in operation["responses"]]

    def test_bodies_have_examples(self, document: Json) -> None:
        """Whoever tries it in a browser starts from values that are right."""
        schemas = document["components"]["schemas"]
        with_body = [(name, operation) for name, operation in operations(document) if "requestBody" in operation]
        assert with_body
        for name, operation in with_body:
            reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            fields: Json = schemas[reference.rpartition("/")[2]]["properties"]
            unclear = [field for field, schema in fields.items() if not _is_clear(schema)]
            assert [] == unclear, name

    def test_money_is_a_string_or_a_whole_number(self, document: Json) -> None:
        """A fraction in JSON would be a float; what goes out is always a string."""
        schemas = document["components"]["schemas"]
        shown = [schemas["AccountOut"]["properties"]["balance"], schemas["TransferOut"]["properties"]["amount"]]
        assert ["string"] * 2 == [schema["type"] for schema in shown]
        taken = [schemas["AccountIn"]["properties"]["balance"], schemas["TransferIn"]["properties"]["amount"]]
        assert [["string", "integer"]] * 2 == [[each["type"] for each in schema["anyOf"]] for schema in taken]

    def test_null_is_documented_where_it_is_accepted(self, document: Json) -> None:
        """In a PATCH, null takes the password away; any other field is left out if it is not to change."""
        schemas = document["components"]["schemas"]
        nullable = [
            (name, field)
            for name in ("UserPatch", "PostPatch")
            for field, schema in schemas[name]["properties"].items()
            if {"type": "null"} in schema.get("anyOf", [])
        ]
        assert [("UserPatch", "password")] == nullable
        assert "maxLength" in schemas["PostPatch"]["properties"]["title"]

    def test_no_secret_is_in_a_reply(self, document: Json) -> None:
        """Nothing that is shown has a password."""
        schemas = document["components"]["schemas"]
        with_password = {name for name, schema in schemas.items() if "password" in str(schema.get("properties"))}
        assert {"UserIn", "UserPatch", "UserPut"} == with_password


def _is_clear(schema: Json) -> bool:
    """Tell whether a reader knows what to write: an example, a choice, or a truth value."""
    choices = [schema, *schema.get("anyOf", [])]
    return any("examples" in each or "enum" in each or each.get("type") == "boolean" for each in choices)
