"""The texts of the screens in bokmål, by what they are in English; conditions and codes have tables of their own."""

from __future__ import annotations

from operations.wording.bokmal_proof import CONFIRMED, PROOF

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
    "takes requests": "tar imot",
    "asked for patience until {until}: {why}": "ber oss vente til {until}: {why}",
    "nothing is sent since {moment}": "ingenting sendes siden {moment}",
    "no change waits": "ingen endring venter",
    "the oldest change waits for {age}": "den eldste endringen har ventet i {age}",
    "Credential": "Innlogging",
    "refused since {moment}": "avvist siden {moment}",
    "no answer since {moment}": "ikke noe svar siden {moment}",
    "good, tried {age} ago": "i orden, prøvd for {age} siden",
    "not tried yet": "ikke prøvd ennå",
    "secret ends today": "hemmeligheten utløper i dag",
    "secret ends in {n} day": "hemmeligheten utløper om {n} dag",
    "secret ends in {n} days": "hemmeligheten utløper om {n} dager",
    "secret ended {n} day ago": "hemmeligheten utløp for {n} dag siden",
    "secret ended {n} days ago": "hemmeligheten utløp for {n} dager siden",
    "secret without an end date": "hemmeligheten har ingen utløpsdato",
    "next secret good": "neste hemmelighet virker",
    "next secret refused": "neste hemmelighet er avvist",
    "Queues": "Køer",
    "not seen yet: the sweep counts them": "ikke talt ennå: gjennomgangen teller dem",
    "seen {age} ago": "talt for {age} siden",
    "Last runs": "Kjøringer",
    "succeeded": "fullført",
    "degraded": "delvis",
    "failed": "mislyktes",
    "running": "pågår",
    "Last proof": "Siste bevis",
    "A proof is made by:": "Et bevis lages slik:",
    "Webhook": "Ringeklokken",
    "no limit for strangers: set WebhookConcurrency to 10": (
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
    "over {moment}": "over {moment}",
    "Runbook:": "Veiledning:",
    # rejected
    "No listing is rejected.": "Ingen oppføring er avvist.",
    "{n} listing that the website refused": "{n} oppføring som nettsiden har avvist",
    "{n} listings that the website refused": "{n} oppføringer som nettsiden har avvist",
    "may be shown, and must not be": "vises kanskje, og skal ikke vises",
    "may be shown, as it was": "vises kanskje, slik den var",
    "not shown, and should be": "vises ikke, men skal vises",
    "not shown": "vises ikke",
    "Hide by hand in Dynamics whoever must not be shown.": "Skjul for hånd i Dynamics dem som ikke skal vises.",
    "When the cause is put right:": "Når årsaken er rettet:",
    "{n} listing will be tried again": "{n} oppføring prøves på nytt",
    "{n} listings will be tried again": "{n} oppføringer prøves på nytt",
    ": at once if the webhook arrives, else by the next sweep.": (
        ": med en gang hvis ringeklokken høres, ellers ved neste gjennomgang."
    ),
    # dlq
    "No message was given up.": "Ingen melding er gitt opp.",
    "Given up: {n} message": "Gitt opp: {n} melding",
    "Given up: {n} messages": "Gitt opp: {n} meldinger",
    "There may be more: these are the most that are shown.": "Det kan være flere: Flere enn disse vises ikke.",
    "Ask for the syncs again, when their cause is gone:": "Be om synkronisering på nytt når årsaken er borte:",
    "Remove what is done or cannot be read, by the id of the message:": (
        "Fjern det som er gjort eller ikke kan leses, med ID-en til meldingen:"
    ),
    "no sync request": "ingen synkronisering: kan fjernes",
    "an event that cannot be read": "en hendelse som ikke kan leses",
    "{n} event of {queue}.": "{n} hendelse i {queue}.",
    "{n} events of {queue}.": "{n} hendelser i {queue}.",
    "These are run again by a person, when the cause is gone; then remove the message": (
        "Et menneske kjører dem på nytt når årsaken er borte, og fjerner så meldingen"
    ),
    "The other functions do their work with their next schedule.": (
        "De andre funksjonene gjør jobben sin ved neste planlagte kjøring."
    ),
    "{n} message asked for again, through RepairRequests.": "{n} melding er sendt på nytt, gjennom RepairRequests.",
    "{n} messages asked for again, through RepairRequests.": "{n} meldinger er sendt på nytt, gjennom RepairRequests.",
    "{n} message left: no sync request.": "{n} melding ligger igjen: ingen synkronisering.",
    "{n} messages left: no sync requests.": "{n} meldinger ligger igjen: ingen synkroniseringer.",
    "{n} message left: the queue did not take it; try again": "{n} melding ligger igjen: Køen tok den ikke; prøv igjen",
    "{n} messages left: the queue did not take them; try again": (
        "{n} meldinger ligger igjen: Køen tok dem ikke; prøv igjen"
    ),
    "Removed from {queue}.": "Fjernet fra {queue}.",
    # duplicates
    "Nothing was done twice, or all of it has been reviewed.": "Ingenting er gjort to ganger, eller alt er sett på.",
    "Done twice: {n} case": "Gjort to ganger: {n} tilfelle",
    "Done twice: {n} cases": "Gjort to ganger: {n} tilfeller",
    "When you have looked at one:": "Når du har sett på ett:",
    "{n} case reviewed.": "{n} tilfelle er sett på.",
    "{n} cases reviewed.": "{n} tilfeller er sett på.",
    # reconcile
    "Done": "Ferdig",
    "Done, but": "Ferdig, men",
    "What it found cannot be read: no login to the database is known here": (
        "Det den fant, kan ikke leses: her kjenner vi ingen innlogging til databasen"
    ),
    "run {id}": "kjøring {id}",
    "Nothing was compared: {reason}.": "Ingenting ble sammenlignet: {reason}.",
    "Nothing was compared, for a reason that is not known: {reason}": (
        "Ingenting ble sammenlignet, av en ukjent grunn: {reason}"
    ),
    **PROOF,
    **CONFIRMED,
}
