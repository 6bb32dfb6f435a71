"""Where Microsoft's documents and captured replies are silent, this is what the emulator does.

Every constant here is a guess, with its reason. What a test of ours relies on should not depend on one of them;
what a live environment shows otherwise is changed here.
"""

from __future__ import annotations

from typing import Final

# The body of a 401 was never captured; the challenge in WWW-Authenticate is what clients read.
UNAUTHORIZED_BODY: Final = b""

# AADSTS700016 was captured without its HTTP status; 400 is the status the error page gives for most.
UNKNOWN_APPLICATION_STATUS: Final = 400

# Dataverse's databases compare text without case (documented for $filter), and an alternate key is an index of them.
TEXT_KEYS_IGNORE_CASE: Final = True

# A row with an empty key column: taken as left out of the index, so that it can be neither found by the key nor clash.
NULL_KEY_PARTS_ARE_INDEXED: Final = False

# The documents only say that a key value with one of these "does not work" in GET and PATCH.
REFUSED_KEY_CHARACTERS: Final = frozenset("/<>*%&:\\?+")
REFUSED_KEY_CHARACTER_STATUS: Final = 400
REFUSED_KEY_CHARACTER_CODE: Final = "0x80060888"

# "Unexpected error": seen for a repeated key in one case, taken for the same key twice in UpsertMultiple.
SAME_KEY_TWICE_STATUS: Final = 400
SAME_KEY_TWICE_CODE: Final = "0x80040216"

# statuscode that does not belong to statecode: the text was captured, hex code and status were not.
STATUS_MISMATCH_STATUS: Final = 400
STATUS_MISMATCH_CODE: Final = "0x80048408"

# A $batch that stops at a failing operation: 400 and 500 were seen as outer status, so the operation's own is taken.
OUTER_STATUS_IS_THE_FAILURES: Final = True

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
