"""What codes mean, and the first thing to do about each, in bokmål.

One table, longer than a module should be.
"""

from __future__ import annotations

from shared.domain.wording.texts import Codes, CodeText

_AGAIN = "Det går over av seg selv. Hvis det varer, se Tjenestetilstand hos Microsoft (admin.microsoft.com)."
_AGAIN_AWS = "Det går vanligvis over av seg selv. Hvis det varer, se health.aws.amazon.com."
_MAKE_ANOTHER = (
    "Lag en ny klienthemmelighet i Entra (Certificates & secrets), og ta den i bruk:"
    " `rotate-credential --actor YOU --reason WHY`"
)
_TRUST = "Sammenlign Federated credentials i Entra med docs/operations/credential-rotation.md, bokstav for bokstav."
_VERIFIED = "Hvis det varer: Se at Issuer i Entra er denne AWS-kontoens, eller last opp sertifikatet."
_ROLE = "Se at rollen DataverseIdentity er slik stacken laget den, og at ingen regel (SCP) hindrer kallet."
_MAPPING = "Rett organisasjonens kobling til nettsiden, eller få tilbake det den nevner, i Dynamics."
_LOGIN = "Se at databasen kjører, og at funksjonens hemmelighet har innloggingen til den."
_SENDER = "Den får bare bruke MailSender: Ble avsenderen endret et annet sted?"
_NO_WAY = "I en VPC trenger funksjonene en NAT-gateway: Er den der?"
_OURS = "Gi den til utviklerne, med funksjonens logg."
_URL = "Rett parameteren DataverseUrl: Den er https:// og vertsnavnet, ingenting etter."

