"""Where Microsoft's documents and captured replies are silent, this is what the emulator does.

Every constant here is a guess, with its reason. What a test of ours relies on should not depend on one of them;
what a live environment shows otherwise is changed here.
"""

from __future__ import annotations

from typing import Final

# The body of a 401 was never captured; the challenge in WWW-Authenticate is what clients read.
UNAUTHORIZED_BODY: Final = b""
# What stands before the two documented keys when a token came and was no good: remembered, not captured.
INVALID_TOKEN_CHALLENGE: Final = "error=invalid_token, error_description=Error during token validation!, "

# AADSTS700016 was captured without its HTTP status; 400 is the status the error page gives for most.
UNKNOWN_APPLICATION_STATUS: Final = 400

TEXT_IGNORES_CASE: Final = True
TEXT_IGNORES_TRAILING_SPACES: Final = True
TEXT_LENGTH_IN_UTF16: Final = True
TIMES_WITHOUT_ZONE_ARE_UTC: Final = True
INVALID_CHARACTER_STATUS: Final = 400

# A row with an empty key column: taken as left out of the index, so that it can be neither found by the key nor clash.
NULL_KEY_PARTS_ARE_INDEXED: Final = False

# The documents only say that a key value with one of these "does not work" in GET and PATCH.
REFUSED_KEY_CHARACTERS: Final = frozenset("/<>*%&:\\?+")
REFUSED_KEY_CHARACTER_STATUS: Final = 400
REFUSED_KEY_CHARACTER_CODE: Final = "0x80060888"

# An update of a row that is not there, by somebody who may write no row of that table: refused, as a read of it is. A
# privilege is held on the table, so it can be looked at before the row is looked for.
PRIVILEGE_BEFORE_EXISTENCE: Final = True

# "Unexpected error": seen for a repeated key in one case, taken for the same key twice in UpsertMultiple.
SAME_KEY_TWICE_STATUS: Final = 400
SAME_KEY_TWICE_CODE: Final = "0x80040216"

# statuscode that does not belong to statecode: the text and the code were seen, the HTTP status was not.
STATUS_MISMATCH_STATUS: Final = 400
STATUS_MISMATCH_CODE: Final = "0x80048408"
# Creating a row that is inactive: some of the system's tables refuse it; taken as allowed for a table of one's own.
CREATE_INACTIVE: Final = True

# A $batch that stops at a failing operation: 400 and 500 were seen as outer status, so the operation's own is taken.
OUTER_STATUS_IS_THE_FAILURES: Final = True
# More operations than a $batch may hold: the words were captured, the code was not.
BATCH_TOO_LARGE_CODE: Final = "0x80048d19"
# $2 where no operation of the change set has that Content-ID yet: words and status are documented, the code is not.
UNKNOWN_CONTENT_ID_CODE: Final = "0x0"

# A URL of more than 32,768 characters (65,536 in a $batch): the limits are documented, the refusal is only by "413 for
# requests that are too large".
URL_TOO_LONG_STATUS: Final = 413

# A number outside the column's range: the words were seen, the code is that of its documented neighbour, less one.
OUT_OF_RANGE_CODE: Final = "0x80044330"
# Text for a whole number or a boolean ("5", "true") is converted, for a decimal it is refused, as Microsoft's OData
# library does when it reads JSON.
TEXT_IS_CONVERTED: Final = frozenset({"integer", "choice", "state", "status", "boolean", "double"})

# An item of a bulk message without @odata.type or without what identifies it: refused, in words of our own.
BULK_ITEM_CODE: Final = "0x80048d19"

# Service protection. Limits hold per user and per web server; the emulator is one web server. One HTTP request is one
# request, a $batch too (entitlement, which is another system, counts its operations). What an operation costs of the
# execution time is not documented: 25 ms is a plain write to a table without logic of its own. A bulk message costs as
# much as its rows.
EXECUTION_MS: Final = 25.0
# Retry-After "is extended if the client keeps pushing": by this much for every request inside the window.
EXTENSION_SECONDS: Final = 1.0
# Too many at one time: no window has to pass, so the shortest time that the header can say.
CONCURRENCY_RETRY_AFTER_SECONDS: Final = 1.0

# Statuses that a gateway in front of the service gives, with a page of its own instead of the JSON body.
GATEWAY_STATUSES: Final = frozenset({502, 503, 504})

# An empty column in `$filter`: `ne` holds for it (Dataverse asks SQL for `<> … OR … IS NULL`), every other comparison
# does not, and `not` turns that round.
EMPTY_COLUMNS_ARE_NOT_EQUAL: Final = True
# `$filter=donotemail`, without `eq true`: good OData, not among Dataverse's examples; refused with 501.
BARE_BOOLEAN_COLUMNS: Final = False
# `$top` above 5,000: pages of 5,000 until so many rows were given. False: one page and no more.
TOP_GOES_ON_AFTER_A_PAGE: Final = True
# Query options that are refused: the code was seen for $skip, and is taken for the others.
BAD_QUERY_CODE: Final = "0x80060888"

# Change tracking that is not enabled: code and words are documented, the status is not.
NOT_TRACKED_STATUS: Final = 400
# A delta token older than seven days: "an exception" in the documents. The code is ExpiredVersionStamp, which public
# code of others handles for the same message of the SOAP interface.
EXPIRED_TOKEN_STATUS: Final = 400
EXPIRED_TOKEN_CODE: Final = "0x80044352"
