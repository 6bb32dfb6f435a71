"""Names that the service has and the emulator has not, so that none is taken for a typo.

After Microsoft's Web API reference and its SDK: entity types, functions, actions and query functions that every
environment has. A missing name, such as a table of one of Microsoft's apps, is refused as a typo.
The module is long because it is one list of names, read as data.
"""

from __future__ import annotations

from typing import Final

SETS: Final = frozenset(
    """
    aadusers accounts aciviewmappers actioncards actioncarduserstates activityfileattachments activitymimeattachments
    activityparties activitypointers adminsettingsentities aiconfigurations aimodels aiplugins aitemplates annotations
    annualfiscalcalendars appactions appconfiginstances appconfigmasters appconfigs appelements applicationfiles
    applicationroles applications applicationusers appmodulecomponentedges appmodulecomponentnodes appmodulecomponents
    appmodulemetadataset appmodulerolesset appmodules appnotifications appointments appsettings appusersettings
    asyncoperations attachments attributeimageconfigs attributemaps attributes audits authorizationservers
    azureserviceconnections backgroundoperations botcomponents bots bulkdeletefailures bulkdeleteoperations
    bulkoperationlogs bulkoperations businessdatalocalizedlabels businessprocessflowinstances businessunitmaps
    businessunitnewsarticles businessunits calendarrules calendars campaignactivities campaignresponses campaigns
    canvasappextendedmetadatas canvasapps cards cardtypes catalogassignments catalogs categories
    channelaccessprofilerules channelaccessprofiles clientupdates columnmappings competitors complexcontrols
    connectionreferences connectionroleassociations connectionroleobjecttypecodes connectionroles connections
    connectors constraintbasedgroups contacts contractdetails contracts contracttemplates conversationtranscripts
    convertruleitems convertrules credentials customapirequestparameters customapiresponseproperties customapis
    customcontroldefaultconfigs customcontrolresources customcontrols customeraddresses customeropportunityroles
    customerrelationships datalakefolderpermissions datalakefolders datalakeworkspacepermissions datalakeworkspaces
    dataperformances dataprocessingconfigurations delegatedauthorizations dependencies dependencyfeatures
    dependencynodes desktopflowbinaries desktopflowmodules devicesubscriptions discounts discounttypes
    displaystringmaps displaystrings documentindexes documenttemplates duplicaterecords duplicateruleconditions
    duplicaterules dynamicproperties dynamicpropertyassociations dynamicpropertyinsatances
    dynamicpropertyoptionsetitems elasticfileattachments emailaddressconfigurations emailhashes emails emailsearches
    emailserverprofiles emailsignatures entities entitlementchannels entitlements entitlementtemplates
    entityanalyticsconfigs entityclusterconfigs entitydataproviders entitydatasources entityimageconfigs entitykeys
    entitymaps entityrecordfilters environmentvariabledefinitions environmentvariablevalues equipments
    exchangesyncidmappings expanderevents expiredprocesses exportsolutionuploads externalparties externalpartyitems
    fabricaiskills faxes featurecontrolsettings federatedarticles feedback fieldpermissions fieldsecurityprofiles
    fileattachments filtertemplates fixedmonthlyfiscalcalendars flowevents flowlogs flowmachinegroups
    flowmachineimages flowmachinenetworks flowmachines flowruns flowsessions formularelationships geofences
    goalrollupqueries goals hierarchyrules hierarchysecurityconfigurations holidaywrappers imagedescriptors
    importdataset importentitymappings importfiles importjobs importlogs importmaps imports incidentresolutions
    incidents indexattributes integrationstatuses interactionforemails internaladdresses internalcatalogassignments
    invaliddependencies inventories invoicedetails invoices isvconfigs kbarticlecomments kbarticles kbarticletemplates
    keyvaultreferences knowledgearticleincidents knowledgearticles knowledgearticleviewses knowledgebaserecords
    knowledgesearchmodels languagelocales languageprovisioningstates leads letters licenses listmembers lists
    localconfigstores localizedlabels lookupmappings mailboxes mailboxstatisticsset mailboxtrackingcategories
    mailboxtrackingfolders mailmergetemplates mainfewshots managedidentities managedproperties metadataforarchivals
    metrics mobileofflineprofileextensions mobileofflineprofileitemassociations mobileofflineprofileitems
    mobileofflineprofiles monthlyfiscalcalendars msdyn_componentlayers msdyn_nonrelationaldses msdyn_richtextfiles
    msdyn_solutioncomponentsummaries msdyn_solutionhistories multientitysearchentitieses multientitysearches
    multiselectattributeoptionvalues navigationsettings newprocesses nlsqregistrations notifications officedocuments
    officegraphdocuments offlinecommanddefinitions opportunities opportunitycloses opportunityproducts optionsets
    ordercloses organizationdatasyncfnostates organizationdatasyncstates organizationdatasyncsubscriptions
    organizations organizationsettings organizationstatistics organizationuis orginsightsmetrics
    orginsightsnotifications ownermappings owners packagehistories packages partnerapplications pdfsettings
    personaldocumenttemplates phonecalls picklistmappings pluginassemblies pluginpackages plugintracelogs plugintypes
    plugintypestatistics positions postcomments postfollows postlikes postregardings postroles posts powerbidatasets
    powerbimashupparameters powerbireports powerfxrules powerpagecomponents powerpagesitelanguages powerpagesites
    pricelevels principalattributeaccessmaps principalentitymaps principalobjectaccessreadsnapshots
    principalobjectaccessset principalobjectattributeaccessset principals privilegeobjecttypecodesset privileges
    processsessions processstageparameters processstages processtriggers productassociations productpricelevels
    products productsalesliteratures productsubstitutes provisionlanguageforusers publisheraddresses publishers
    quarterlyfiscalcalendars queueitemcounts queueitems queuemembercounts queues quotecloses quotedetails quotes
    ratingmodels ratingvalues recentlyuseds recommendationcaches recommendeddocuments recordcountsnapshots
    recordfilters recurrencerules recurringappointmentmasters recyclebinconfigs relationshipattributes
    relationshiprolemaps relationshiproles relationships replicationbacklogs reportcategories reportentities
    reportlinks reportparameters reports reportvisibilities resourcegroupexpansions resourcegroups resources
    resourcespecs retaineddataexcels retentionconfigs retentionfailuredetails retentionoperations
    retentionsuccessdetails revokeinheritedaccessrecordstrackers ribbonclientmetadataset ribboncommands
    ribboncontextgroups ribboncustomizations ribbondiffs ribbonmetadatasettoprocess ribbonrules ribbontabtocommandmaps
    roleeditorlayouts roleprivilegescollection roles roletemplateprivilegesset roletemplates rollupfields rollupjobs
    rollupproperties routingruleitems routingrules runtimedependencies salesliteratureitems salesliteratures
    salesorderdetails salesorders savedqueries savedqueryvisualizations savingrules schedulinggroups sdkmessagepairs
    sdkmessageprocessingstepimages sdkmessageprocessingsteps sdkmessageprocessingstepsecureconfigs
    sdkmessagerequestfields sdkmessagerequests sdkmessageresponsefields sdkmessageresponses sdkmessages
    semiannualfiscalcalendars serviceappointments servicecontractcontacts servicecontracts serviceendpoints
    serviceplanmappings serviceplans services settingdefinitions sharedobjects sharedworkspaces sharepointdata
    sharepointdocumentlocations sharepointdocuments sharepointmanagedidentities sharepointsites sideloadedaiplugins
    similarityrules sitemaps sites slaitems slakpiinstances slas socialactivities socialinsightsconfigurations
    socialprofiles solutioncomponentattributeconfigurations solutioncomponentbatchconfigurations
    solutioncomponentconfigurations solutioncomponentdatasources solutioncomponentdefinitions
    solutioncomponentrelationshipconfigurations solutioncomponents solutionhistories solutionhistorydataset solutions
    sqlencryptionaudits stagedentities stagedentityattributes stagesolutionuploads statusmaps stringmaps subjects
    subscriptionclients subscriptionmanuallytrackedobjects subscriptions subscriptionstatisticsofflineset
    subscriptionstatisticsoutlookset subscriptionsyncentriesoffline subscriptionsyncentriesoutlook
    subscriptionsyncinfos suggestioncardtemplates synapsedatabases synapselinkexternaltablestates
    synapselinkprofileentities synapselinkprofileentitystates synapselinkprofiles synapselinkschedules
    syncattributemappingprofiles syncattributemappings syncerrors systemapplicationmetadataset systemforms
    systemuserauthorizationchangetrackers systemuserbusinessunitentitymaps systemuserlicensescollection
    systemusermanagermaps systemuserprincipalscollection systemuserprofilescollection systemuserrolescollection
    systemusers systemusersyncmappingprofilescollection tasks tdsmetadataset teammemberships
    teammobileofflineprofilemembershipcollection teamprofilescollection teamrolescollection teams
    teamsyncattributemappingprofilescollection teamtemplates templates territories textanalyticsentitymappings themes
    timestampdates timezonedefinitions timezonelocalizednames timezonerules topichistories topicmodelconfigurations
    topicmodelexecutionhistories topicmodels traceassociations tracelogs traceregardings transactioncurrencies
    transformationmappings transformationparametermappings translationprocesses unresolvedaddresses untrackedemails
    uoms uomschedules userapplicationmetadataset userentityinstancedataset userentityuisettingscollection
    userfiscalcalendars userforms usermappings usermobileofflineprofilemembershipcollection userqueries
    userqueryvisualizations userratings usersearchfacets usersettingscollection virtualentitymetadatas
    virtualresourcegroupresources webresourceset webwizards wizardaccessprivileges wizardpages workflowbinaries
    workflowdependencies workflowlogs workflowmetadatas workflows workflowwaitsubscriptions
    """.split()  # noqa: SIM905 - six hundred names, to be read
)
"""Tables of the system."""

