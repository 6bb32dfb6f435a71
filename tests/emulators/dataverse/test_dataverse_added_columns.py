"""Replies of one row after its table has got a column: the emulator keeps the forms that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.dataverse_service import EXAMPLES

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

EXAMPLE = f"{EXAMPLES}(hlf_code='a',hlf_year=2026)"
ATTRIBUTES = "EntityDefinitions(LogicalName='hlf_example')/Attributes"
LABEL = {"LocalizedLabels": [{"Label": "x", "LanguageCode": 1033}]}


def test_a_new_column_comes_with_its_annotation(service: RunningEmulator) -> None:
    """A reply has the columns that are there now, also where the same was asked for before the newest one."""
    service.environment.settings.administration = True
    annotated = {"Prefer": 'return=representation,odata.include-annotations="*"'}
    assert service.patch(EXAMPLE, {"hlf_name": "a"}, **annotated).status_code == 201
    column = {
        "@odata.type": "Microsoft.Dynamics.CRM.BooleanAttributeMetadata",
        "AttributeType": "Boolean",
        "AttributeTypeName": {"Value": "BooleanType"},
        "SchemaName": "hlf_willing",
        "DisplayName": LABEL,
        "OptionSet": {"TrueOption": {}, "FalseOption": {}},
    }
    assert service.post(ATTRIBUTES, column).status_code == 204
    row = service.patch(EXAMPLE, {"hlf_willing": True}, **annotated).json()
    assert row["hlf_willing@OData.Community.Display.V1.FormattedValue"] == "Yes"


def test_a_reset_forgets_what_was_asked_for(service: RunningEmulator) -> None:
    """A column that was added is gone after a reset, from replies too, though they were asked for before it."""
    service.environment.settings.administration = True
    wanted = {"Prefer": "return=representation"}
    column = {
        "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
        "AttributeType": "String",
        "AttributeTypeName": {"Value": "StringType"},
        "SchemaName": "hlf_nickname",
        "DisplayName": LABEL,
    }
    assert service.post(ATTRIBUTES, column).status_code == 204
    assert service.patch(f"{EXAMPLE}?$select=hlf_nickname", {"hlf_name": "a"}, **wanted).status_code == 201
    service.environment.store.reset()
    assert service.patch(f"{EXAMPLE}?$select=hlf_nickname", {"hlf_name": "a"}, **wanted).status_code == 400
