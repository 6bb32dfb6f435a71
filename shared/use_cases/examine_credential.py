"""The examination of a credential of Dynamics, before anything depends on it: says precisely what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.domain.credentials.examination import CredentialFault, Examination, Finding, finding_of
from shared.domain.errors import WebsiteRefusedError, WebsiteUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.domain.listings import ListingTable
    from shared.ports import CredentialExaminer


def examine_credential(
    secret: Mapping[str, Any], tables: Sequence[ListingTable], *, examiner: CredentialExaminer
) -> Examination:
    """Sign in by this secret, ask who we are, and ask of each table whether we may read, create and write its rows.

    `examiner` is signed in by `secret`, of which nothing is in the result. Nothing is written anywhere, and no row is
    read. One table that is wrong does not end the examination (I13).
    """
    findings: list[Finding] = []
    try:
        examiner.sign_in()
        account = examiner.account()
        for table in tables:
            findings += examiner.examine_table(table, account)
    except WebsiteRefusedError as error:
        findings.append(finding_of(error.kind, error.code, secret))
    except WebsiteUnavailableError as error:
        findings.append(Finding(CredentialFault.UNREACHABLE, str(error)))
    return Examination(tuple(findings))
