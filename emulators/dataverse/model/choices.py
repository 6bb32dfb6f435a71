"""The emulator's choices where Microsoft's documents and captured replies are silent or incomplete.

Each constant has its ground above it: "Unknown", with what there is to go by, or "Source", with what is inferred from
it. No test should depend on one of them. A choice that a live environment contradicts is changed here.
docs/dataverse-emulator.md, "What is not known", has the same list.
"""

from __future__ import annotations

from typing import Final

# The body of a 401 was never captured; the challenge in WWW-Authenticate is what clients read. Unknown.
UNAUTHORIZED_BODY: Final = b""

# What stands before the two documented keys when a token came and was no good. Unknown; remembered, not captured.
INVALID_TOKEN_CHALLENGE: Final = "error=invalid_token, error_description=Error during token validation!, "

# AADSTS700016 without its HTTP status; 400 is the status that the error page gives for most. Unknown; the words are
# captured (azure-sdk-for-python#8314).
UNKNOWN_APPLICATION_STATUS: Final = 400

# A federated credential that does not match. Unknown; numbers, words and `invalid_client` are captured
# (azure-workload-identity#1200, Azure/login#482), 401 for their sibling 7002137 (microsoft/Agents#202), and 400 was
# seen in 2022 for the older 70021.
NO_FEDERATED_RECORD_STATUS: Final = 401

# The order in which issuer, subject and audience are compared; each has its own number. Unknown.
FEDERATED_RECORD_ORDER: Final = ("issuer", "subject", "audience")

# An issuer whose metadata cannot be read. Unknown; number and words are captured (GitLab's guide to OpenID Connect in
# Azure).
ISSUER_UNREACHABLE_STATUS: Final = 400
ISSUER_UNREACHABLE_ERROR: Final = "invalid_request"

# An assertion with a wrong signature, by a key that its issuer has. Unknown; 700027 is captured for the application's
# own assertion (passport-azure-ad#453).
FEDERATED_SIGNATURE_CODE: Final = 700027

# An assertion in another algorithm. Source: "Important considerations and restrictions for federated identity
# credentials", by which RS256 is supported and others may work; that they are refused, and how, is inferred.
OTHER_ALGORITHM_CODE: Final = 5002738

# By how much the times of an assertion may differ from Entra's clock. Unknown; Microsoft's token library allows five
# minutes unless it is told otherwise.
ASSERTION_SKEW_SECONDS: Final = 300

# An assertion that is no JWT. Source: "Microsoft Entra authentication and authorization error codes" (50027,
# InvalidJwtToken); that an assertion is meant too, and the status, are inferred.
MALFORMED_ASSERTION_CODE: Final = 50027
MALFORMED_ASSERTION_STATUS: Final = 400

# Another client_assertion_type, or none: as if no assertion had come. Unknown.
OTHER_ASSERTION_TYPE_IS_NONE: Final = True

# The application's own assertion with another subject, and for another audience. Unknown; the numbers were seen.
OWN_ASSERTION_SUBJECT_CODE: Final = 700021
OWN_ASSERTION_AUDIENCE_CODE: Final = 700023

# A certificate that has ended: as one that was never registered. Unknown.
ENDED_CERTIFICATE_IS_NOT_FOUND: Final = True

# Text is compared without case. Source: "Filter rows using OData" for `$filter`; for keys inferred, as a key is an
# index of the same database.
TEXT_IGNORES_CASE: Final = True

# Text is compared without the spaces at its end; `contains` and its kind take them as they are, as LIKE does. Source:
# SQL Server (KB316626, trailing spaces); that keys and filters follow it is inferred.
TEXT_IGNORES_TRAILING_SPACES: Final = True

# Å and A, ø and o, a letter and the same with a combining mark. Unknown; the database's collation decides, which an
# environment gets with its language.
ACCENTS_MATTER: Final = True

# What the length of a text column counts. Unknown; .NET and nvarchar count so.
TEXT_LENGTH_IN_UTF16: Final = True

# An empty text in a body: kept, and not made null. Unknown.
EMPTY_TEXT_IS_KEPT: Final = True

