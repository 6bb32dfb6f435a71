"""Map the English texts about kept records to bokmål."""

from __future__ import annotations

RECORDS: dict[str, str] = {
    "What the next full comparison deletes": "Dette sletter neste fullstendige sammenligning",
    "Kind": "Slag",
    "Table": "Tabell",
    "Days": "Dager",
    "Goes": "Går",
    "Stays": "Blir",
    "What stays for longer, and why:": "Dette blir lenger, og hvorfor:",
    "The periods are settings of the standard. Nothing was deleted now.": (
        "Tidene er innstillinger i standarden. Ingenting ble slettet nå."
    ),
    "runs of sweeps": "kjøringer av gjennomgangen",
    "other runs, with their counts": "andre kjøringer, med tallene deres",
    "settled notices": "ferdige meldinger",
    "addresses that no mail went to, and nobody has any more": "adresser det ikke gikk e-post til, og som ingen har nå",
    "mails of drills": "e-poster fra prøver",
    "test alerts": "prøvevarsler",
    "reminders of mentors who are gone": "påminnelser til likepersoner som er borte",
    "transitions of mentors who are gone": "statusendringer for likepersoner som er borte",
    "failures that are over": "feil som er over",
    "closed findings": "lukkede avvik",
    "closed alerts": "lukkede varsler",
    "closed brakes": "lukkede bremser",
    "proofs": "bevis",
    "the audit": "revisjonssporet",
    "lines of break-glass journals that were imported": "linjer i nødjournaler som er lest inn",
    "rotations of the credential": "bytter av innloggingen til Dynamics",
    "The last rotation, which can be taken back, and one that is open.": (
        "Det siste byttet, som kan tas tilbake, og et som pågår."
    ),
    "The last run of each function, runs that were undone, and runs whose proof is kept.": (
        "Den siste kjøringen av hver funksjon, kjøringer som ble angret, og kjøringer med et bevis som beholdes."
    ),
    (
        "Notices of the certification that a mentor has now, of a run that was undone, not reported to the coordinator"
        " yet, or still to be reopened."
    ): (
        "Meldinger om sertifiseringen som en likeperson har nå, fra en kjøring som ble angret, som koordinatoren ikke"
        " har fått vite om ennå, eller som kan bli sendt likevel."
    ),
    (
        "Reminders and transitions of every mentor whom the app has: without them somebody could be reminded or expired"
        " twice for one date."
    ): (
        "Påminnelser og statusendringer for alle likepersoner som appen har: Uten dem kunne noen få påminnelse eller gå"
        " ut to ganger for samme dato."
    ),
    "The chain itself, which holds hashes alone, is kept for good, and so is the last proof.": (
        "Selve kjeden, som bare har hasher, beholdes for godt, og det gjør også det siste beviset."
    ),
    "{n} link written to {file}.": "{n} ledd skrevet til {file}.",
    "{n} links written to {file}.": "{n} ledd er skrevet til {file}.",
    "{n} record has no link yet; the next sweep makes it.": (
        "{n} post har ikke noe ledd ennå; neste gjennomgang lager det."
    ),
    "{n} records have no link yet; the next sweep makes them.": (
        "{n} poster har ikke noe ledd ennå; neste gjennomgang lager dem."
    ),
    "The last link is {position}, with the hash": "Det siste leddet er {position}, med hashen",
    "It holds what people have written as reasons: treat it as such.": (
        "Filen har det folk har skrevet som grunn: Behandle den deretter."
    ),
    "{n} fault.": "{n} feil.",
    "{n} faults.": "{n} feil.",
    "The chain is whole, and every record is as it was linked.": "Kjeden er hel, og alt er slik det ble lenket.",
    "Links {first} to {last}; the last has the hash": "Ledd {first} til {last}; det siste har hashen",
    "{n} record is older than it is kept, and only its link is there.": (
        "{n} post er eldre enn den beholdes, og bare leddet er der."
    ),
    "{n} records are older than they are kept, and only their links are there.": (
        "{n} poster er eldre enn de beholdes, og bare leddene er der."
    ),
    (
        "Somebody with the database owner's login could have made all of it anew: compare the hash with the log of"
        " that night."
    ): (
        "Den som har databaseeierens innlogging, kan ha laget alt på nytt: Sammenlign hashen med loggen fra den natten."
    ),
}
