"""Map the English texts of `proof`, `release-brake` and `undo-run` to bokmål."""

from __future__ import annotations

PROOF: dict[str, str] = {
    "Does the website show the right mentors?": "Viser nettsiden dem den skal?",
    "Read from {start} to {end} (Oslo)": "Lest fra {start} til {end} (norsk tid)",
    "Run {id}": "Kjøring {id}",
    "Nothing is proven: {reason}.": "Ingenting er bevist: {reason}.",
    "Yes. {website} listed = {app} valid and consenting, and each is shown as the app has it.": (
        "Ja. {website} vises = {app} er gyldige og samtykker, og hver vises slik det står i appen."
    ),
    "No. {found}.": "Nei. {found}.",
    "Not yet. {found}.": "Ikke ennå. {found}.",
    "{n} is shown but not valid": "{n} vises uten å være gyldig",
    "{n} are shown but not valid": "{n} vises uten å være gyldige",
    "{n} is not shown but should be": "{n} vises ikke, men skulle vært vist",
    "{n} are not shown but should be": "{n} vises ikke, men skulle vært vist",
    "{n} is shown differently from the app": "{n} vises annerledes enn det står i appen",
    "{n} are shown differently from the app": "{n} vises annerledes enn det står i appen",
    "{n} row holds fields no longer published": "{n} rad inneholder noe som ikke lenger publiseres",
    "{n} rows hold fields no longer published": "{n} rader inneholder noe som ikke lenger publiseres",
    "{n} row is shown for no mentor in the app": "{n} rad vises uten å høre til en likeperson i appen",
    "{n} rows are shown for no mentor in the app": "{n} rader vises uten å høre til en likeperson i appen",
    "{n} surplus certification is in the app": "{n} sertifisering for mye står i appen",
    "{n} surplus certifications are in the app": "{n} sertifiseringer for mye står i appen",
    "{counted}, held by the brake since {moment}": "{counted}, holdt tilbake av bremsen siden {moment}",
    "{counted}, held by the brake": "{counted}, holdt tilbake av bremsen",
    "{n} of them refused by the website": "{n} av dem avvist av nettsiden",
    "{n} of them waiting for the website": "{n} av dem venter på nettsiden",
    "{n} of them because the day's check has not run": "{n} av dem fordi dagens sjekk ikke har kommet",
    "{n} of them changed in the app, bypassing our triggers": "{n} av dem endret i appen utenom utløserne våre",
    "{n} of them read only once": "{n} av dem lest bare én gang",
    "The two sides differ": "De to sidene er ulike",
    "changed a moment ago": "endret for et øyeblikk siden",
    "the day's check has not run yet": "dagens sjekk har ikke kommet ennå",
    "{why}, known after {moment}": "{why}, avklart etter {moment}",
    "{n} differs": "{n} avviker",
    "{n} differ": "{n} avviker",
    " and ": " og ",
    "{website} listed, {app} valid and consenting, {equal} equal.": (
        "{website} vises, {app} er gyldige og samtykker, {equal} er like."
    ),
    "All differences are gone by now.": "Alt sammen er over nå.",
    "Fingerprints (SHA-256) of everything that is listed, {same}:": (
        "Fingeravtrykk (SHA-256) av alt som vises, {same}:"
    ),
    "the same": "like",
    "not the same": "ulike",
    "in the app": "i appen",
    "on the website": "på nettsiden",
    "Repaired earlier and confirmed by this run: {n}": "Rettet før, og denne kjøringen så at det holder: {n}",
    "A brake is on in {organisation}: {kind} of {n} of {of} was stopped on {moment} and needs a review.": (
        "En brems er på i {organisation}: {kind} for {n} av {of} ble stanset {moment}, og noen må se på det."
    ),
    "What was counted": "Dette ble talt",
    "Website rows read": "Rader som ble lest fra nettsiden",
    "Active, certified and consenting in the app": "Aktive, sertifiserte og med samtykke i appen",
    "Shown by the website": "Vises på nettsiden",
    "Equal on both sides": "Like på begge sider",
    "Shown but must not be": "Vises, og skal ikke vises",
    "Not shown but should be": "Vises ikke, og skal vises",
    "Shown differently from the app": "Vises med noe annet enn det som står i appen",
    "Holds fields no longer published": "Inneholder noe som ikke lenger publiseres",
    "Shown for no mentor in the app": "Vises uten å høre til en likeperson i appen",
    "Of these, changed a moment ago": "Av disse: endret for et øyeblikk siden",
    "Of these, held by the brake": "Av disse: holdt tilbake av bremsen",
    "Of these, the day's check has not run": "Av disse: dagens sjekk har ikke kommet",
    "Changed in the app, bypassing our triggers": "Endret i appen utenom utløserne våre",
    "Rejected by the website": "Avvist av nettsiden",
    "Repairs requested by this run": "Rettinger som denne kjøringen har bedt om",
    "Repairs held back by a brake": "Rettinger som en brems holder tilbake",
    "Done twice and not reviewed yet": "Gjort to ganger, og ikke sett på ennå",
    "Differences when it ended: {n}, of which {over} is gone by now": (
        "Avvik da den var ferdig: {n}, hvorav {over} er over nå"
    ),
    "Differences when it ended: {n}, of which {over} are gone by now": (
        "Avvik da den var ferdig: {n}, hvorav {over} er over nå"
    ),
    "Outcome": "Hva det ble til",
    "row {id}": "rad {id}",
    "changed on the website": "endret på nettsiden",
    "our change has not arrived yet": "endringen vår har ikke kommet fram ennå",
    "the website refused our change": "nettsiden avviste endringen vår",
    "not in the app": "finnes ikke i appen",
    "held by the brake": "holdt tilbake av bremsen",
    "the day's check has not run": "dagens sjekk har ikke kommet",
    "changed in the app, bypassing our triggers": "endret i appen utenom utløserne våre",
    "… and {n} more; all of them:": "… og {n} til; alle sammen:",
    "repaired, confirmed {moment}": "rettet, så at det holdt {moment}",
    "gone without a repair {moment}": "borte av seg selv {moment}",
    "open; repair requested": "åpent; bedt om retting",
    "open; repair requested {n} times": "åpent; bedt om retting {n} ganger",
    "open": "åpent",
}