# A text with a character that XML does not have. Unknown; code and words are captured (powerapps-tools#834), the rule
# is documented ("Manage invalid characters").
INVALID_CHARACTER_STATUS: Final = 400

# A time without a zone, in a body and in a filter. Source: three of Microsoft's examples send them; that the zone is
# UTC is inferred.
TIMES_WITHOUT_ZONE_ARE_UTC: Final = True

# A time before 1753, in a body or a filter: 400. Unknown; words and status were seen, the code is that of an
# invalid date.
TOO_EARLY_CODE: Final = "0x80040239"

# A number with more digits behind the point than its column has: rounded, not refused. Unknown.
NUMBERS_ARE_ROUNDED: Final = True

# Columns that only the system writes, in a body: passed over, not refused. Unknown.
READ_ONLY_COLUMNS_ARE_PASSED_OVER: Final = True

# A row with an empty key column: taken as left out of the index, so that it can be neither found by the key nor clash.
# Unknown.
NULL_KEY_PARTS_ARE_INDEXED: Final = False

# The value of a key in an address. Source: "Work with alternate keys", which says that they "do not work" in GET and
# PATCH.
REFUSED_KEY_CHARACTERS: Final = frozenset("/<>*%&:\\?+")

# How a key value with one of them is refused. Unknown; the code is that of an address that cannot be read.
REFUSED_KEY_CHARACTER_STATUS: Final = 400
REFUSED_KEY_CHARACTER_CODE: Final = "0x80060888"

# An address with what is no key of the table. Unknown; the words are documented ("Use an alternate key to reference a
# record").
NOT_A_KEY_STATUS: Final = 400
NOT_A_KEY_CODE: Final = "0x0"

# A table, column or key that is created a second time. Unknown; the code is that of a name that is not unique.
DEFINITION_EXISTS_STATUS: Final = 400
DEFINITION_EXISTS_CODE: Final = "0x80048403"

# The time until the index of a new alternate key is built. Unknown; it is a background job, minutes on a large table.
KEY_INDEX_SECONDS: Final = 0.3

# An update of a row that is not there, by somebody who may write no row of that table: refused, as a read of it is.
# Unknown; a privilege is held on the table, so it can be looked at before the row is looked for.
PRIVILEGE_BEFORE_EXISTENCE: Final = True

# A body whose `Content-Type` is something else than application/json; one without that header is taken for JSON.
# Unknown; the page on composing requests asks for the header, words and status are ASP.NET's.
OTHER_CONTENT_STATUS: Final = 415

# The same key twice in UpsertMultiple. Unknown; "unexpected error" is captured for a repeated key in another case
# (pysdk#127).
SAME_KEY_TWICE_STATUS: Final = 400
SAME_KEY_TWICE_CODE: Final = "0x80040216"

# statuscode that does not belong to statecode. Unknown; words and code were seen, the status was not.
STATUS_MISMATCH_STATUS: Final = 400
STATUS_MISMATCH_CODE: Final = "0x80048408"

# Creating a row that is inactive, of a table of one's own. Unknown; some of the system's tables refuse it.
CREATE_INACTIVE: Final = True

# A $batch that stops at a failing operation. Unknown; 400 and 500 were seen, each the failure's own.
OUTER_STATUS_IS_THE_FAILURES: Final = True

# More operations than a $batch may hold. Unknown; the words are captured (powerapps-docs#1890).
BATCH_TOO_LARGE_CODE: Final = "0x80048d19"

# LF in a part of a $batch, CRLF in the rest. Unknown; the page on client errors speaks of either alone.
LINE_ENDS_MAY_DIFFER: Final = True

# A $batch without CRLF or two line ends behind its end, or without an end. A change set is lost whole. Source: the page
# on client errors ("Stream was not readable"); that it is so for reads and for a batch that was cut is inferred.
BAD_END_LOSES_ONE_OPERATION: Final = True

# A $batch with nothing in it. Unknown.
EMPTY_BATCH_STATUS: Final = 200

# $2 where no operation of the change set has that Content-ID yet. Unknown; words and status are documented.
UNKNOWN_CONTENT_ID_CODE: Final = "0x0"