DEFINITIONS: Final = frozenset({"GlobalOptionSetDefinitions", "ManagedPropertyDefinitions"})
"""Sets of definitions, besides those of tables and relationships."""

MESSAGES: Final = frozenset(
    """
    AddAppComponents AddChannelAccessProfilePrivileges AddItemCampaign AddItemCampaignActivity AddListMembersList
    AddMemberList AddMembersTeam AddPrincipalToQueue AddPrivilegesRole AddProductToKit AddRecurrence
    AddSolutionComponent AddSubstituteProduct AddToQueue AddUserToRecordTeam ApplyRecordCreationAndUpdateRule
    ApplyRoutingRule Assign Associate AssociateEntities AutoMapEntity BackgroundSendEmail Book BulkDetectDuplicates
    CalculateActualValueOpportunity CalculatePrice CalculateRollupField CalculateTotalTimeIncident CanBeReferenced
    CanBeReferencing CanManyToMany CancelContract CancelSalesOrder CheckIncomingEmail CheckPromoteEmail CloneAsPatch
    CloneAsSolution CloneContract CloneMobileOfflineProfile CloneProduct CloseIncident CloseQuote
    CommitAnnotationBlocksUpload CommitAttachmentBlocksUpload CommitFileBlocksUpload CompoundCreate CompoundUpdate
    CompoundUpdateDuplicateDetectionRule ConvertDateAndTimeBehavior ConvertKitToProduct ConvertOwnerTeamToAccessTeam
    ConvertProductToKit ConvertQuoteToSalesOrder ConvertSalesOrderToInvoice CopyCampaign CopyCampaignResponse
    CopyDynamicListToStatic CopyMembersList CopySystemForm CreateActivitiesList CreateAsyncJobToRevokeInheritedAccess
    CreateAttribute CreateCustomerRelationships CreateEntities CreateEntity CreateEntityKey CreateException
    CreateInstance CreateKnowledgeArticleTranslation CreateKnowledgeArticleVersion CreateManyToMany CreateOneToMany
    CreateOptionSet CreatePolymorphicLookupAttribute CreateWorkflowFromTemplate DeleteAndPromote DeleteAndPromoteAsync
    DeleteAttribute DeleteAuditData DeleteEntity DeleteEntityKey DeleteFile DeleteOpenInstances DeleteOptionSet
    DeleteOptionValue DeleteRecordChangeHistory DeleteRelationship DeliverImmediatePromoteEmail DeliverIncomingEmail
    DeliverPromoteEmail DeprovisionLanguage Disassociate DisassociateEntities DistributeCampaignActivity DownloadBlock
    DownloadReportDefinition DownloadSolutionExportData ExecuteAsync ExecuteByIdSavedQuery ExecuteByIdUserQuery
    ExecuteCosmosSqlQuery ExecuteFetch ExecuteMultiple ExecuteTransaction ExecuteWorkflow ExpandCalendar
    ExportFieldTranslation ExportMappingsImportMap ExportSolution ExportSolutionAsync ExportTranslation
    FetchXmlToQueryExpression FindParentResourceGroup FormatAddress FulfillSalesOrder FullTextSearchKnowledgeArticle
    GenerateInvoiceFromOpportunity GenerateQuoteFromOpportunity GenerateSalesOrderFromOpportunity GenerateSharedLink
    GenerateSocialProfile GetAllTimeZonesWithDisplayName GetAutoNumberSeed GetClientMetadata GetDecryptionKey
    GetDefaultPriceLevel GetDistinctValuesImportFile GetFileSasUrl GetHeaderColumnsImportFile
    GetInvoiceProductsFromOpportunity GetNextAutoNumberValue GetPreferredSolution GetQuantityDecimal
    GetQuoteProductsFromOpportunity GetReportHistoryLimit GetSalesOrderProductsFromOpportunity
    GetTimeZoneCodeByLocalizedName GetTrackingTokenEmail GetValidManyToMany GetValidReferencedEntities
    GetValidReferencingEntities GrantAccess GrantAccessUsingSharedLink ImmediateBook ImportCardTypeSchema
    ImportFieldTranslation ImportMappingsImportMap ImportRecordsImport ImportSolution ImportSolutionAsync
    ImportSolutions ImportTranslation ImportTranslationAsync InitializeAnnotationBlocksDownload
    InitializeAnnotationBlocksUpload InitializeAttachmentBlocksDownload InitializeAttachmentBlocksUpload
    InitializeFileBlocksDownload InitializeFileBlocksUpload InitializeFrom InsertOptionValue InsertStatusValue
    InstallSampleData InstantiateFilters InstantiateTemplate IsBackOfficeInstalled IsComponentCustomizable
    IsDataEncryptionActive IsPaiEnabled IsValidStateTransition LocalTimeFromUtcTime LockInvoicePricing
    LockSalesOrderPricing LoseOpportunity MakeAvailableToOrganizationReport MakeAvailableToOrganizationTemplate
    MakeUnavailableToOrganizationReport MakeUnavailableToOrganizationTemplate Merge ModifyAccess OrderOption
    OverridePriceListPriceList ParseImport PickFromQueue ProcessInboundEmail ProcessOneMemberBulkOperation
    PropagateByExpression ProvisionLanguage ProvisionLanguageAsync PublishAll PublishAllXml PublishAllXmlAsync
    PublishDuplicateRule PublishProductHierarchy PublishTheme PublishXml QualifyLead QualifyMemberList
    QueryAppCapacity QueryExpressionToFetchXml QueryMultipleSchedules QuerySchedule ReactivateEntityKey
    ReassignObjectsOwner ReassignObjectsSystemUser Recalculate ReleaseToQueue RemoveAppComponents
    RemoveChannelAccessProfilePrivileges RemoveFromQueue RemoveItemCampaign RemoveItemCampaignActivity
    RemoveMemberList RemoveMembersTeam RemoveParent RemovePrivilegeRole RemoveProductFromKit RemoveSolutionComponent
    RemoveSubstituteProduct RemoveUserFromRecordTeam RenewContract RenewEntitlement ReplacePrivilegesRole Reschedule
    ResetUserFilters RetrieveAadUserPrivileges RetrieveAadUserRoles RetrieveAadUserSetOfPrivilegesByIds
    RetrieveAadUserSetOfPrivilegesByNames RetrieveAbsoluteAndSiteCollectionUrl RetrieveAccessOrigin RetrieveActivePath
    RetrieveAllChildUsersSystemUser RetrieveAllEntities RetrieveAllManagedProperties RetrieveAllOptionSets
    RetrieveAnalyticsStoreDetails RetrieveAppComponents RetrieveApplicationRibbon RetrieveAttribute
    RetrieveAttributeChangeHistory RetrieveAuditDetails RetrieveAuditPartitionList RetrieveAvailableLanguages
    RetrieveBusinessHierarchy RetrieveBusinessHierarchyBusinessUnit RetrieveByGroupResource
    RetrieveByResourceResourceGroup RetrieveByResourcesService RetrieveByTopIncidentProductKbArticle
    RetrieveByTopIncidentSubjectKbArticle RetrieveChannelAccessProfilePrivileges RetrieveCurrentOrganization
    RetrieveDataEncryptionKey RetrieveDependenciesForDelete RetrieveDependenciesForUninstall
    RetrieveDependentComponents RetrieveDeploymentLicenseType RetrieveDeprovisionedLanguages RetrieveDuplicates
    RetrieveEntity RetrieveEntityChanges RetrieveEntityKey RetrieveEntityRibbon RetrieveExchangeAppointments
    RetrieveExchangeRate RetrieveFeatureControlSetting RetrieveFeatureControlSettings
    RetrieveFeatureControlSettingsByNamespace RetrieveFilteredForms RetrieveFormXml RetrieveFormattedImportJobResults
    RetrieveInstalledLanguagePackVersion RetrieveInstalledLanguagePacks RetrieveLicenseInfo RetrieveLocLabels
    RetrieveMailboxTrackingFolders RetrieveManagedProperty RetrieveMembersBulkOperation RetrieveMembersTeam
    RetrieveMetadataChanges RetrieveMissingComponents RetrieveMissingDependencies RetrieveMultiple RetrieveOptionSet
    RetrieveOrganizationInfo RetrieveOrganizationResources RetrieveParentGroupsResourceGroup
    RetrieveParsedDataImportFile RetrievePersonalWall RetrievePrincipalAccess RetrievePrincipalAccessInfo
    RetrievePrincipalAttributePrivileges RetrievePrincipalSyncAttributeMappings RetrievePrivilegeSet
    RetrieveProcessInstances RetrieveProductProperties RetrieveProvisionedLanguagePackVersion
    RetrieveProvisionedLanguages RetrieveRecordChangeHistory RetrieveRecordWall RetrieveRelationship
    RetrieveRequiredComponents RetrieveRolePrivilegesRole RetrieveSetting RetrieveSettingList RetrieveSharedLinks
    RetrieveSharedPrincipalsAndAccess RetrieveSubGroupsResourceGroup RetrieveSubsidiaryTeamsBusinessUnit
    RetrieveSubsidiaryUsersBusinessUnit RetrieveTeamPrivileges RetrieveTeamsSystemUser RetrieveTimelineWallRecords
    RetrieveTimestamp RetrieveTotalRecordCount RetrieveUnpublished RetrieveUnpublishedMultiple RetrieveUserLicenseInfo
    RetrieveUserPrivilegeByPrivilegeId RetrieveUserPrivilegeByPrivilegeName RetrieveUserPrivileges RetrieveUserQueues
    RetrieveUserSetOfPrivilegesByIds RetrieveUserSetOfPrivilegesByNames RetrieveUserSettings
    RetrieveUserSettingsSystemUser RetrieveUsersPrivilegesThroughTeams RetrieveVersion RevertProduct ReviseQuote
    RevokeAccess RevokeSharedLink Rollup RouteTo SaveSettingValue Search SearchByBodyKbArticle
    SearchByKeywordsKbArticle SearchByTitleKbArticle SendBulkMail SendEmail SendEmailFromTemplate SendFax SendTemplate
    SetAutoNumberSeed SetBusinessEquipment SetBusinessSystemUser SetDataEncryptionKey SetFeatureStatus SetLocLabels
    SetParentBusinessUnit SetParentSystemUser SetParentTeam SetPreferredSolution SetProcess SetRelated
    SetReportRelated SetState StageAndUpgrade StageAndUpgradeAsync StageSolution StageSolutionUpload SyncBulkOperation
    TransformImport TriggerServiceEndpointCheck UninstallSampleData UninstallSolutionAsync UnlockInvoicePricing
    UnlockSalesOrderPricing UnpublishDuplicateRule UpdateAttribute UpdateEntity UpdateFeatureConfig UpdateOptionSet
    UpdateOptionValue UpdateProductProperties UpdateRelationship UpdateRibbonClientMetadata UpdateSolutionComponent
    UpdateStateValue UpdateUserSettings UpdateUserSettingsSystemUser UploadBlock UtcTimeFromLocalTime Validate
    ValidateApp ValidateFetchXmlExpression ValidateRecurrenceRule ValidateSavedQuery ValidateUnpublished
    VerifyProcessStateData WinOpportunity WinQuote searchautocomplete searchquery searchstatistics searchstatus
    searchsuggest
    """.split()  # noqa: SIM905
)
"""Functions and actions, bound ones too."""

