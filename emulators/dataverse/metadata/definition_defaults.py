"""The properties that are the same in the definition of every custom table, column, key or relationship.

Taken from the replies in Microsoft's sample "Web API table schema operations", so that no property of the service is
missing. The module is long because it is data.
"""

from __future__ import annotations

from typing import Any, Final

type Definition = dict[str, Any]

LANGUAGE: Final = 1033
_VERSION: Final = "1.0.0.0"
_WHEN: Final = "2026-01-01T00:00:00Z"


def label(text: str) -> Definition:
    """Return a text as people see it; an empty one has no translation."""
    if not text:
        return {"LocalizedLabels": [], "UserLocalizedLabel": None}
    localized = {"Label": text, "LanguageCode": LANGUAGE, "IsManaged": False, "MetadataId": None, "HasChanged": None}
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


def _managed(name: str, *, value: bool, changeable: bool = True) -> Definition:
    return {"Value": value, "CanBeChanged": changeable, "ManagedPropertyLogicalName": name}


_CUSTOMIZABLE: Final = {"IsCustomizable": _managed("iscustomizable", value=True)}
_RENAMEABLE: Final = {"IsRenameable": _managed("isrenameable", value=True)}

TABLE: Final[Definition] = {
    **dict.fromkeys(
        (
            *("AutoRouteToOwnerQueue", "EntityHelpUrlEnabled", "IsDocumentManagementEnabled"),
            *("IsOneNoteIntegrationEnabled", "IsInteractionCentricEnabled", "IsKnowledgeManagementEnabled"),
            *("IsSLAEnabled", "IsBPFEntity", "IsDocumentRecommendationsEnabled", "IsMSTeamsIntegrationEnabled"),
            *("AutoCreateAccessTeams", "IsActivity", "IsActivityParty", "IsRetrieveAuditEnabled"),
            *("IsRetrieveMultipleAuditEnabled", "IsArchivalEnabled", "IsRetentionEnabled", "IsAvailableOffline"),
            *("IsChildEntity", "IsAIRUpdated", "IsBusinessProcessEnabled", "SyncToExternalSearchIndex"),
            *("IsIntersect", "IsManaged", "IsEnabledForTrace", "IsQuickCreateEnabled", "EnforceStateTransitions"),
            *("IsEnabledForExternalChannels", "IsPrivate", "UsesBusinessDataLabelTable", "IsLogicalEntity"),
            *("HasNotes", "HasActivities", "HasFeedback", "HasEmailAddresses", "IsSolutionAware"),
        ),
        False,
    ),
    **dict.fromkeys(
        (
            *("CanTriggerWorkflow", "IsCustomEntity", "IsOptimisticConcurrencyEnabled", "IsImportable"),
            *("IsEnabledForCharts", "IsValidForAdvancedFind", "IsReadingPaneEnabled", "IsStateModelAware"),
        ),
        True,
    ),
    **dict.fromkeys(
        (
            *("EntityHelpUrl", "SettingOf", "DataProviderId", "DataSourceId", "PrimaryImageAttribute"),
            *("IconLargeName", "IconMediumName", "IconSmallName", "IconVectorName", "EntityColor"),
            *("RecurrenceBaseEntityLogicalName", "ExternalName", "ExternalCollectionName"),
            *("OwnerId", "OwningBusinessUnit", "HasChanged"),
        )
    ),
    "ActivityTypeMask": 0,
    "DaysSinceRecordLastModified": 0,
    "MobileOfflineFilters": "",
    "OwnershipType": "UserOwned",
    "OwnerIdType": 8,
    "TableType": "Standard",
    "IntroducedVersion": _VERSION,
    "CreatedOn": _WHEN,
    "ModifiedOn": _WHEN,
    "Description": label(""),
    "IsAuditEnabled": _managed("canmodifyauditsettings", value=False),
    "IsValidForQueue": _managed("canmodifyqueuesettings", value=False),
    "IsConnectionsEnabled": _managed("canmodifyconnectionsettings", value=False),
    **_CUSTOMIZABLE,
    **_RENAMEABLE,
    "IsMappable": _managed("ismappable", value=True, changeable=False),
    "IsDuplicateDetectionEnabled": _managed("canmodifyduplicatedetectionsettings", value=False),
    "CanCreateAttributes": _managed("cancreateattributes", value=True, changeable=False),
    **{
        name: _managed(name.lower(), value=True)
        for name in (
            *("CanCreateForms", "CanCreateViews", "CanCreateCharts", "CanBeRelatedEntityInRelationship"),
            *("CanBePrimaryEntityInRelationship", "CanBeInManyToMany", "CanBeInCustomEntityAssociation"),
            *("CanEnableSyncToExternalSearchIndex", "CanModifyAdditionalSettings"),
            *("CanChangeHierarchicalRelationship", "CanChangeTrackingBeEnabled"),
        )
    },
    "IsMailMergeEnabled": _managed("canmodifymailmergesettings", value=False),
    "IsVisibleInMobile": _managed("canmodifymobilevisibility", value=False),
    "IsVisibleInMobileClient": _managed("canmodifymobileclientvisibility", value=False),
    "IsReadOnlyInMobileClient": _managed("canmodifymobileclientreadonly", value=False),
    "IsOfflineInMobileClient": _managed("canmodifymobileclientoffline", value=False),
    "Settings": [],
}

