"""Conditions of mail that SES accepted: it did not arrive, was complained of, or nothing is heard of it (I17)."""

from shared.domain.alerts import Condition
from shared.domain.conditions.entry import ConditionText, Entry, Severity, Wording
from shared.domain.wording.numbers import Counted

MAIL = {
    Condition.MAIL_COMPLAINED: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="En mottaker har klaget på e-post fra oss",
            what=(
                "En mottaker har meldt en e-post fra oss som uønsket. Det går ingen flere til den adressen, og"
                " koordinatoren får vite det i neste oppsummering."
            ),
            counted=Counted("klage på 7 dager", "klager på 7 dager"),
            steps=(
                "Se hva som ble sendt til hver likeperson: `explain MENTOR_ID`",
                "Få koordinatoren til å avtale med likepersonen hvordan beskjedene skal komme, for eksempel på SMS.",
            ),
        ),
        en=ConditionText(
            title="A recipient complained about a mail from us",
            what=(
                "A recipient has reported a mail from us as unwanted. No further mail goes to that address, and the"
                " coordinator is told in the next digest."
            ),
            counted=Counted("complaint in 7 days", "complaints in 7 days"),
            steps=(
                "See what was sent to each mentor: `explain MENTOR_ID`",
                "Have the coordinator agree with the mentor how messages are to come, for example by SMS.",
            ),
        ),
        forms={
            "digest": Wording(
                nb=ConditionText(
                    title="En koordinator har klaget på oppsummeringen fra oss",
                    what=(
                        "En oppsummering er meldt som uønsket. Det går ingen flere til den adressen. Er det"
                        " koordinatorens, går de til organisasjonens reserveadresse, hvis det er satt en. Hvis ikke,"
                        " får ingen dem."
                    ),
                    counted=Counted("klage på 7 dager", "klager på 7 dager"),
                    steps=(
                        "Se om organisasjonen har en reserveadresse, fallback_address: `settings show`",
                        "Avtal med koordinatoren, på SMS først, hvilken adresse som skal stå i appen.",
                    ),
                ),
                en=ConditionText(
                    title="A coordinator complained about our digest",
                    what=(
                        "A digest was reported as unwanted. No further one goes to that address. If it is the"
                        " coordinator's, they go to the organisation's fall-back address, if one is set. Otherwise no"
                        " person gets them."
                    ),
                    counted=Counted("complaint in 7 days", "complaints in 7 days"),
                    steps=(
                        "See whether the organisation has a fall-back address, fallback_address: `settings show`",
                        "Agree with the coordinator, by SMS first, which address the app is to have.",
                    ),
                ),
            ),
            "mixed": Wording(
                nb=ConditionText(
                    title="Både likepersoner og koordinatorer har klaget på e-post fra oss",
                    what=(
                        "E-post fra oss er meldt som uønsket, både påminnelser og oppsummeringer. Det går ingen flere"
                        " til de adressene. Noen av ID-ene er koordinatorer: Deres oppsummeringer går til"
                        " organisasjonens reserveadresse, hvis det er satt en. Hvis ikke, får ingen dem."
                    ),
                    counted=Counted("klage på 7 dager", "klager på 7 dager"),
                    steps=(
                        "Se hva som ble sendt til hver likeperson: `explain MENTOR_ID`",
                        "Få koordinatoren til å avtale med likepersonen hvordan beskjedene skal komme.",
                        "Se om organisasjonen har en reserveadresse, fallback_address: `settings show`",
                        "Avtal med hver koordinator, på SMS først, hvilken adresse som skal stå i appen.",
                    ),
                ),
                en=ConditionText(
                    title="Mentors and coordinators complained about mail from us",
                    what=(
                        "Mail from us was reported as unwanted, to mentors and to coordinators. No further mail goes to"
                        " those addresses. Some of the ids are coordinators: their digests go to the organisation's"
                        " fall-back address, if one is set. Otherwise no person gets them."
                    ),
                    counted=Counted("complaint in 7 days", "complaints in 7 days"),
                    steps=(
                        "See what was sent to each mentor: `explain MENTOR_ID`",
                        "Have the coordinator agree with the mentor how messages are to come.",
                        "See whether the organisation has a fall-back address, fallback_address: `settings show`",
                        "Agree with each coordinator, by SMS first, which address the app is to have.",
                    ),
                ),
            ),
        },
    ),
    Condition.FALLBACK_UNUSABLE: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="En reserveadresse virker ikke",
            what=(
                "E-post til reserveadressen kom i retur, eller mottakeren klaget på den. Oppsummeringer til"
                " koordinatorer som ikke kan nås på e-post, får ingen da lese."
            ),
            counted=Counted("organisasjon", "organisasjoner"),
            steps=(
                "Se hvilken adresse det er, fallback_address: `settings show`",
                "Få adressen til å virke, eller sett en annen i innstillingene, som da brukes av seg selv.",
                (
                    "Hvis den virker igjen, tar denne den i bruk, med ID-en til en av organisasjonene:"
                    " `allow-mail {id} --actor YOU --reason WHY`"
                ),
            ),
        ),
        en=ConditionText(
            title="A fall-back address does not work",
            what=(
                "Mail to the fall-back address bounced, or its recipient complained. Nobody then reads the digests of"
                " coordinators who cannot be reached by mail."
            ),
            counted=Counted("organisation", "organisations"),
            steps=(
                "See which address it is, fallback_address: `settings show`",
                "Have the address mended, or set another one in the settings, which is then used by itself.",
                (
                    "If it works again, put it in use, with the id of one of the organisations:"
                    " `allow-mail {id} --actor YOU --reason WHY`"
                ),
            ),
        ),
    ),
    Condition.COORDINATOR_MAIL_BOUNCED: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="En koordinator får ikke e-posten vår",
            what=(
                "Det går ingen e-post til koordinatorens adresse, eller en oppsummering kom ikke fram."
                " Oppsummeringene går til organisasjonens reserveadresse, hvis det er satt en. Hvis ikke, får ingen"
                " lese dem."
            ),
            counted=Counted("koordinator", "koordinatorer"),
            steps=(
                "Se om organisasjonen har en reserveadresse, fallback_address: `settings show`",
                "Få rettet koordinatorens adresse i appen. Da brukes den av seg selv.",
                "Virker den gamle igjen, så ta den i bruk, én ID om gangen: `allow-mail {id} --actor YOU --reason WHY`",
            ),
        ),
        en=ConditionText(
            title="A coordinator does not get our mail",
            what=(
                "No mail goes to the coordinator's address, or a digest did not arrive. Digests go to the"
                " organisation's fall-back address, if one is set. Otherwise no person has them."
            ),
            counted=Counted("coordinator", "coordinators"),
            steps=(
                "See whether the organisation has a fall-back address, fallback_address: `settings show`",
                "Have the coordinator's address corrected in the app. It is then used by itself.",
                "If the old one works again, use it, one id at a time: `allow-mail {id} --actor YOU --reason WHY`",
            ),
        ),
    ),
    Condition.MAIL_NOT_REPORTED: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="E-post kom ikke fram, og ingen koordinator får vite det",
            what=(
                "E-post til likepersoner kom ikke fram eller kunne ikke sendes. De har ingen koordinator, eller en som"
                " vi ikke når. Ingen andre enn du får vite det."
            ),
            counted=Counted("likeperson", "likepersoner"),
            steps=(
                "Gi organisasjonen ID-ene: Hver av dem må få en koordinator som vi når, eller beskjed på annen måte.",
                "Se hva som ikke kom fram: `explain MENTOR_ID`",
            ),
        ),
        en=ConditionText(
            title="Mail did not arrive, and no coordinator hears of it",
            what=(
                "Mail to mentors did not arrive or could not be sent. They have no coordinator, or one whom we cannot"
                " reach. Nobody but you hears of it."
            ),
            counted=Counted("mentor", "mentors"),
            steps=(
                "Give the organisation the ids: each needs a coordinator whom we reach, or to be told in another way.",
                "See what did not arrive: `explain MENTOR_ID`",
            ),
        ),
    ),
    Condition.BOUNCE_RATE_HIGH: Entry(
        severity=Severity.ENDANGERS,
        nb=ConditionText(
            title="For mye e-post kommer i retur",
            what=(
                "Mer enn 2,5 % av e-posten de siste 30 dagene kom i retur. Ved 5 % tar AWS kontoen opp til vurdering,"
                " og ved 10 % kan all utsending bli stanset."
            ),
            counted=Counted("e-post i retur", "e-poster i retur"),
            steps=(
                "Se tallene: `status`",
                "Finn ut om det er én organisasjon eller én e-postleverandør, slik veiledningen viser.",
            ),
        ),
        en=ConditionText(
            title="Too much mail bounces",
            what=(
                "More than 2.5 % of the mail of the last 30 days bounced. At 5 % AWS reviews the account, and at 10 %"
                " it may pause all sending."
            ),
            counted=Counted("mail bounced", "mails bounced"),
            steps=(
                "See the figures: `status`",
                "Find out whether it is one organisation or one mail provider, as the runbook shows.",
            ),
        ),
    ),
    Condition.COMPLAINT_RATE_HIGH: Entry(
        severity=Severity.ENDANGERS,
        nb=ConditionText(
            title="For mange klager på e-posten vår",
            what=(
                "Det er klaget på mer enn 0,05 % av e-posten de siste 30 dagene. Ved 0,1 % tar AWS kontoen opp til"
                " vurdering, og ved 0,5 % kan all utsending bli stanset."
            ),
            counted=Counted("klage", "klager"),
            steps=(
                "Se tallene: `status`",
                "Spør koordinatorene hva mottakerne ikke vil ha, slik veiledningen viser.",
            ),
        ),
        en=ConditionText(
            title="Too many complaints about our mail",
            what=(
                "Recipients complained about more than 0.05 % of the mail of the last 30 days. At 0.1 % AWS reviews the"
                " account, and at 0.5 % it may pause all sending."
            ),
            counted=Counted("complaint", "complaints"),
            steps=(
                "See the figures: `status`",
                "Ask the coordinators what the recipients do not want, as the runbook shows.",
            ),
        ),
    ),
    Condition.MAIL_EVENTS_MISSING: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Vi får ikke vite om e-posten kommer fram",
            what=("SES har tatt imot e-post fra oss, men har på mer enn 24 timer ikke meldt hva som ble av den."),
            counted=Counted("e-post", "e-poster"),
            steps=(
                "Se hva som mangler i SES: `verify-integration`",
                "Prøv hele veien: `mail-drill --actor YOU --reason WHY`",
            ),
        ),
        en=ConditionText(
            title="It is unknown whether mail arrives",
            what=("SES accepted mail from us, and for more than 24 hours it has not said what became of any of it."),
            counted=Counted("mail", "mails"),
            steps=(
                "See what is missing in SES: `verify-integration`",
                "Try the whole way: `mail-drill --actor YOU --reason WHY`",
            ),
        ),
        subjects={
            "partly": Wording(
                nb=ConditionText(
                    title="Om mye av e-posten får vi ikke vite om den kommer fram",
                    what=(
                        "SES melder fra om noe av e-posten, men de siste 7 dagene er det for mer enn halvparten ikke"
                        " meldt hva som ble av den."
                    ),
                    counted=Counted("e-post", "e-poster"),
                    steps=(
                        "Se om SES sender hendelser om levering, Delivery: `verify-integration`",
                        "Prøv veien fra ende til annen: `mail-drill --actor YOU --reason WHY`",
                    ),
                ),
                en=ConditionText(
                    title="Of much of the mail it is unknown whether it arrives",
                    what=(
                        "SES tells of some mails, but of more than half of those of the last 7 days it has not said"
                        " what became of them."
                    ),
                    counted=Counted("mail", "mails"),
                    steps=(
                        "See whether SES sends events of deliveries, Delivery: `verify-integration`",
                        "Try the way from end to end: `mail-drill --actor YOU --reason WHY`",
                    ),
                ),
            ),
        },
    ),
}