QUERY_FUNCTIONS: Final = frozenset(
    """
    Above AboveOrEqual Contains EqualBusinessId EqualRoleBusinessId EqualUserId EqualUserLanguage
    EqualUserOrUserHierarchy EqualUserOrUserHierarchyAndTeams EqualUserOrUserTeams EqualUserTeams InFiscalPeriod
    InFiscalPeriodAndYear InFiscalYear InOrAfterFiscalPeriodAndYear InOrBeforeFiscalPeriodAndYear Last7Days
    LastFiscalPeriod LastFiscalYear LastMonth LastWeek LastXDays LastXFiscalPeriods LastXFiscalYears LastXHours
    LastXMonths LastXWeeks LastXYears LastYear Next7Days NextFiscalPeriod NextFiscalYear NextMonth NextWeek NextXDays
    NextXFiscalPeriods NextXFiscalYears NextXHours NextXMonths NextXWeeks NextXYears NextYear NotEqualBusinessId
    NotEqualUserId NotUnder OlderThanXDays OlderThanXHours OlderThanXMinutes OlderThanXMonths OlderThanXWeeks
    OlderThanXYears On OnOrAfter OnOrBefore ThisFiscalPeriod ThisFiscalYear ThisMonth ThisWeek ThisYear Today Tomorrow
    Under UnderOrEqual Yesterday
    """.split()  # noqa: SIM905
)
"""Functions of `$filter`, called by their full names."""

