"""Map the English texts about settings to bokmål."""

from __future__ import annotations

SETTINGS: dict[str, str] = {
    "The HLF standard": "Standarden til HLF",
    "the standard's": "standardens",
    "as the standard": "som standarden",
    # What each means
    "whether its own thresholds apply": "om de egne grensene gjelder",
    "reminders: days before the last valid day": "påminnelser: dager før siste gyldige dag",
    "whether a renewed mentor becomes active by itself": "om en fornyet likeperson blir aktiv av seg selv",
    "the place of listings in Dynamics, and what is published": "hvor oppføringene er i Dynamics, og hva som vises",
    "mass-change limit: so many mentors are never held": "bremsen: så mange likepersoner holdes aldri igjen",
    "mass-change limit: nor so many per cent; 100 turns it off": "bremsen: heller ikke så mange %; 100 slår den av",
    "whether visible rows of no mentor are hidden": "om synlige rader uten likeperson skjules",
    "mailbox for a coordinator who cannot be reached": "postkasse når en koordinator ikke kan nås",
    "how long the runs of sweeps are kept": "hvor lenge kjøringene av gjennomgangen beholdes",
    "how long other runs and their counts are kept; a kept run can be undone": (
        "hvor lenge andre kjøringer og tallene deres beholdes; så lenge kan de også angres"
    ),
    "how long settled notices are kept, and records of mentors who are gone": (
        "hvor lenge ferdige meldinger beholdes, og det som står om likepersoner som er borte"
    ),
    "how long closed findings, alerts and brakes are kept": "hvor lenge lukkede avvik, varsler og bremser beholdes",
    "how long the audit and the proofs are kept": "hvor lenge revisjonssporet og bevisene beholdes",
    # Why something cannot be stored
    "{column} must have a value: there is nothing that it could fall back on.": (
        "{column} må ha en verdi: Det er ingenting å falle tilbake på."
    ),
    "{column} is not a setting here: some belong to an organisation, others to the standard alone.": (
        "{column} er ingen innstilling her: Noen hører til en organisasjon, andre bare til standarden."
    ),
    "The list of thresholds is empty: give at least one number of days, such as 30 14 7.": (
        "Listen med grenser er tom: Oppgi minst ett antall dager, for eksempel 30 14 7."
    ),
    "A threshold is a number of days before the last valid day, from 0 to 365.": (
        "En grense er et antall dager før siste gyldige dag, fra 0 til 365."
    ),
    "The thresholds are not in order, or one stands twice: give the largest first, each once, such as 30 14 7.": (
        "Grensene er ikke i rekkefølge, eller en står to ganger: Oppgi den største først, hver én gang, som 30 14 7."
    ),
    "The list of thresholds has a gap: give numbers only.": "Listen med grenser har et hull: Oppgi bare tall.",
    "The mass-change limit's number cannot be negative: with 0 only the percentage counts.": (
        "Antallet for bremsen kan ikke være negativt: Med 0 teller bare prosenten."
    ),
    "The percentage of the mass-change limit is from 0 to 100; 100 turns the limit off.": (
        "Prosenten for bremsen er fra 0 til 100; 100 slår den av."
    ),
    "That is not an e-mail address: write it like post@hlf.no.": (
        "Det er ingen e-postadresse: Skriv den som post@hlf.no."
    ),
    "No mail can be sent to that domain: it is reserved.": "Ingen e-post kan sendes til det domenet: Det er reservert.",
    "The runs of sweeps are kept for 2 to 90 days.": "Kjøringene av gjennomgangen beholdes i 2 til 90 dager.",
    "Runs are kept for 60 to 3653 days: the coordinators' page looks back 30.": (
        "Kjøringer beholdes i 60 til 3653 dager: Siden for koordinatorer ser 30 dager tilbake."
    ),
    "Notices are kept for 60 to 3653 days: complaints come weeks later.": (
        "Meldinger beholdes i 60 til 3653 dager: Klager kommer uker etterpå."
    ),
    "Findings are kept for 30 to 3653 days.": "Avvik beholdes i 30 til 3653 dager.",
    "The audit and the proofs are kept for 1827 to 18263 days: five years at least.": (
        "Revisjonssporet og bevisene beholdes i 1827 til 18263 dager: minst fem år."
    ),
    "A listing mapping has exactly these parts: table, key, columns, show, hide.": (
        "En listing mapping har akkurat disse delene: table, key, columns, show, hide."
    ),
    "A name in the listing mapping cannot be a column of Dynamics: small letters, digits and underscores.": (
        "Et navn i listing mapping kan ikke være en kolonne i Dynamics: små bokstaver, siffer og understrek."
    ),
    (
        "The listing mapping must publish something, and of a mentor only first_name, last_name, full_name, phone,"
        " email, area and organisation."
    ): (
        "Listing mapping må vise noe, og av en likeperson bare first_name, last_name, full_name, phone, email, area og"
        " organisation."
    ),
    "show and hide must have the same flags with different values, and statecode comes with statuscode.": (
        "show og hide må ha de samme flaggene med ulike verdier, og statecode hører sammen med statuscode."
    ),
    "The listing mapping names a column twice: as key, as flag, or for a field.": (
        "Listing mapping nevner en kolonne to ganger: som nøkkel, som flagg eller for et felt."
    ),
    (
        "A flag that has hidden rows must stay in the mapping as long as table and key do, because no other flag shows"
        " those rows again ({detail})."
    ): (
        "Et flagg som har skjult rader, må bli stående så lenge table og key gjør det, for ingen andre flagg viser de"
        " radene igjen ({detail})."
    ),
    "The database refuses it: {detail}": "Databasen nekter: {detail}",
    "The number is too large.": "Tallet er for stort.",
    # What a change does
    "{n} mentor would be reminded tomorrow who would not be now": (
        "{n} likeperson ville få påminnelse i morgen som ikke ville fått det nå"
    ),
    "{n} mentors would be reminded tomorrow who would not be now": (
        "{n} likepersoner ville få påminnelse i morgen som ikke ville fått det nå"
    ),
    "{n} mentor would not be reminded tomorrow who would be now": (
        "{n} likeperson ville ikke få påminnelse i morgen som ville fått det nå"
    ),
    "{n} mentors would not be reminded tomorrow who would be now": (
        "{n} likepersoner ville ikke få påminnelse i morgen som ville fått det nå"
    ),
    "{n} renewed mentor would become active tomorrow who would not now": (
        "{n} fornyet likeperson ville bli aktiv i morgen som ikke ville blitt det nå"
    ),
    "{n} renewed mentors would become active tomorrow who would not now": (
        "{n} fornyede likepersoner ville bli aktive i morgen som ikke ville blitt det nå"
    ),
    "{n} renewed mentor would not become active tomorrow who would now": (
        "{n} fornyet likeperson ville ikke bli aktiv i morgen som ville blitt det nå"
    ),
    "{n} renewed mentors would not become active tomorrow who would now": (
        "{n} fornyede likepersoner ville ikke bli aktive i morgen som ville blitt det nå"
    ),
    "{n} listing would be written to the website": "{n} oppføring ville bli skrevet til nettsiden",
    "{n} listings would be written to the website": "{n} oppføringer ville bli skrevet til nettsiden",
    "{n} of them would first be hidden in the old place": "{n} av dem ville først bli skjult på det gamle stedet",
    "{n} visible row of no mentor would be hidden": "{n} synlig rad uten likeperson ville bli skjult",
    "{n} visible rows of no mentor would be hidden": "{n} synlige rader uten likeperson ville bli skjult",
    "column {column} would be emptied in {n} rows": "kolonnen {column} ville bli tømt i {n} rader",
    "the mass-change limit would hold {then} reminders (now: {now})": (
        "bremsen ville holde igjen {then} påminnelser (nå: {now})"
    ),
    "the mass-change limit would hold {then} expiries (now: {now})": (
        "bremsen ville holde igjen {then} utløp (nå: {now})"
    ),
    "the mass-change limit would hold {then} repairs (now: {now})": (
        "bremsen ville holde igjen {then} rettinger (nå: {now})"
    ),
    "{kind}: {n} would be deleted tonight": "{kind}: {n} ville bli slettet i natt",
    "No organisation is concerned by it tomorrow.": "Ingen organisasjon berøres av det i morgen.",
    "no mentor and no listing is concerned tomorrow": "ingen likeperson og ingen oppføring berøres i morgen",
    "A digest goes there when its coordinator's address does not work.": (
        "En oppsummering går dit når adressen til koordinatoren ikke virker."
    ),
    "Change it?": "Vil du endre det?",
    "Nothing was changed.": "Ingenting ble endret.",
    "Changed. Reminders follow with the next nightly check, the website at once.": (
        "Endret. Påminnelsene følger med neste nattlige kontroll, nettsiden med en gang."
    ),
    "It is so already: nothing was changed.": "Slik er det alt: Ingenting ble endret.",
    "Somebody else has changed these settings meanwhile: nothing was changed. Look at them again.": (
        "Noen andre har endret innstillingene i mellomtiden: Ingenting ble endret. Se på dem på nytt."
    ),
    "There is no organisation {id}.": "Det finnes ingen organisasjon {id}.",
    "No setting has been changed.": "Ingen innstilling er endret.",
}