CODES = Codes(
    whole={
        "entra_7000222": CodeText("klienthemmeligheten er utløpt", _MAKE_ANOTHER),
        "entra_7000215": CodeText(
            "klienthemmeligheten er feil",
            "Legg verdien av klienthemmeligheten inn i hemmeligheten for Dataverse. Oftest er det ID-en som ble lagt"
            " inn.",
        ),
        "entra_7000216": CodeText(
            "klienthemmeligheten mangler", "Legg verdien av klienthemmeligheten inn i hemmeligheten for Dataverse."
        ),
        "entra_700016": CodeText(
            "programmet finnes ikke i denne leietakeren",
            "Sammenlign client_id og tenant_id i hemmeligheten for Dataverse med det Entra viser. Er programmet"
            " slettet?",
        ),
        "entra_7000112": CodeText(
            "programmet er slått av", "Slå det på igjen i Entra (Enterprise applications, Properties)."
        ),
        "entra_90002": CodeText("leietakeren finnes ikke", "Rett tenant_id i hemmeligheten for Dataverse."),
        "entra_900023": CodeText(
            "ID-en til leietakeren har feil form", "Rett tenant_id i hemmeligheten for Dataverse."
        ),
        "entra_70021": CodeText("programmet stoler ikke på noen med dette navnet", _TRUST),
        "entra_700211": CodeText("programmet stoler ikke på AWS-kontoen vår (Issuer)", _TRUST),
        "entra_700213": CodeText("programmet stoler ikke på rollen vår (Subject)", _TRUST),
        "entra_700212": CodeText("programmet forventer et annet publikum (Audience)", _TRUST),
        "entra_700024": CodeText("signaturen vår er for gammel eller for ny for Entra", _VERIFIED),
        "entra_700027": CodeText("Entra kjenner ikke signaturen vår", _VERIFIED),
        "entra_7000272": CodeText("Entra finner ikke nøkkelen til AWS-kontoen vår", _VERIFIED),
        "entra_501661": CodeText("Entra kan ikke lese nøklene til AWS-kontoen vår", _VERIFIED),
        "sts_OutboundWebIdentityFederationDisabled": CodeText(
            "AWS-kontoen vår har slått av utgående identitetsføderasjon",
            "Slå den på: aws iam enable-outbound-web-identity-federation",
        ),
        "sts_AccessDenied": CodeText("AWS gir ikke rollen vår noe identitetsbevis", _ROLE),
        "sts_no_role": CodeText("funksjonen kjenner ikke rollen sin", "Legg ut hele denne versjonen: sam deploy"),
        "no_identity_provider": CodeText(
            "her finnes det ingen identitetstjeneste", "Bruk en klienthemmelighet eller et sertifikat her."
        ),
        "secret_has_two_forms": CodeText(
            "hemmeligheten har to måter å logge inn på", "La én av client_secret, federation og certificate stå."
        ),
        "secret_federation_unknown": CodeText(
            "hemmeligheten nevner en identitetstjeneste som ikke støttes", 'Skriv "federation": "aws".'
        ),
        "secret_certificate_unusable": CodeText(
            "sertifikatet eller nøkkelen kan ikke leses", "Legg inn begge som PEM, med en nøkkel uten passord."
        ),
        "entra_70011": CodeText(
            "adressen til Dynamics er ikke en som det gis tilgang til",
            "Rett parameteren DataverseUrl: Den er https:// og vertsnavnet, ingenting etter.",
        ),
        "entra_500011": CodeText(
            "adressen til Dynamics er ukjent i denne leietakeren",
            "Rett parameteren DataverseUrl, eller tenant_id i hemmeligheten for Dataverse.",
        ),
        "entra_53003": CodeText(
            "en regel for betinget tilgang stopper oss",
            "Be administratoren for Entra om å unnta programmet fra regelen.",
        ),
        "entra_90024": CodeText("innloggingen er overbelastet", _AGAIN),
        "entra_90055": CodeText("innloggingen er overbelastet", _AGAIN),
        "entra_90006": CodeText("innloggingen har en feil hos Microsoft", _AGAIN),
        "entra_backoff": CodeText("innloggingen ber oss vente", _AGAIN),
        "secret_cannot_be_read": CodeText(
            "funksjonen kan ikke lese hemmeligheten sin",
            "Se at hemmeligheten har en verdi, og at funksjonen har lov til å lese den.",
        ),
        "secret_is_not_json": CodeText(
            "hemmeligheten er ikke et JSON-objekt", "Legg den inn på nytt, slik veiledningen viser."
        ),
        "secret_end_date_malformed": CodeText(
            "dagen da klienthemmeligheten utløper, er ikke en dato",
            'Skriv "client_secret_expires_on": "2027-05-31" i hemmeligheten for Dataverse, med dagen som Entra viser.',
        ),
        "website_result_small": CodeText("nettsiden viste nesten ingen"),
        "website_backoff": CodeText("nettsiden ber oss vente", _AGAIN),
        "no_time_left": CodeText("det var ikke tid til alt"),
        "differences_unverified": CodeText("det var for mange avvik til å lese alle to ganger"),
        "scheduled_time_ahead": CodeText("det planlagte tidspunktet er ikke kommet, så den gjorde ingenting"),
        "day_ahead": CodeText("dagen er ikke kommet, så den ble ikke vurdert"),
        "reminders_braked": CodeText("bremsen holder påminnelser tilbake"),
        "impossible_date": CodeText("datoen kan ikke stemme", "Rett datoen i appen."),
        "repairs_braked": CodeText("bremsen holder rettinger tilbake"),
        "expiries_braked": CodeText("bremsen holder utløp tilbake"),
        "never_ended": CodeText(
            "funksjonen ble stoppet før den var ferdig", "Se slutten av funksjonens logg, og kjør den på nytt."
        ),
        "step_failures": CodeText(
            "noen likepersoner kunne ikke behandles og ble lagt til side",
            "Se hva som var i veien for hver av dem, slik veiledningen viser.",
        ),
        "unnotified": CodeText(
            "noen kan ikke få e-post og har ingen koordinator som kan få beskjed",
            "Gi dem en koordinator eller en e-postadresse i appen. Inntil da må noen nå dem på annen måte: SMS først.",
        ),
        "expiries_skipped_manual_edit": CodeText(
            "noen ble satt aktiv for hånd selv om sertifiseringen er utløpt",
            "Spør koordinatoren: En aktiv likeperson med utløpt sertifisering er en sikkerhetssak.",
        ),
        "expiries_skipped_busy": CodeText("noen ble redigert akkurat da, og ses på igjen"),
        "reactivations_skipped_manual_edit": CodeText(
            "noen som er fornyet, ble satt som utløpt for hånd og forblir det", "Spør koordinatoren om det er meningen."
        ),
        "reactivations_skipped_busy": CodeText("noen ble redigert akkurat da, og ses på igjen"),
        "notices_undeliverable": CodeText(
            "meldinger kan ikke leveres: adressen mangler eller ble avvist",
            "Rett adressene i appen, og sett meldingene tilbake slik veiledningen viser.",
        ),
        "notices_given_back": CodeText("meldinger ble ikke tatt imot og venter på neste kjøring"),
        "notices_outcome_unknown": CodeText(
            "ingen vet om noen meldinger ble sendt", "Finn ut om de ble sendt, slik veiledningen viser."
        ),
        "notices_stuck": CodeText(
            "meldinger sitter fast, og noen må se på dem", "Finn ut om de ble sendt, slik veiledningen viser."
        ),
        "no_email": CodeText("e-postadressen mangler", "Legg inn personens e-postadresse i appen."),
        "malformed_email": CodeText("det som står der, er ikke en e-postadresse", "Rett e-postadressen i appen."),
        "reserved_domain": CodeText("ingen kan få e-post på den adressen", "Rett e-postadressen i appen."),
        "unusable_address": CodeText("det går ikke an å sende e-post til adressen", "Rett e-postadressen i appen."),
        "address_bounced": CodeText(
            "e-post til adressen kommer i retur, så vi sender ikke mer dit",
            "Spør personen om adressen, på SMS først.",
        ),
        "address_bounces_repeatedly": CodeText(
            "tre e-poster på rad kom i retur, så vi sender ikke mer dit", "Spør personen om adressen, på SMS først."
        ),
        "address_complained": CodeText(
            "mottakeren har meldt e-posten vår som uønsket, så vi sender ikke mer dit", "Ta kontakt på annen måte."
        ),
        "no_fallback_address": CodeText(
            "oppsummeringen kom i retur, og organisasjonen har ingen reserveadresse", "Sett fallback_address."
        ),
        "throttled": CodeText("e-posttjenesten ber oss vente"),
        "status_paused": CodeText("likepersonen er på pause"),
        "status_certification_expired": CodeText("likepersonens sertifisering er utløpt"),
        "manually_set_active": CodeText("satt aktiv for hånd selv om sertifiseringen er utløpt"),
        "status_kept_by_the_app": CodeText(
            "en utløser i appen beholdt likepersonens status",
            "Spør appens utviklere hvilken utløser det er, og hvorfor.",
        ),
        "manually_set_expired": CodeText("fornyet, og satt som utløpt for hånd"),
        "awaiting_manual_reactivation": CodeText("fornyet, og organisasjonen reaktiverer for hånd"),
        "AccountSuspendedException": CodeText(
            "SES har stengt kontoen", "Se siden om kontoens omdømme i SES, og skriv til AWS Support."
        ),
        "SendingPausedException": CodeText(
            "SES har stanset utsending", "Se siden om kontoens omdømme i SES, og skriv til AWS Support."
        ),
        "MailFromDomainNotVerifiedException": CodeText(
            "avsenderens domene er ikke bekreftet", "Bekreft avsenderens domene i SES."
        ),
        "LimitExceededException": CodeText(
            "dagens e-poster er brukt opp", "Be om en høyere kvote i SES, eller vent til i morgen."
        ),
        "MessageRejected": CodeText(
            "SES avviser meldingene våre", "Bekreft avsenderens domene i SES. Er kontoen ute av sandkassen?"
        ),
        "BadRequestException": CodeText("SES avviste meldingen", "Se på adressen."),
        "NotFoundException": CodeText(
            "konfigurasjonssettet finnes ikke i SES", "Rull ut stakken på nytt, så lages det igjen."
        ),
        "AccessDeniedException": CodeText("funksjonen har ikke lov til å sende fra denne adressen", _SENDER),
        "AccessDenied": CodeText("funksjonen har ikke lov til å sende fra denne adressen", _SENDER),
        "unusable_sender": CodeText(
            "det går ikke an å sende e-post fra avsenderens adresse", "Rett parameteren MailSender."
        ),
        "EndpointConnectionError": CodeText("vi får ikke kontakt med e-posttjenesten", _NO_WAY),
        "ConnectTimeoutError": CodeText("vi får ikke kontakt med e-posttjenesten", _NO_WAY),
        "unrenderable_notice": CodeText("meldingen kunne ikke skrives", _OURS),
        "incomplete_notice": CodeText("meldingen mangler noe den skal si", _OURS),
        "ambiguous_message": CodeText("meldingen ville fått mer enn én mottaker", _OURS),
        "ParamValidationError": CodeText("meldingen hadde ikke den formen SES tar imot", _OURS),
        "certificates_cannot_be_written": CodeText(
            "sertifikatene til databasen kan ikke skrives ned", "Funksjonens /tmp er full: Start den på nytt."
        ),
        "unknown_timezone": CodeText(
            "organisasjonens tidssone er ukjent", "Rett tidssonen til organisasjonen i appen (Europe/Oslo)."
        ),
        "entra_no_time_left": CodeText("det var ikke tid igjen til å logge inn"),
        "link_is_no_url": CodeText("Dynamics svarte med en lenke som ikke er noen", _AGAIN),
        "link_leads_elsewhere": CodeText("Dynamics svarte med en lenke til en annen adresse", _URL),
        "row_lacks_a_column": CodeText("Dynamics utelot en kolonne som vi ba om", _MAPPING),
        "row_without_an_id": CodeText("Dynamics svarte med en rad uten ID", _AGAIN),
        "table_not_an_identifier": CodeText("koblingen nevner en tabell som ikke kan være en tabell", _MAPPING),
        "column_not_an_identifier": CodeText("koblingen nevner en kolonne som ikke kan være en kolonne", _MAPPING),
        "key_not_an_identifier": CodeText("koblingen nevner en nøkkel som ikke kan være en nøkkel", _MAPPING),
        "key_not_addressable": CodeText("nøkkelen til oppføringen kan ikke stå i en adresse", _OURS),
    },
    of_dynamics={
        "0x80072560": CodeText(
            "programbrukeren vår mangler i dette miljøet",
            "Legg til programbrukeren igjen i administrasjonssenteret for Power Platform (Environments, Settings,"
            " Application users), med sikkerhetsrollen. Klienthemmeligheten er i orden.",
        ),
        "0x80042f09": CodeText(
            "programbrukeren vår har ingen sikkerhetsrolle",
            "Gi programbrukeren sikkerhetsrollen i administrasjonssenteret for Power Platform. Klienthemmeligheten er i"
            " orden.",
        ),
        "0x8004a112": CodeText(
            "programbrukeren vår er slått av",
            "Aktiver programbrukeren i administrasjonssenteret for Power Platform. Klienthemmeligheten er i orden.",
        ),
        "0x8004a104": CodeText(
            "hele Dynamics-miljøet er slått av",
            "Spør administratoren for Power Platform hvorfor miljøet er slått av. Klienthemmeligheten er i orden.",
        ),
        "0x80040220": CodeText(
            "rollen til brukeren vår mangler en rettighet",
            "Gi rollen til programbrukeren rett til å lese, opprette og skrive i tabellen. Klienthemmeligheten er i"
            " orden.",
        ),
        "0x80044331": CodeText(
            "en tekst er lengre enn kolonnen", "Gjør teksten kortere i appen, eller kolonnen lengre i Dynamics."
        ),
        "0x80048d19": CodeText("en kolonne i koblingen finnes ikke", _MAPPING),
        "0x0": CodeText("en kolonne i koblingen har en annen type", _MAPPING),
        "0x8006088a": CodeText("tabellen i koblingen finnes ikke", _MAPPING),
        "0x80060888": CodeText("tabellen i koblingen finnes ikke", _MAPPING),
        "0x80060892": CodeText("en annen rad har samme nøkkel", "Se etter enda en rad for likepersonen i Dynamics."),
        "0x80040237": CodeText("en annen rad har samme nøkkel", "Se etter enda en rad for likepersonen i Dynamics."),
    },
    beginnings={
        "dataverse_url_": CodeText("adressen til Dynamics er ikke en vi kan sende til", _URL),
        "entra_authority_": CodeText(
            "adressen til innloggingen hos Microsoft er ikke en vi kan sende til", "Rett parameteren EntraAuthority."
        ),
        "dataverse_unreachable": CodeText("vi får ikke kontakt med Dynamics", _AGAIN),
        "dataverse_401": CodeText(
            "Dynamics godtar ikke innloggingen vår",
            "Se at parameteren DataverseUrl er miljøet som programmet hører til.",
        ),
        "dataverse_403": CodeText(
            "dette har vi ikke lov til å lese eller skrive", "Se på rollen til programbrukeren i Dynamics."
        ),
        "dataverse_404": CodeText("tabellen eller raden finnes ikke", _MAPPING),
        "dataverse_429": CodeText("nettsiden ber oss vente", _AGAIN),
        "dataverse_4": CodeText("Dynamics avviser det; koden er deres egen"),
        "dataverse_5": CodeText("en feil i Dynamics", _AGAIN),
        "dataverse_": CodeText("Dynamics svarer ikke som det skal", _AGAIN),
        "entra_unreachable": CodeText("vi får ikke kontakt med innloggingen hos Microsoft", _AGAIN),
        "entra_fault": CodeText("en feil i innloggingen hos Microsoft", _AGAIN),
        "entra_200": CodeText("innloggingen hos Microsoft ga oss ingen tilgang", _AGAIN),
        "entra_429": CodeText("innloggingen ber oss vente", _AGAIN),
        "entra_": CodeText(
            "innloggingen hos Microsoft avviser oss; tallet er deres eget",
            "Slå opp tallet på login.microsoftonline.com/error.",
        ),
        "sts_": CodeText("AWS gir oss ikke noe identitetsbevis; koden er deres egen", _AGAIN_AWS),
        "secret_": CodeText("hemmeligheten kan ikke brukes", "Legg den inn på nytt, slik veiledningen viser."),
        "website_": CodeText("en feil på veien til nettsiden", _AGAIN),
        "queue_": CodeText("køen tok ikke imot", "Se om AWS melder om driftsfeil for SQS."),
        "database_connection": CodeText("databasen svarer ikke, eller avviser innloggingen", _LOGIN),
        "database_tls": CodeText("databasens sertifikat godtas ikke", _LOGIN),
        "database_40": CodeText("databasen hadde for mye å gjøre"),
        "database_53": CodeText("databasen har ikke plass"),
        "database_55P03": CodeText("databasen hadde for mye å gjøre"),
        "database_57": CodeText("databasen ble stoppet, eller var for treg"),
        "database_42501": CodeText(
            "funksjonen har ikke lov til dette i databasen", "Kjør migreringene som eieren av databasen."
        ),
        "database_": CodeText("databasen avviste det; koden er dens egen"),
        "sns_": CodeText("meldingen til driften ble ikke tatt imot"),
        "unexpected_": CodeText("en feil som ingen hadde regnet med", "Gi den til utviklerne, med funksjonens logg."),
    },
    of_the_next="den neste klienthemmeligheten: {meaning}",
)