SYSTEM_PROPERTIES: Final = frozenset(
    {
        *("createdby", "createdonbehalfby", "modifiedby", "modifiedonbehalfby"),
        *("ownerid", "owningbusinessunit", "owningteam", "owninguser", "transactioncurrencyid"),
        *("_createdby_value", "_createdonbehalfby_value", "_modifiedby_value", "_modifiedonbehalfby_value"),
        *("_ownerid_value", "_owningbusinessunit_value", "_owningteam_value", "_owninguser_value"),
        *("_transactioncurrencyid_value", "exchangerate", "importsequencenumber", "overriddencreatedon"),
        *("timezoneruleversionnumber", "utcconversiontimezonecode", "processid", "stageid", "traversedpath"),
    }
)
"""Columns and lookups that the system adds to a table."""

SYSTEM_COLLECTIONS: Final = (
    *("AsyncOperations", "BulkDeleteFailures", "MailboxTrackingFolders", "PrincipalObjectAttributeAccesses"),
    *("ProcessSession", "SyncErrors", "UserEntityInstanceDatas", "DuplicateBaseRecord", "DuplicateMatchingRecord"),
    *("Annotations", "ActivityPointers", "FileAttachments", "Appointments", "Emails", "Tasks", "PhoneCalls"),
)
"""Ends of the names of the system's rows below a table's row: `cr1_example_AsyncOperations`."""
