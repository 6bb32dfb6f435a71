"""Map the English texts of setup to bokmål."""

from __future__ import annotations

SETUP: dict[str, str] = {
    "Looking at the database as its owner": "Ser på databasen som eieren",
    "The login of {function}": "Påloggingen til {function}",
    "The webhook": "Webhooken",
    "Looking at the account": "Ser på kontoen",
    "works, and is left as it is": "virker, og blir som den er",
    "made": "laget",
    "repaired": "reparert",
    "works; its secret now names this database": "virker; hemmeligheten peker nå på denne databasen",
    "in use, with a new password": "i bruk, med nytt passord",
    "set": "satt",
    "not set": "ikke satt",
    "Nothing remains to be done.": "Ingenting gjenstår.",
    "{n} thing remains for a person:": "{n} ting gjenstår for et menneske:",
    "{n} things remain for a person:": "{n} ting gjenstår for et menneske:",
    "The secrets are written; what works keeps its password. Have this SQL run by psql as an administrator in"
    " the same database, then run verify-integration.": (
        "Hemmelighetene er skrevet; det som virker, beholder passordet. La en administrator kjøre denne SQL-en med"
        " psql i den samme databasen, og kjør så verify-integration."
    ),
    "The database refuses {login} ({why}). Run setup again; a pooler may need a minute.": (
        "Databasen avviser {login} ({why}). Kjør setup på nytt; en pooler kan trenge et minutt."
    ),
    "The address of the functions: {why}.": "Adressen til funksjonene: {why}.",
    "Run setup again in an hour, to drop the logins that are out of use by then: {logins}.": (
        "Kjør setup på nytt om en time, for å fjerne pålogginger som da er ute av bruk: {logins}."
    ),
    "The database has neither pg_net nor aws_lambda, so changes reach the website minutes late. Enable"
    " one (docs/contract.md, The webhook), and run setup again.": (
        "Databasen har verken pg_net eller aws_lambda, så endringer når nettsiden noen minutter for sent. Slå på en av"
        " dem (docs/contract.md, The webhook), og kjør setup på nytt."
    ),
    "Put the credential of Dynamics into the output DataverseSecretArn, when HLF IT has it ready"
    " (docs/operations/deploy.md, The steps). From then on the website is changed.": (
        "Legg påloggingen til Dynamics i det som står i DataverseSecretArn, når HLF IT har den klar"
        " (docs/operations/deploy.md, The steps). Fra da av blir nettsiden endret."
    ),
    "Have the recipients of alerts confirm the subscription in the message from AWS: {n} waiting.": (
        "Få mottakerne av varsler til å bekrefte abonnementet i meldingen fra AWS: {n} venter."
    ),
    "Name two recipients of alerts, one of them by text message. Confirmed: {n}. Then see that a person reads them:": (
        "Sett opp to mottakere av varsler, en av dem på SMS. Bekreftet: {n}. Se så at et menneske leser dem:"
    ),
    "Mail is not ready ({points}): have HLF IT add the DNS records, and leave the sandbox of SES.": (
        "E-posten er ikke klar ({points}): få HLF IT til å legge inn DNS-postene, og gå ut av sandkassen til SES."
    ),
    "Raise Lambda's quota of concurrent executions from {quota} to {wanted} or more, then deploy with"
    " {parameters} as the template has it: until then strangers can hold up every function.": (
        "Hev Lambda-kvoten for samtidige kjøringer fra {quota} til {wanted} eller mer, og deploy så med {parameters}"
        " slik malen har det: inntil da kan fremmede holde opp alle funksjonene."
    ),
    "Deploy with {parameters} as the template has it, for which the quota has room: until then strangers"
    " can hold up every function.": (
        "Deploy med {parameters} slik malen har det, som kvoten har plass til: inntil da kan fremmede holde opp alle"
        " funksjonene."
    ),
    "Make the login of break-glass, and put its password on paper into the safe"
    " (docs/operations/deploy.md, The login of break-glass).": (
        "Lag påloggingen til break-glass, og legg passordet på papir i safen"
        " (docs/operations/deploy.md, The login of break-glass)."
    ),
    "The database is ahead of the stack, which has no secret for {roles}: deploy the same version, and run"
    " setup again.": (
        "Databasen er foran stacken, som ikke har noen hemmelighet for {roles}: deploy den samme versjonen, og kjør"
        " setup på nytt."
    ),
    "Not everything fits together yet ({why}). See each point:": (
        "Ikke alt passer sammen ennå ({why}). Se hvert punkt:"
    ),
    "Could not be looked at: {what}. {why}": "Kunne ikke undersøkes: {what}. {why}",
}
