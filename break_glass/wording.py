"""Every sentence of this program, in bokmål and in English. Names and amounts stand in braces."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "what_this_is": (
        (
            "Nødverktøyet for HLFs nettside over likepersoner. Det sammenligner nettsiden med appen og gjør nettsiden"
            " riktig, mens det automatiske systemet er nede. Ingenting endres før du har sagt ja. Ctrl-C stopper når"
            " som helst, og du kan kjøre det igjen."
        ),
        (
            "The emergency tool for HLF's list of mentors. It compares the website with the app and makes the website"
            " right while the automation is down. Nothing changes until you have said yes. Ctrl-C stops at any time,"
            " and you can run it again."
        ),
    ),
    "ask_host": ("Hva er databasens adresse?", "What is the database's address?"),
    "ask_port": ("Hvilken port?", "Which port?"),
    "ask_dbname": ("Hva heter databasen?", "What is the database called?"),
    "ask_username": ("Hva er brukernavnet i databasen?", "What is the user name in the database?"),
    "ask_database_password": (
        "Hva er passordet til databasen? Det vises ikke mens du skriver.",
        "What is the database's password? It is not shown while you type.",
    ),
    "ask_url": (
        "Hva er adressen til Dynamics? Den begynner med https:// og slutter på dynamics.com.",
        "What is the address of Dynamics? It begins with https:// and ends in dynamics.com.",
    ),
    "ask_tenant_id": ("Hva er tenant-ID-en (Directory ID)?", "What is the tenant id (Directory ID)?"),
    "ask_client_id": ("Hva er klient-ID-en (Application ID)?", "What is the client id (Application ID)?"),
    "ask_client_secret": (
        "Hva er klienthemmeligheten (Value)? Den vises ikke mens du skriver.",
        "What is the client secret (Value)? It is not shown while you type.",
    ),
    "ask_actor": (
        "Hva heter du? Navnet blir skrevet i loggen over det som gjøres.",
        "What is your name? It is written to the record of what is done.",
    ),
    "ask_reason": (
        "Hvorfor gjør du dette? Én setning, uten navn på likepersoner.",
        "Why do you do this? One sentence, without the name of a mentor.",
    ),
    "ask_mode": (
        (
            "Hva vil du gjøre?\n"
            "  1  Bare skjule dem som ikke skal stå på nettsiden, utløpte og trukne samtykker først\n"
            "  2  Gjøre alt riktig: skjule, og så vise dem som skal stå der\n"
            "Skriv 1 eller 2."
        ),
        (
            "What do you want to do?\n"
            "  1  Only hide those who must not be on the website, expired and withdrawn ones first\n"
            "  2  Make everything right: hide, and then show those who are to be there\n"
            "Type 1 or 2."
        ),
    ),
    "ask_go_on": ("Skal det gjøres nå? Skriv ja eller nei.", "Do it now? Type yes or no."),
    "yes": ("ja", "yes"),
    "no": ("nei", "no"),
    "hide_phrase": ("skjul {n} likepersoner", "hide {n} mentors"),
    "publish_phrase": ("vis {n} likepersoner", "show {n} mentors"),
    "mass_hide": (
        (
            "Uvanlig mange: {n} av {active} aktive likepersoner i {name} skal skjules (grensen er {count} og"
            " {percent} %). Er datoene i appen riktige? Hvis du er sikker, skriv: {phrase}"
        ),
        (
            "Unusually many: {n} of {active} active mentors of {name} are to be hidden (the limits are {count} and"
            " {percent} %). Are the dates in the app right? If you are sure, type: {phrase}"
        ),
    ),
    "mass_publish": (
        (
            "Uvanlig mange: {n} likepersoner i {name} ({active} aktive) skal vises (grensen er {count} og {percent} %)."
            " Hvis du er sikker, skriv: {phrase}"
        ),
        (
            "Unusually many: {n} mentors of {name} ({active} active) are to be shown (the limits are {count} and"
            " {percent} %). If you are sure, type: {phrase}"
        ),
    ),
    "not_confirmed": (
        "Ikke bekreftet, så ingenting er endret. Uten skjerm og tastatur: --confirm «{phrase}».",
        'Not confirmed, so nothing was changed. Without a terminal: --confirm "{phrase}".',
    ),
    "hiding_can_be_undone": (
        (
            "Å skjule kan gjøres om: Oppføringen blir liggende i Dynamics, skjult, og systemet viser den igjen når den"
            " skal stå der."
        ),
        "Hiding can be undone: the entry stays in Dynamics, hidden, and the system shows it again when it is due.",
    ),
    "showing_cannot_be_undone": (
        "Å vise noen kan ikke gjøres helt om: Navn og telefonnummer kan leses av alle med en gang.",
        "Showing somebody cannot be undone altogether: everybody can read the name and the number at once.",
    ),
    "connecting": ("Logger inn i databasen …", "Signing in to the database …"),
    "examining": ("Prøver den nye hemmeligheten mot Microsoft …", "Trying the new credentials with Microsoft …"),
    "other_authority": (
        "Innstillingene sender hemmeligheten til {authority}, og ikke til Microsoft. Er du ikke sikker, så stopp her.",
        "The settings send the secret to {authority}, and not to Microsoft. If you are not sure, stop here.",
    ),
    "credential_good": (
        "Hemmeligheten virker, og rollen har de rettighetene den trenger.",
        "The credentials work, and the role has the privileges it needs.",
    ),
    "credential_wrong": ("Hemmeligheten kan ikke brukes:", "The credentials cannot be used:"),
    "credential_undetermined": ("Dette kunne ikke prøves:", "This could not be determined:"),
    "nothing_changed": ("Ingenting er endret.", "Nothing was changed."),
    "reading": (
        "Leser nettsiden og sammenligner med appen …",
        "Reading the website and comparing it with the app …",
    ),
    "all_right": (
        "Nettsiden er som den skal være. Det er ingenting å gjøre.",
        "The website is as it should be. There is nothing to do.",
    ),
    "plan": ("Dette er ikke riktig på nettsiden nå:", "This is not right on the website now:"),
    "plan_expired": ("{n} vises, og sertifiseringen er utløpt: skjules", "{n} shown, certification expired: hide"),
    "plan_withdrawn": ("{n} vises uten samtykke: skjules", "{n} shown without consent: hide"),
    "plan_not_active": ("{n} vises og er ikke aktive: skjules", "{n} shown and not active: hide"),
    "plan_deleted": ("{n} vises og finnes ikke i appen lenger: skjules", "{n} shown and gone from the app: hide"),
    "plan_publish": ("{n} skal vises eller har endret seg: vises", "{n} to be shown, or changed: show"),
    "strangers": (
        "{n} på nettsiden er ikke fra appen. De blir ikke rørt; se på dem i Dynamics.",
        "{n} on the website are not of the app. They are left alone; look at them in Dynamics.",
    ),
    "and_more": ("… og {n} til; --dry-run viser alle", "… and {n} more; --dry-run shows all"),
    "dry_run": ("Dette var bare en prøve. Ingenting er endret.", "This was only a trial. Nothing was changed."),
    "progress": ("{done} av {n}", "{done} of {n}"),
    "phase_urgent": ("Skjuler {n} utløpte og trukne samtykker …", "Hiding {n} expired or without consent …"),
    "phase_hide": ("Skjuler {n} andre …", "Hiding {n} others …"),
    "phase_publish": ("Viser {n} …", "Showing {n} …"),
    "waiting": (
        "{n} kan ikke gjøres akkurat nå. Prøver igjen om {seconds} sekunder …",
        "{n} cannot be done just now. Trying again in {seconds} seconds …",
    ),
    "stopping": (
        "Stopper når det som er på vei, er ferdig. Ctrl-C en gang til stopper med en gang.",
        "Stopping when what is under way is done. Ctrl-C once more stops at once.",
    ),
    "stopped": (
        "Stoppet. {done} av {n} er gjort. Kjør programmet igjen for resten.",
        "Stopped. {done} of {n} are done. Run the program again for the rest.",
    ),
    "broken_off": (
        (
            "Avbrutt. Det som var på vei, kan være gjort. Kjør programmet igjen; er noe opptatt, går det over på noen"
            " minutter."
        ),
        "Broken off. What was under way may have been done. Run the program again; what is busy is free in minutes.",
    ),
    "refused_midway": (
        "Microsoft slipper oss ikke inn lenger ({code}). {done} av {n} er gjort.",
        "Microsoft does not let us in any more ({code}). {done} of {n} are done.",
    ),
    "rejected": (
        "{n} ble avvist av Dynamics ({codes}):",
        "{n} were refused by Dynamics ({codes}):",
    ),
    "unfinished": (
        "{n} er ikke ferdige ({codes}). Kjør programmet igjen om litt.",
        "{n} are not done ({codes}). Run the program again in a while.",
    ),
    "checking_result": ("Leser nettsiden en gang til …", "Reading the website once more …"),
    "right_now": (
        "Ferdig: Nettsiden er lest på nytt og er som den skal være.",
        "Done: the website was read again and is as it should be.",
    ),
    "hidden_now": (
        "Ferdig: Nettsiden er lest på nytt, og ingen vises som ikke skal vises.",
        "Done: the website was read again, and nobody is shown who must not be.",
    ),
    "still_wrong": (
        "Nettsiden er lest på nytt, og {n} er fortsatt ikke riktige:",
        "The website was read again, and {n} are still not right:",
    ),
    "portal_lag": (
        "Besøkende kan se den gamle listen i opptil 15 minutter til.",
        "Visitors may see the old list for up to 15 minutes more.",
    ),
    "journal_at": (
        (
            "Det som er gjort, står i {path}. Ta vare på filen. Når databasen er tilbake: {program}"
            " import-journal {path}"
        ),
        "What was done is in {path}. Keep the file. When the database is back: {program} import-journal {path}",
    ),
    "export_of": (
        (
            "Filen er fra {at} (alder i dager: {days}). Den som er fornyet etter det, blir skjult. Den som har trukket"
            " samtykket etter det, må du skjule selv: Skriv no i kolonnen listed."
        ),
        (
            "The file is from {at} (age in days: {days}). Whoever was renewed since then will be hidden. You must hide"
            " those who withdrew since then: write no in the column listed."
        ),
    ),
    "export_too_old": (
        (
            "En fil som er eldre enn {longest} dager, skjuler mange som er fornyet. Har du en nyere, så bruk den. Skriv"
            " dette for å bruke filen likevel: {phrase}"
        ),
        (
            "A file older than {longest} days hides many who were renewed. If you have a newer one, use that. Type"
            " this to use the file all the same: {phrase}"
        ),
    ),
    "export_phrase": ("bruk en fil som er {days} dager gammel", "use a file that is {days} days old"),
    "imported": (
        "{new} linjer er lagt inn, {known} var lagt inn fra før.",
        "{new} lines were imported, {known} had been imported before.",
    ),
    "file_not_found": (
        "Filen {path} finnes ikke eller kan ikke leses.",
        "There is no file {path}, or it is unreadable.",
    ),
    "file_not_json": ("Filen {path} er ikke gyldig JSON.", "The file {path} is no JSON object."),
    "file_has_secret": (
        "Filen {path} har feltet {name}. Hemmeligheter hører hjemme i filen til --credentials.",
        "The file {path} has the field {name}. Secrets belong into the file of --credentials.",
    ),
    "file_not_private": (
        "Andre brukere av maskinen kan lese {path}. Skriv: chmod 600 {path}",
        "Other users of this machine can read {path}. Type: chmod 600 {path}",
    ),
    "file_of_others": ("Filen {path} tilhører en annen bruker.", "The file {path} belongs to another user."),
    "permissions_not_checked": (
        "Hvem som kan lese {path}, kan ikke sjekkes på denne maskinen. Ha den i din egen mappe, og slett den etterpå.",
        "Who can read {path} cannot be checked on this system. Keep it in your own folder, and delete it afterwards.",
    ),
    "field_malformed": ("Feltet {name} i {path} har feil form.", "The field {name} of {path} is malformed."),
    "journal_exists": ("Filen {path} finnes allerede. Velg et annet navn.", "The file {path} exists. Name another."),
    "journal_unwritable_midway": (
        "Journalen kan ikke lenger skrives til {path}. Det siste kan være gjort. Prøv med en ny journal.",
        "The journal cannot be written to {path} any more. What was under way may be done. Try with another journal.",
    ),
    "journal_unwritable": (
        "Journalen kan ikke skrives til {path}, så ingenting er endret. Velg en annen mappe med --journal.",
        "The journal cannot be written to {path}, so nothing was changed. Name another place with --journal.",
    ),
    "journal_malformed": ("Linje {line} i {path} er ingen journal.", "Line {line} of {path} is no journal."),
    "export_malformed": (
        "Linje {line} i {path} er ikke slik eksporten er ({code}).",
        "Line {line} of {path} is not as the export has it ({code}).",
    ),
    "not_one_line": (
        "{option} må være én linje med vanlig tekst, høyst {longest} tegn.",
        "{option} must be one line of plain text, of {longest} characters at most.",
    ),
    "not_system": ("--actor må være en persons navn.", "--actor must be a person's name."),
    "no_terminal": (
        "Det er ingen skjerm og tastatur å spørre ved, og dette mangler ({option}): {question}",
        "There is no terminal to ask at, and this is missing ({option}): {question}",
    ),
    "csv_hides_only": (
        "Uten databasen kan vi bare skjule. Bruk --hide-only, eller utelat --everything.",
        "Without the database we can only hide. Use --hide-only, or leave out --everything.",
    ),
    "journal_needs_csv": ("--journal hører til --from-csv.", "--journal belongs to --from-csv."),
    "bad_arguments": ("Kommandolinjen ble ikke forstått: {said}", "The command line was not understood: {said}"),
    "no_database": (
        (
            "Databasen svarer ikke, eller den avviser innloggingen ({code}). Sjekk adresse, brukernavn og passord. Er"
            " databasen nede, kan du skjule fra en eksport: --from-csv FIL"
        ),
        (
            "The database does not respond, or it refuses the login ({code}). Check address, user name and password. If"
            " the database is down, you can hide from an export: --from-csv FILE"
        ),
    ),
    "database_tls": (
        "Databasens sertifikat ble ikke godtatt ({code}). Sjekk adressen, og sslrootcert i innstillingsfilen.",
        "The database's certificate was not accepted ({code}). Check the address, and sslrootcert in the settings.",
    ),
    "database_refused": (
        "Databasen avviser oss ({code}). Bruk innloggingen med rollen certification_break_glass.",
        "The database refuses us ({code}). Use the login of the role certification_break_glass.",
    ),
    "database_busy": (
        "Databasen er opptatt ({code}). Prøv igjen om litt.",
        "The database is busy ({code}). Try again.",
    ),
    "database_lost": (
        "Forbindelsen til databasen ble brutt ({code}). Kjør programmet igjen.",
        "The connection to the database was lost ({code}). Run the program again.",
    ),
    "website_unreachable": (
        "Dynamics svarer ikke nå ({code}). Prøv igjen om noen minutter.",
        "Dynamics does not respond now ({code}). Try again in some minutes.",
    ),
    "website_waits": (
        "Dynamics ber alle vente i {seconds} sekunder. Kjør programmet igjen etter det.",
        "Dynamics asks everybody to wait for {seconds} seconds. Run the program again after that.",
    ),
    "website_refused": ("Dynamics avviser oss ({code}).", "Dynamics refuses us ({code})."),
    "address_refused": (
        "Adressen {name} kan ikke brukes ({code}): https:// og vertsnavnet, uten noe etter.",
        "The address {name} cannot be used ({code}): https:// and the host, nothing after it.",
    ),
    # the help
    "help_program": (
        (
            "Gjør HLFs nettside over likepersoner riktig mens det automatiske systemet er nede. Returnerer 0: gjort; 1:"
            " noe er galt; 2: ikke forstått; 3: ikke ferdig, eller ikke kjent."
        ),
        (
            "Make HLF's list of mentors right while the automation is down. Exit codes: 0 done; 1 something is wrong;"
            " 2 not understood; 3 not done yet, or not known."
        ),
    ),
    "help_command": (
        "run (gjør nettsiden riktig; det vanlige), check (prøver bare hemmeligheten) eller import-journal",
        "run (make the website right; the default), check (only try the credentials) or import-journal",
    ),
    "help_file": ("journalen, for import-journal", "the journal, for import-journal"),
    "help_dry_run": ("vis hva som ville endres, med antall og ID-er", "show what would change, by count and ids"),
    "help_hide_only": ("bare skjul; utløpte og trukne samtykker først", "only hide; expired and withdrawn first"),
    "help_everything": ("skjul, og vis dem som skal stå der", "hide, and show those who are to be there"),
    "help_from_csv": ("uten databasen: skjul ut fra en eksport", "without the database: hide by an export"),
    "help_journal": ("hvor journalen til --from-csv skrives", "where the journal of --from-csv is written"),
    "help_settings": ("innstillingene fra safen, uten hemmeligheter", "the settings from the safe, without secrets"),
    "help_credentials": (
        "hemmelighetene i en fil som bare du kan lese; ellers spør programmet",
        "the secrets in a file that only you can read; otherwise you are asked",
    ),
    "help_actor": ("hvem du er; skrives i loggen", "who you are; it is recorded"),
    "help_reason": ("hvorfor; skrives i loggen", "why; it is recorded"),
    "help_yes": ("spør ikke om det skal gjøres nå", "do not ask whether to do it now"),
    "help_confirm": ("bekreftelsen av en uvanlig stor endring", "the confirmation of an unusually large change"),
    "help_patience": (
        "hvor mange sekunder det prøves igjen når noe er opptatt",
        "for how many seconds to try again what is busy",
    ),
    "help_json": ("skriv resultatet som JSON", "print the result as JSON"),
    "help_lang": ("nb (bokmål) eller en (engelsk)", "nb (bokmål) or en (English)"),
    "help_help": ("vis denne hjelpen", "show this help"),
    "arguments": ("det som kan gjøres", "what it can do"),
    "options": ("valg", "options"),
}