CONFIRMED: dict[str, str] = {
    # release-brake
    "Released: within 24 hours the next run may remind {n} of {of} mentors of {organisation}.": (
        "Sluppet: Innen 24 timer kan neste kjøring påminne {n} av {of} likepersoner i {organisation}."
    ),
    "Released: within 24 hours the next run may expire {n} of {of} mentors of {organisation}.": (
        "Sluppet: Innen 24 timer kan neste kjøring la {n} av {of} likepersoner i {organisation} utløpe."
    ),
    "Released: within 24 hours the next run may repair the listings of {n} of {of} mentors of {organisation}.": (
        "Sluppet: Innen 24 timer kan neste kjøring rette oppføringene til {n} av {of} likepersoner i {organisation}."
    ),
    "The brake is on again after it.": "Etter det er bremsen på igjen.",
    # undo-run
    "Undone": "Angret",
    "Put back": "Satt tilbake",
    "Not put back": "Ikke satt tilbake",
    "nothing": "ingenting",
    "The website follows within five minutes. The next nightly check does what is due then.": (
        "Nettsiden følger etter innen fem minutter. Neste natt gjør det som skal gjøres da."
    ),
    "{n} mentor to the previous status": "{n} likeperson med statusen slik den var",
    "{n} mentors to their previous status": "{n} likepersoner med statusen slik den var",
    "{n} reminder to be claimed again when due": "{n} påminnelse som lages på nytt når tiden er inne",
    "{n} reminders to be claimed again when due": "{n} påminnelser som lages på nytt når tiden er inne",
    "{n} unsent message removed": "{n} usendt melding fjernet",
    "{n} unsent messages removed": "{n} usendte meldinger fjernet",
    "{n} organisation to the website's previous day": "{n} organisasjon med nettsidens dag slik den var",
    "{n} organisations to the website's previous day": "{n} organisasjoner med nettsidens dag slik den var",
    "{n} message already sent: inform the recipient": "{n} melding som alt er sendt: Gi mottakeren beskjed",
    "{n} messages already sent: inform the recipients": "{n} meldinger som alt er sendt: Gi mottakerne beskjed",
    "{n} message being sent now, or of unknown outcome": (
        "{n} melding som sendes akkurat nå, eller som ingen vet om ble sendt"
    ),
    "{n} messages being sent now, or of unknown outcome": (
        "{n} meldinger som sendes akkurat nå, eller som ingen vet om ble sendt"
    ),
    "{n} reminder kept with those messages, so that none is sent twice": (
        "{n} påminnelse beholdt sammen med meldingene, så ingen sendes to ganger"
    ),
    "{n} reminders kept with those messages, so that none is sent twice": (
        "{n} påminnelser beholdt sammen med meldingene, så ingen sendes to ganger"
    ),
    "{n} mentor changed or deleted since, left as is": (
        "{n} likeperson som siden er endret eller slettet, og forblir slik"
    ),
    "{n} mentors changed or deleted since, left as is": (
        "{n} likepersoner som siden er endret eller slettet, og forblir slik"
    ),
    "{n} organisation whose day a later run has advanced": (
        "{n} organisasjon der en senere kjøring har vurdert en ny dag"
    ),
    "{n} organisations whose day a later run has advanced": (
        "{n} organisasjoner der en senere kjøring har vurdert en ny dag"
    ),
}