# A URL of more than 32,768 characters (65,536 in a $batch). Unknown; the limits are documented, the refusal only as
# "413 for requests that are too large".
URL_TOO_LONG_STATUS: Final = 413

# A number outside the column's range. Unknown; the words were seen, the code is that of its documented neighbour, less
# one.
OUT_OF_RANGE_CODE: Final = "0x80044330"

# A choice that its column does not have. Unknown; the code is documented (PicklistValueOutOfRange).
UNKNOWN_OPTION_STATUS: Final = 400

# Text for a whole number or a boolean ("5", "true") is converted, for a decimal it is refused. Unknown; Microsoft's
# OData library does so when it reads JSON.
TEXT_IS_CONVERTED: Final = frozenset({"integer", "choice", "state", "status", "boolean", "double"})

# An item of a bulk message without @odata.type or without what identifies it. Unknown; the words are ours.
BULK_ITEM_CODE: Final = "0x80048d19"

# What an operation costs of the execution time. Limits hold per user and per web server; the emulator is one web
# server. One HTTP request is one request, a $batch too (entitlement, another system, counts its operations). A bulk
# message costs as much as its rows. Unknown; 25 ms is a plain write to a table without logic of its own.
EXECUTION_MS: Final = 25.0

# By how much a request inside a Retry-After makes it longer. Unknown; it "is extended if the client keeps pushing".
EXTENSION_SECONDS: Final = 1.0

# Too many at one time. Unknown; no window has to pass, so it is the shortest time that the header can say.
CONCURRENCY_RETRY_AFTER_SECONDS: Final = 1.0

# Statuses that a gateway in front of the service gives, with a page of its own instead of the JSON body. Unknown;
# gateways do so.
GATEWAY_STATUSES: Final = frozenset({502, 503, 504})

# An empty column in `$filter`: `ne` holds for it, every other comparison does not, and `not` turns that round. Unknown;
# Dataverse asks SQL for `<> … OR … IS NULL`.
EMPTY_COLUMNS_ARE_NOT_EQUAL: Final = True

# Where empty columns stand in an order. Source: SQL Server ("ORDER BY clause": NULL is the lowest value); for Dataverse
# inferred.
EMPTY_COLUMNS_SORT_FIRST: Final = True

# `$filter=donotemail`, without `eq true`: refused with 501. Unknown; good OData, not among Dataverse's examples.
BARE_BOOLEAN_COLUMNS: Final = False

# What OData has and Dataverse does not list: `in`, `tolower()`, `add` and the like. Unknown; the words are captured for
# `x in (…)` (DynamicsWebApi#121).
NOT_IMPLEMENTED_STATUS: Final = 501

# A comparison of two types. Unknown; the words are the OData library's.
INCOMPATIBLE_TYPES_CODE: Final = "0x0"

# A value of a Dataverse function that its column cannot have, or too few of them. Unknown.
FUNCTION_VALUE_CODE: Final = "0x80040203"

# GET of a lookup that is empty, by its navigation property. Source: OData 4.0, part 1, 11.2.6; for Dataverse inferred.
EMPTY_LOOKUP_STATUS: Final = 204

# A `+` in a query. Source: "Filter rows using OData", by which `+` has to be encoded; that it is a space is inferred.
PLUS_IS_A_SPACE: Final = True

# `$top` above 5,000: pages of 5,000 until so many rows were given. False: one page and no more. Unknown.
TOP_GOES_ON_AFTER_A_PAGE: Final = True

# Query options that are refused. Unknown; the code was seen for $skip.
BAD_QUERY_CODE: Final = "0x80060888"

# A definition that is not there. Unknown.
NO_DEFINITION_CODE: Final = "0x80060888"

# Changes of a table that is not tracked. Unknown; code and words are documented.
NOT_TRACKED_STATUS: Final = 400

# A delta token older than seven days. Unknown; "an exception" in the documents, the code is ExpiredVersionStamp, which
# public code of others handles.
EXPIRED_TOKEN_STATUS: Final = 400
EXPIRED_TOKEN_CODE: Final = "0x80044352"