PRIVILEGES: Final = ("Create", "Read", "Write", "Delete", "Assign", "Share", "Append", "AppendTo")

COLUMN: Final[Definition] = {
    **dict.fromkeys(
        (
            *("IsSecured", "IsRetrievable", "IsFilterable", "IsSearchable", "IsManaged", "IsRequiredForForm"),
            *("IsLogical", "IsDataSourceSecret"),
        ),
        False,
    ),
    **dict.fromkeys(
        (
            *("IsValidODataAttribute", "CanBeSecuredForRead", "CanBeSecuredForCreate", "CanBeSecuredForUpdate"),
            *("IsValidForForm", "IsValidForGrid", "IsValidForRead"),
        ),
        True,
    ),
    **dict.fromkeys(
        (
            *("HasChanged", "AttributeOf", "DeprecatedVersion", "LinkedAttributeId", "ExternalName"),
            *("InheritsFrom", "AutoNumberFormat"),
        )
    ),
    "IntroducedVersion": _VERSION,
    "CreatedOn": _WHEN,
    "ModifiedOn": _WHEN,
    "SourceType": 0,
    "Description": label(""),
    "IsAuditEnabled": _managed("canmodifyauditsettings", value=True),
    "IsGlobalFilterEnabled": _managed("canmodifyglobalfiltersettings", value=False),
    "IsSortableEnabled": _managed("canmodifyissortablesettings", value=False),
    **_CUSTOMIZABLE,
    **_RENAMEABLE,
    "IsValidForAdvancedFind": _managed("canmodifysearchsettings", value=True),
    "CanModifyAdditionalSettings": _managed("canmodifyadditionalsettings", value=True),
    "Settings": [],
}

KEY: Final[Definition] = {
    "HasChanged": None,
    "IntroducedVersion": _VERSION,
    "IsManaged": False,
    "IsExportKey": False,
    "IsSecondaryKey": False,
    "IsSynchronous": False,
    "EntityKeyIndexStatus": "Active",
    **_CUSTOMIZABLE,
}

RELATIONSHIP: Final[Definition] = {
    "HasChanged": None,
    "IntroducedVersion": _VERSION,
    "IsManaged": False,
    "IsCustomRelationship": True,
    "IsHierarchical": False,
    "IsValidForAdvancedFind": True,
    "IsRelationshipAttributeDenormalized": False,
    "IsDenormalizedLookup": None,
    "DenormalizedAttributeName": None,
    "EntityKey": None,
    "RelationshipBehavior": 1,
    "RelationshipType": "OneToManyRelationship",
    "SecurityTypes": "Append",
    "RelationshipAttributes": [],
    "AssociatedMenuConfiguration": {
        "Behavior": "UseCollectionName",
        "Group": "Details",
        "Order": 10000,
        "IsCustomizable": True,
        "Icon": None,
        "ViewId": "00000000-0000-0000-0000-000000000000",
        "AvailableOffline": True,
        "MenuId": None,
        "QueryApi": None,
        "Label": label(""),
    },
    "CascadeConfiguration": {
        **dict.fromkeys(("Assign", "Reparent", "Share", "Unshare", "RollupView"), "NoCascade"),
        "Delete": "RemoveLink",
        "Archive": "RemoveLink",
        "Merge": "Cascade",
    },
    **_CUSTOMIZABLE,
}

OPTION_SET: Final[Definition] = {
    "HasChanged": None,
    "IntroducedVersion": _VERSION,
    "IsCustomOptionSet": True,
    "IsGlobal": False,
    "IsManaged": False,
    "ExternalTypeName": None,
    **_CUSTOMIZABLE,
}

OPTION: Final[Definition] = {
    "Color": None,
    "IsManaged": False,
    "ExternalValue": "",
    "ParentValues": [],
    "MetadataId": None,
    "HasChanged": None,
    "Description": label(""),
}
