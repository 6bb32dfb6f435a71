"""Map the English screen texts to bokmål. Conditions and codes have tables of their own."""

from __future__ import annotations

from operations.wording.bokmal_proof import CONFIRMED, PROOF
from operations.wording.bokmal_records import RECORDS
from operations.wording.bokmal_settings import SETTINGS
from operations.wording.bokmal_setup import SETUP

BOKMAL: dict[str, str] = {
    # Words
    " and {n} more": " og {n} til",
    "{n} days": "{n} dager",
    "{n} h": "{n} t",
    "since {moment}": "siden {moment}",
    "for {moment}": "for {moment}",
    "First:": "Først:",
    "All of it:": "Alt sammen:",
    "none": "ingen",
    "of no organisation": "uten organisasjon",
    "deleted organisation": "slettet organisasjon",
    "(deleted)": "(slettet)",
    "none yet": "ingen ennå",
    # Columns
    "Organisation": "Organisasjon",
    "Live": "Vises",
    "Waiting": "Venter",
    "Rejected": "Avvist",
    "Differences": "Avvik",
    "Brake": "Brems",
    "All": "Alle",
    "Mentor": "Likeperson",
    "Why": "Hvorfor",
    "Since (Oslo)": "Siden (norsk tid)",
    "Tries": "Forsøk",
    "On the website": "På nettsiden",
    "Message": "Melding",
    "Queue": "Kø",
    "Age": "Alder",
    "About": "Gjelder",
    "Log": "Logg",
    "Certification ends": "Sertifisering utløper",
    "What": "Hva",
    "Times": "Ganger",
    "Found (Oslo)": "Funnet (norsk tid)",
    "Reviewed": "Sett på",
    # Test alerts, and who hears an alert
    "Alerts to": "Varsler til",
    "{n} by e-mail": "{n} på e-post",
    "{n} by SMS": "{n} på SMS",
    "{n} otherwise": "{n} på annen måte",
    "{n} not confirmed": "{n} ikke bekreftet",
    "{n} in the SMS sandbox, not reached": "{n} i SMS-sandkassen, nås ikke",
    "(two are recommended)": "(to er anbefalt)",
    "test of {when} read by {n}": "prøve {when} lest av {n}",
    "test {code} of {when} read by nobody": "prøve {code} {when} ikke lest av noen",
    "test {code} of {when} not read yet": "prøve {code} {when} ikke lest ennå",
    "never tested": "aldri prøvd",
    "The test alert {code} is on its way. Everybody who gets it acknowledges it:": (
        "Prøvevarselet {code} er på vei. Alle som får det, kvitterer:"
    ),
    "Who has not got it within a quarter of an hour gets no alert either. See how many have:": (
        "De som ikke har fått det innen et kvarter, får heller ingen varsler. Se hvor mange som har kvittert:"
    ),
    "{n} person has read it.": "{n} person har lest det.",
    "{n} persons have read it.": "{n} personer har lest det.",
    "Thank you. The test alert of {when} has reached you. {heard}": (
        "Takk. Prøvevarselet fra {when} har nådd deg. {heard}"
    ),
    "You had acknowledged the test alert of {when} before. {heard}": (
        "Du hadde kvittert for prøvevarselet fra {when} fra før. {heard}"
    ),
    "SNS refused the message, so nobody got it: {code}": "SNS avviste meldingen, så ingen fikk den: {code}",
    "there is no test alert with the code {code}: read it once more": (
        "det finnes ikke noe prøvevarsel med koden {code}: les den én gang til"
    ),
    # Mail
    "Mail": "E-post",
    "none in 30 days": "ingen på 30 dager",
    "{n} in 30 days: {delivered} delivered": "{n} på 30 dager: {delivered} levert",
    "{n} bounced": "{n} i retur",
    "{n} complained": "{n} klaget på",
    "{n} unknown": "{n} ukjent",
    "({whole}.{hundredths} %)": "({whole},{hundredths} %)",
    "We send to {identity} again, from the next run.": "Vi sender til {identity} igjen, fra neste kjøring.",
    "If it bounced for good, SES still holds the address on a list of its own, and stops every mail to it. Ask"
    " the coordinator or the organisation for the address, and take it off:": (
        "Hvis e-posten kom i retur for godt, har SES fortsatt adressen på sin egen liste og stanser all e-post dit."
        " Spør koordinatoren eller organisasjonen om adressen, og ta den av listen:"
    ),
    # After a restore
    "Held back, because they were sent before the restore:": (
        "Holdt tilbake, fordi de ble sendt før databasen ble gjenopprettet:"
    ),
    "Would be held back, because they were sent before the restore:": (
        "Ville bli holdt tilbake, fordi de ble sendt før databasen ble gjenopprettet:"
    ),
    "Waits again, and goes with the next sending if it is still true:": (
        "Venter igjen, og blir sendt neste gang hvis det fortsatt stemmer:"
    ),
    "Who changed in the app after the restore is left out. All ids: --json.": (
        "De som er endret i appen etter gjenopprettingen, er ikke med. Alle id-er: --json."
    ),
    "{n} reminder": "{n} påminnelse",
    "{n} reminders": "{n} påminnelser",
    "{n} notice of an expiry": "{n} melding om utløp",
    "{n} notices of expiries": "{n} meldinger om utløp",
    "{n} notice of a renewal": "{n} melding om fornyelse",
    "{n} notices of renewals": "{n} meldinger om fornyelse",
    "no mail": "ingen e-post",
    "The coordinators get the digest of those days once more. Tell them.": (
        "Koordinatorene får oversikten for de dagene en gang til. Si det til dem."
    ),
    "sending mails to the mailbox simulator of SES": "sender e-post til postkassesimulatoren i SES",
    "waiting for the events of {names}": "venter på hendelsene for {names}",
    "The way of the mail and of its events works from end to end.": (
        "Hele veien virker, både for e-posten og for hendelsene."
    ),
    "Not every mail became what its mailbox makes of it.": "Ikke alle e-postene ble det postkassen deres gjør dem til.",
    "Not every event has come back yet. See whether SES publishes them:": (
        "Ikke alle hendelsene har kommet tilbake ennå. Se om SES melder dem:"
    ),
    "Mailbox": "Postkasse",
    "Expected": "Ventet",
    "Became": "Ble",
    "When (Oslo)": "Når (norsk tid)",
    "Code": "Kode",
    "refused": "avvist",
    "nothing yet": "ingenting ennå",
    "delivered": "levert",
    "bounced": "i retur",
    "complained": "klaget på",
    # status
    "{n} thing needs you.": "{n} sak må følges opp.",
    "{n} things need you.": "{n} saker må følges opp.",
    "Nothing needs you: {differences} on the website, repairs are under way.": (
        "Ingenting må følges opp: {differences} på nettsiden, retting er i gang."
    ),
    "{n} difference": "{n} avvik",
    "{n} differences": "{n} avvik",
    "Everything is as it should be.": "Alt er som det skal være.",
    "{n} change on the way to the website.": "{n} endring er på vei til nettsiden.",
    "{n} changes on the way to the website.": "{n} endringer er på vei til nettsiden.",
    "Times are Oslo's; it is {now} there.": "Tidene er norsk tid; klokken er nå {now}.",
    "{n} other": "{n} annen",
    "{n} others": "{n} andre",
    "expiry": "utløp",
    "repair": "retting",
    "reminder": "påminnelse",
    "{n} of {of}": "{n} av {of}",
    "{what}, released": "{what}, sluppet",
    "Website": "Nettsiden",
    "accepts requests": "tar imot",
    "told us to wait until {until}: {why}": "ber oss vente til {until}: {why}",
    "nothing sent since {moment}": "ingenting sendes siden {moment}",
    "no change is waiting": "ingen endring venter",
    "the oldest change has waited {age}": "den eldste endringen har ventet i {age}",
    "Credential": "Innlogging",
    "refused since {moment}": "avvist siden {moment}",
    "no response since {moment}": "ikke noe svar siden {moment}",
    "valid, checked {age} ago": "i orden, prøvd for {age} siden",
    "not checked yet": "ikke prøvd ennå",
    "secret ends today": "hemmeligheten utløper i dag",
    "secret ends in {n} day": "hemmeligheten utløper om {n} dag",
    "secret ends in {n} days": "hemmeligheten utløper om {n} dager",
    "secret ended {n} day ago": "hemmeligheten utløp for {n} dag siden",
    "secret ended {n} days ago": "hemmeligheten utløp for {n} dager siden",
    "certificate ends today": "sertifikatet utløper i dag",
    "certificate ends in {n} day": "sertifikatet utløper om {n} dag",
    "certificate ends in {n} days": "sertifikatet utløper om {n} dager",
    "certificate ended {n} day ago": "sertifikatet utløp for {n} dag siden",
    "certificate ended {n} days ago": "sertifikatet utløp for {n} dager siden",
    "secret has no end date": "hemmeligheten har ingen utløpsdato",
    "next secret works": "neste hemmelighet virker",
    "signs in without a secret": "logger inn uten hemmelighet",
    # rotate-credential
    "Storing the new credential as the next version": "Legger inn den nye innloggingen som neste versjon",
    "Waiting until the system has signed in by it and tried every table": (
        "Venter til systemet har logget inn med den og prøvd hver tabell"
    ),
    "Waiting until the system has signed in by the former credential": (
        "Venter til systemet har logget inn med den forrige"
    ),
    "Refused ({code}); Entra may not know it yet, so it is tried again": (
        "Avvist ({code}); Entra kjenner den kanskje ikke ennå, så den prøves igjen"
    ),
    "certificate_expires_on says {typed}, and the certificate itself ends on {own}: that day counts.": (
        "certificate_expires_on sier {typed}, og sertifikatet selv utløper {own}: Den dagen gjelder."
    ),
    "Putting it in use": "Tar den i bruk",
    "Watching the first sync": "Følger med på den første oppdateringen",
    "Taking back the next version, which nothing uses": "Tar bort neste versjon, som ingenting bruker",
    "Taken back. The credential in use was never changed.": "Tatt tilbake. Innloggingen i bruk ble aldri endret.",
    "Taken back. The former credential is in use again.": "Tatt tilbake. Den forrige innloggingen er i bruk igjen.",
    "The new credential is in use, and the system works with it.": (
        "Den nye innloggingen er i bruk, og systemet virker med den."
    ),
    "The last change reached the website at {moment} (Oslo).": (
        "Den siste endringen nådde nettsiden {moment} (norsk tid)."
    ),
    "Nothing had to be sent; every table was read, and the right to write was tried.": (
        "Ingenting måtte sendes; hver tabell ble lest, og retten til å skrive ble prøvd."
    ),
    "Changes that wait still: {n}.": "Endringer som fortsatt venter: {n}.",
    "The old one may be deleted in Entra from {moment} (Oslo) on.": (
        "Den gamle kan slettes i Entra fra {moment} (norsk tid)."
    ),
    "To take it back, before the old one is deleted:": "For å ta det tilbake, før den gamle er slettet:",
    "The credential in use is refused.": "Innloggingen i bruk blir avvist.",
    "The credential will not do; what is in use was not changed.": (
        "Innloggingen duger ikke; det som er i bruk, ble ikke endret."
    ),
    "To take it back:": "For å ta det tilbake:",
    "next secret refused": "neste hemmelighet er avvist",
    "Queues": "Køer",
    "not counted yet: the sweep counts them": "ikke talt ennå: gjennomgangen teller dem",
    "counted {age} ago": "talt for {age} siden",
    "Last runs": "Kjøringer",
    "succeeded": "fullført",
    "degraded": "delvis",
    "failed": "mislyktes",
    "running": "pågår",
    "Last proof": "Siste bevis",
    "Make a proof:": "Et bevis lages slik:",
    "Webhook": "Ringeklokken",
    "no limit on public calls: set WebhookConcurrency to 10": (
        "ingen grense for fremmede: sett WebhookConcurrency til 10"
    ),
    "at most {n} calls at a time": "høyst {n} kall om gangen",
    "Alerts": "Varsler",
    "{n} more:": "{n} til:",
    "no other": "ingen andre",
    # alerts
    "No alert is open.": "Ingen varsler er åpne.",
    "Times are Oslo's.": "Tidene er norsk tid.",
    "sent {moment}": "varslet {moment}",
    "not sent yet": "ikke varslet ennå",
    "ended {moment}": "over {moment}",
    "Runbook:": "Veiledning:",
    # rejected
    "No listing is rejected.": "Ingen oppføring er avvist.",
    "{n} listing that the website refused": "{n} oppføring som nettsiden har avvist",
    "{n} listings that the website refused": "{n} oppføringer som nettsiden har avvist",
    "may be shown but must not be": "vises kanskje, og skal ikke vises",
    "may be shown, as it was": "vises kanskje, slik den var",
    "not shown but should be": "vises ikke, men skal vises",
    "not shown": "vises ikke",
    "In Dynamics, hide the mentors who must not be shown.": "Skjul for hånd i Dynamics dem som ikke skal vises.",
    "When the cause is fixed:": "Når årsaken er rettet:",
    "{n} listing will be tried again": "{n} oppføring prøves på nytt",
    "{n} listings will be tried again": "{n} oppføringer prøves på nytt",
    ": at once if the webhook arrives, otherwise by the next sweep.": (
        ": med en gang hvis ringeklokken høres, ellers ved neste gjennomgang."
    ),
    # dlq
    "No message was given up.": "Ingen melding er gitt opp.",
    "Given up: {n} message": "Gitt opp: {n} melding",
    "Given up: {n} messages": "Gitt opp: {n} meldinger",
    "There may be more: this is the most that one list shows.": "Det kan være flere: Flere enn disse vises ikke.",
    "Request the syncs again when the cause is gone:": "Be om synkronisering på nytt når årsaken er borte:",
    "Remove a message that is done with or unreadable, by its id:": (
        "Fjern det som er gjort eller ikke kan leses, med ID-en til meldingen:"
    ),
    "not a sync request": "ingen synkronisering: kan fjernes",
    "an unreadable event": "en hendelse som ikke kan leses",
    "{n} event of {queue}.": "{n} hendelse i {queue}.",
    "{n} events of {queue}.": "{n} hendelser i {queue}.",
    "Run each of them again when the cause is gone, then remove the message": (
        "Et menneske kjører dem på nytt når årsaken er borte, og fjerner så meldingen"
    ),
    "The other functions catch up on their next scheduled run.": (
        "De andre funksjonene gjør jobben sin ved neste planlagte kjøring."
    ),
    "{n} message requested again, through RepairRequests.": "{n} melding er sendt på nytt, gjennom RepairRequests.",
    "{n} messages requested again, through RepairRequests.": "{n} meldinger er sendt på nytt, gjennom RepairRequests.",
    "{n} message left: it is not a sync request.": "{n} melding ligger igjen: ingen synkronisering.",
    "{n} messages left: they are not sync requests.": "{n} meldinger ligger igjen: ingen synkroniseringer.",
    "{n} message left: the queue did not take it; try again": "{n} melding ligger igjen: Køen tok den ikke; prøv igjen",
    "{n} messages left: the queue did not take them; try again": (
        "{n} meldinger ligger igjen: Køen tok dem ikke; prøv igjen"
    ),
    "Removed from {queue}.": "Fjernet fra {queue}.",
    # duplicates
    "Nothing was done twice, or every case has been reviewed.": "Ingenting er gjort to ganger, eller alt er sett på.",
    "Done twice: {n} case": "Gjort to ganger: {n} tilfelle",
    "Done twice: {n} cases": "Gjort to ganger: {n} tilfeller",
    "When you have looked at one:": "Når du har sett på ett:",
    "{n} case reviewed.": "{n} tilfelle er sett på.",
    "{n} cases reviewed.": "{n} tilfeller er sett på.",
    # break-glass-export
    "{n} mentor is in {file}.": "{n} likeperson er i {file}.",
    "{n} mentors are in {file}.": "{n} likepersoner er i {file}.",
    # reconcile
    "Done": "Ferdig",
    "Done, but": "Ferdig, men",
    "Its findings cannot be read: no database login is known here": (
        "Det den fant, kan ikke leses: her kjenner vi ingen innlogging til databasen"
    ),
    "run {id}": "kjøring {id}",
    "Nothing was compared: {reason}.": "Ingenting ble sammenlignet: {reason}.",
    "Nothing was compared, for an unknown reason: {reason}": (
        "Ingenting ble sammenlignet, av en ukjent grunn: {reason}"
    ),
    **PROOF,
    **CONFIRMED,
    **SETTINGS,
    **RECORDS,
    **SETUP,
    # forget-person
    "mentor {id}": "likeperson {id}",
    "coordinator {id}": "koordinator {id}",
    "Forgotten": "Glemt",
    "To be forgotten": "Skal glemmes",
    "Removed here:": "Slettet her:",
    "Removed here: nothing": "Slettet her: ingenting",
    "Would be removed here:": "Dette ville bli slettet her:",
    "Would be removed here: nothing": "Dette ville bli slettet her: ingenting",
    "{n} row": "{n} rad",
    "{n} rows": "{n} rader",
    "What stays, and who may remove it:": "Dette blir igjen, og disse kan fjerne det:",
    "removing the person": "sletter personen",
    "waiting until the row in Dynamics is hidden and emptied": "venter til raden i Dynamics er skjult og tømt",
    "This cannot be undone. Type the first {n} characters of the id to go on": (
        "Dette kan ikke angres. Skriv de første {n} tegnene av id-en for å fortsette"
    ),
    "The app's own tables (mentors, certifications, status log, coordinators): the app erases them itself.": (
        "Appens egne tabeller (likepersoner, sertifiseringer, statuslogg, koordinatorer): dem sletter appen selv."
    ),
    "A bare listing with the id, and which thresholds and ends were reached, because the app still has the mentor as"
    " inactive. Run this again once the app has deleted the mentor.": (
        "En bar oppføring med id-en, og hvilke terskler og utløp som er nådd, fordi appen fortsatt har likepersonen som"
        " inaktiv. Kjør dette på nytt når appen har slettet likepersonen."
    ),
    "{n} entries of the audit, with the id, the actor and the reason: the record of who did what. They are kept as"
    " long as the audit is. Proofs hold no person.": (
        "{n} oppføringer i revisjonsloggen, med id, hvem som gjorde det og hvorfor. De beholdes så lenge loggen"
        " beholdes. Bevisene inneholder ingen person."
    ),
    "The hidden and emptied row in Dynamics with the id alone: HLF IT deletes the row of {table} whose {key} is"
    " {id}. This system has no right to delete.": (
        "Den skjulte og tømte raden i Dynamics, med bare id-en: HLF IT sletter raden i {table} der {key} er {id}."
        " Dette systemet har ikke lov til å slette."
    ),
    "Dynamics' own history: the audit history of that row, if auditing is on, and the environment's backups. HLF IT"
    " deletes the first; the second end by themselves.": (
        "Historikken i Dynamics: radens endringslogg, hvis logging er slått på, og sikkerhetskopier av miljøet. HLF IT"
        " sletter den første; kopiene utløper av seg selv."
    ),
    "The suppression list of SES, if mail to the address ever bounced; this system does not know the address any"
    " more. Whoever has it runs: aws sesv2 delete-suppressed-destination --email-address ADDRESS": (
        "Sperrelisten i SES, hvis e-post til adressen noen gang kom i retur; dette systemet kjenner ikke adressen"
        " lenger. Den som har adressen, kjører: aws sesv2 delete-suppressed-destination --email-address ADDRESS"
    ),
    "Messages that were sent: in the person's own mailbox, and the ids in alerts to operations. Queues keep ids for"
    " 4 days, dead letters for 14; dlq list shows those.": (
        "Meldinger som er sendt: i personens egen innboks, og id-er i varsler til driften. Køene har id-er i 4 dager,"
        " feilkøene i 14; dlq list viser dem."
    ),
    "The functions' logs: ids for 90 days, never a name. Where the database calls by pg_net, its last calls with"
    " the id for 6 hours.": (
        "Funksjonenes logger: id-er i 90 dager, aldri et navn. Der databasen kaller med pg_net, de siste kallene med"
        " id-en i 6 timer."
    ),
    "Backups of the database, until they end, and files that somebody has exported. After a restore run this again"
    " for every forget_person in the audit since.": (
        "Sikkerhetskopier av databasen, til de utløper, og filer som noen har hentet ut. Etter en gjenoppretting kjøres"
        " dette på nytt for hver forget_person i revisjonsloggen siden da."
    ),
}
