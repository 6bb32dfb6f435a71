"""What is wrong with a credential of Dynamics, in the words of the person who has to put it right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.domain.alerts import Language
from shared.domain.credentials.examination import CredentialFault, Privilege

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.domain.credentials.examination import Finding


class FaultText(NamedTuple):
    """What is wrong, and what to do; both may name {table}, {key}, {privilege} and {code}."""

    what: str
    to_do: str


PRIVILEGES: Mapping[Language, Mapping[Privilege, str]] = {
    Language.NB: {Privilege.READ: "lese", Privilege.CREATE: "opprette", Privilege.WRITE: "endre"},
    Language.EN: {Privilege.READ: "read", Privilege.CREATE: "create", Privilege.WRITE: "change"},
}

_NB = {
    CredentialFault.INCOMPLETE: FaultText(
        "Tenant-ID, klient-ID eller klienthemmeligheten mangler eller har feil form.",
        "Kopier dem på nytt fra Entra (App registrations, Overview og Certificates & secrets), uten mellomrom.",
    ),
    CredentialFault.SECRET_WRONG: FaultText(
        "Klienthemmeligheten er feil.",
        "Kopier verdien (Value) på nytt. Er den ikke synlig lenger, lag en ny klienthemmelighet.",
    ),
    CredentialFault.SECRET_ID_PASTED: FaultText(
        "Dette er ID-en til klienthemmeligheten (Secret ID), ikke verdien (Value).",
        "Kopier kolonnen Value i Entra. Den vises bare rett etter at hemmeligheten er laget; ellers lag en ny.",
    ),
    CredentialFault.SECRET_ENDED: FaultText(
        "Klienthemmeligheten er utløpt.", "Lag en ny klienthemmelighet i Entra (Certificates & secrets)."
    ),
    CredentialFault.UNKNOWN_APPLICATION: FaultText(
        "Det finnes ingen app med denne klient-ID-en i denne tenanten.",
        "Sammenlign klient-ID og tenant-ID med det Entra viser (App registrations, Overview).",
    ),
    CredentialFault.APPLICATION_DISABLED: FaultText(
        "Appen er deaktivert i Entra.", "Aktiver den igjen i Entra (Enterprise applications, Properties)."
    ),
    CredentialFault.UNKNOWN_TENANT: FaultText(
        "Det finnes ingen tenant med denne tenant-ID-en.",
        "Kopier Directory (tenant) ID fra Entra (App registrations, Overview).",
    ),
    CredentialFault.BLOCKED_BY_POLICY: FaultText(
        "En regel for betinget tilgang (Conditional Access) stopper appen.",
        "Be Entra-administratoren unnta appen fra regelen.",
    ),
    CredentialFault.UNKNOWN_ADDRESS: FaultText(
        "Adressen til Dynamics er ikke kjent i denne tenanten.",
        "Se at adressen er https:// og vertsnavnet, uten noe etter, og at tenant-ID er den miljøet hører til.",
    ),
    CredentialFault.TOKEN_REFUSED: FaultText(
        "Påloggingen virker, men dette Dynamics-miljøet godtar den ikke: Det hører til en annen tenant.",
        "Sammenlign tenant-ID og adressen til Dynamics med det Power Platform viser.",
    ),
    CredentialFault.NO_APPLICATION_USER: FaultText(
        "Hemmeligheten er god, men Dynamics-miljøet har ingen bruker for appen.",
        "Legg til applikasjonsbrukeren i Power Platform (Environments, Settings, Application users), med rollen.",
    ),
    CredentialFault.NO_ROLE: FaultText(
        "Hemmeligheten er god, men applikasjonsbrukeren har ingen rolle.",
        "Gi applikasjonsbrukeren sikkerhetsrollen i Power Platform.",
    ),
    CredentialFault.USER_DISABLED: FaultText(
        "Hemmeligheten er god, men applikasjonsbrukeren er deaktivert.",
        "Aktiver applikasjonsbrukeren i Power Platform.",
    ),
    CredentialFault.ENVIRONMENT_DISABLED: FaultText(
        "Hele Dynamics-miljøet er deaktivert.", "Spør Power Platform-administratoren hvorfor."
    ),
    CredentialFault.NO_PRIVILEGE: FaultText(
        "Rollen mangler retten til å {privilege} rader i tabellen {table}.",
        "Gi applikasjonsbrukerens rolle retten til å {privilege} på tabellen {table} (hele organisasjonen).",
    ),
    CredentialFault.NO_TABLE: FaultText(
        "Dynamics har ingen tabell {table}.", "Sammenlign navnet og adressen til miljøet med det Power Apps viser."
    ),
    CredentialFault.NO_KEY: FaultText(
        "Kolonnen {key} er ingen aktiv alternativ nøkkel i tabellen {table}.",
        "Se i Power Apps at tabellen har den alternative nøkkelen, og at statusen er Active.",
    ),
    CredentialFault.UNTRUSTED_ISSUER: FaultText(
        "Appen i Entra stoler ikke på AWS-kontoen vår: Utstederen (Issuer) er en annen ({code}).",
        "Sammenlign Issuer i Entra (Federated credentials) med den AWS viser, bokstav for bokstav.",
    ),
    CredentialFault.UNTRUSTED_SUBJECT: FaultText(
        "Appen i Entra stoler på AWS-kontoen, men ikke på rollen vår (Subject identifier) ({code}).",
        "Sammenlign Subject i Entra (Federated credentials) med stackens DataverseIdentityArn, bokstav for bokstav.",
    ),
    CredentialFault.UNTRUSTED_AUDIENCE: FaultText(
        "Appen i Entra forventer et annet publikum (Audience) enn vårt ({code}).",
        "Sett Audience i Entra (Federated credentials) til api://AzureADTokenExchange.",
    ),
    CredentialFault.ASSERTION_INVALID: FaultText(
        "Entra kunne ikke kontrollere signaturen vår ({code}).",
        "Prøv igjen om noen minutter. Varer det, se at utstederen eller sertifikatet i Entra er det riktige.",
    ),
    CredentialFault.IDENTITY_DISABLED: FaultText(
        "AWS-kontoen har ikke slått på utgående identitetsføderasjon ({code}).",
        "Slå den på: aws iam enable-outbound-web-identity-federation",
    ),
    CredentialFault.IDENTITY_REFUSED: FaultText(
        "AWS gir oss ikke noe identitetsbevis ({code}).",
        "Se at rollen DataverseIdentity er den stacken laget, og at ingen regel i organisasjonen (SCP) hindrer kallet.",
    ),
    CredentialFault.REFUSED: FaultText(
        "Microsoft avviser oss, av en grunn vi ikke kjenner ({code}).", "Søk etter koden, eller spør HLF IT."
    ),
    CredentialFault.UNREACHABLE: FaultText(
        "Vi fikk ikke svar fra Microsoft, så vi vet ikke om dette virker ({code}).",
        "Se at denne maskinen er på nett, og prøv igjen om noen minutter.",
    ),
    CredentialFault.UNDETERMINED: FaultText(
        "Dynamics sier ikke om rollen har retten til å {privilege} rader i tabellen {table}.",
        "Se i Power Platform at rollen har den retten.",
    ),
}
_EN = {
    CredentialFault.INCOMPLETE: FaultText(
        "The tenant id, the client id or the client secret is missing or malformed.",
        "Copy them again from Entra (App registrations, Overview and Certificates & secrets), without spaces.",
    ),
    CredentialFault.SECRET_WRONG: FaultText(
        "The client secret is wrong.",
        "Copy its value again. If Entra does not show the value any more, create a new client secret.",
    ),
    CredentialFault.SECRET_ID_PASTED: FaultText(
        "This is the id of the client secret (Secret ID), not its value (Value).",
        "Copy the column Value in Entra. It is only shown right after the secret was created; otherwise create one.",
    ),
    CredentialFault.SECRET_ENDED: FaultText(
        "The client secret has expired.", "Create a new client secret in Entra (Certificates & secrets)."
    ),
    CredentialFault.UNKNOWN_APPLICATION: FaultText(
        "There is no application with this client id in this tenant.",
        "Compare the client id and the tenant id with what Entra shows (App registrations, Overview).",
    ),
    CredentialFault.APPLICATION_DISABLED: FaultText(
        "The application is disabled in Entra.", "Enable it again in Entra (Enterprise applications, Properties)."
    ),
    CredentialFault.UNKNOWN_TENANT: FaultText(
        "There is no tenant with this tenant id.",
        "Copy the Directory (tenant) ID from Entra (App registrations, Overview).",
    ),
    CredentialFault.BLOCKED_BY_POLICY: FaultText(
        "A rule of Conditional Access blocks the application.",
        "Ask the administrator of Entra to exempt the application from that rule.",
    ),
    CredentialFault.UNKNOWN_ADDRESS: FaultText(
        "The address of Dynamics is not known in this tenant.",
        "See that it is https:// and the host, nothing after it, and that the environment belongs to this tenant.",
    ),
    CredentialFault.TOKEN_REFUSED: FaultText(
        "The sign-in works, but this environment of Dynamics does not accept it: it belongs to another tenant.",
        "Compare the tenant id and the address of Dynamics with what Power Platform shows.",
    ),
    CredentialFault.NO_APPLICATION_USER: FaultText(
        "The secret is good, but the environment of Dynamics has no user for the application.",
        "Add the application user in Power Platform (Environments, Settings, Application users), with its role.",
    ),
    CredentialFault.NO_ROLE: FaultText(
        "The secret is good, but the application user has no role.",
        "Give the application user its security role in Power Platform.",
    ),
    CredentialFault.USER_DISABLED: FaultText(
        "The secret is good, but the application user is disabled.", "Activate the application user in Power Platform."
    ),
    CredentialFault.ENVIRONMENT_DISABLED: FaultText(
        "The whole environment of Dynamics is disabled.", "Ask the administrator of Power Platform why."
    ),
    CredentialFault.NO_PRIVILEGE: FaultText(
        "The role lacks the privilege to {privilege} rows of the table {table}.",
        "Give the application user's role the privilege to {privilege} on the table {table} (whole organisation).",
    ),
    CredentialFault.NO_TABLE: FaultText(
        "Dynamics has no table {table}.", "Compare the name, and the environment's address, with what Power Apps shows."
    ),
    CredentialFault.NO_KEY: FaultText(
        "The column {key} is no active alternate key of the table {table}.",
        "See in Power Apps that the table has the alternate key and that its status is Active.",
    ),
    CredentialFault.UNTRUSTED_ISSUER: FaultText(
        "The application in Entra does not trust our AWS account: the issuer is another one ({code}).",
        "Compare Issuer in Entra (Federated credentials) with what AWS shows, letter by letter.",
    ),
    CredentialFault.UNTRUSTED_SUBJECT: FaultText(
        "The application in Entra trusts the AWS account, and not our role (Subject identifier) ({code}).",
        "Compare Subject in Entra (Federated credentials) with the stack's DataverseIdentityArn, letter by letter.",
    ),
    CredentialFault.UNTRUSTED_AUDIENCE: FaultText(
        "The application in Entra expects another audience than ours ({code}).",
        "Set Audience in Entra (Federated credentials) to api://AzureADTokenExchange.",
    ),
    CredentialFault.ASSERTION_INVALID: FaultText(
        "Entra could not verify our signature ({code}).",
        "Try again in some minutes. If it lasts, see that the issuer or the certificate in Entra is the right one.",
    ),
    CredentialFault.IDENTITY_DISABLED: FaultText(
        "The AWS account has not enabled outbound identity federation ({code}).",
        "Enable it: aws iam enable-outbound-web-identity-federation",
    ),
    CredentialFault.IDENTITY_REFUSED: FaultText(
        "AWS gives us no identity token ({code}).",
        "See that the role DataverseIdentity is the stack's own, and that no policy of the organisation (SCP) forbids"
        " the call.",
    ),
    CredentialFault.REFUSED: FaultText(
        "Microsoft refuses us, for a reason that is not known here ({code}).", "Search for the code, or ask HLF IT."
    ),
    CredentialFault.UNREACHABLE: FaultText(
        "Microsoft did not respond, so it is not known whether this works ({code}).",
        "See that this machine is online, and try again in some minutes.",
    ),
    CredentialFault.UNDETERMINED: FaultText(
        "Dynamics does not say whether the role has the privilege to {privilege} rows of the table {table}.",
        "See in Power Platform that the role has that privilege.",
    ),
}
TEXTS: Mapping[Language, Mapping[CredentialFault, FaultText]] = {Language.NB: _NB, Language.EN: _EN}


def in_words(finding: Finding, language: Language) -> FaultText:
    """Return what is wrong and what to do about it."""
    text = TEXTS[language][finding.fault]
    facts = {
        "table": finding.table,
        "key": finding.key,
        "code": finding.code,
        "privilege": PRIVILEGES[language][finding.privilege] if finding.privilege else "",
    }
    return FaultText(text.what.format_map(facts), text.to_do.format_map(facts))
