"""What coordinators read about a listing that is not right, and about an open alert; each in three languages.

Plain words for people who are no technicians. Operations reads the same facts in shared/domain/conditions/.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.domain.force_sync import WhyNot


class Words(NamedTuple):
    """A sentence or two in bokmål, nynorsk and English."""

    nb: str
    nn: str
    en: str


WHY_NOT: dict[WhyNot, Words] = {
    WhyNot.ON_ITS_WAY: Words(
        "Endringen er på vei til nettsiden.",
        "Endringa er på veg til nettsida.",
        "The change is on its way to the website.",
    ),
    WhyNot.THROTTLED: Words(
        "Dynamics har bedt oss vente litt. Endringen sendes av seg selv når ventetiden er over.",
        "Dynamics har bede oss vente litt. Endringa blir send av seg sjølv når ventetida er over.",
        "Dynamics has asked us to wait a little. The change is sent by itself when the wait is over.",
    ),
    WhyNot.STOPPED: Words(
        "Dynamics slipper oss ikke inn, så ingenting blir sendt. Driften har fått beskjed. Endringen sendes av seg selv"
        " når det virker igjen.",
        "Dynamics slepper oss ikkje inn, så ingenting blir sendt. Driftsfolka har fått beskjed. Endringa blir send av"
        " seg sjølv når det verkar igjen.",
        "Dynamics does not let us in, so nothing is sent. Operations has been told. The change is sent by itself when"
        " it works again.",
    ),
    WhyNot.FAILED_ATTEMPT: Words(
        "Nettsiden tok ikke imot endringen nå. Systemet prøver igjen av seg selv.",
        "Nettsida tok ikkje imot endringa no. Systemet prøver igjen av seg sjølv.",
        "The website did not accept the change just now. The system tries again by itself.",
    ),
    WhyNot.OUTCOME_UNKNOWN: Words(
        "Nettsiden svarte ikke som den skal, så vi vet ikke om endringen kom fram. Systemet sender den på nytt av seg"
        " selv.",
        "Nettsida svarte ikkje som ho skal, så vi veit ikkje om endringa kom fram. Systemet sender henne på nytt av seg"
        " sjølv.",
        "The website did not reply as it should, so it is not known whether the change arrived. The system sends it"
        " again by itself.",
    ),
    WhyNot.BRAKE: Words(
        "Uvanlig mange skulle endres på en gang, så systemet venter til driften har avgjort om datoene stemmer.",
        "Uvanleg mange skulle endrast på ein gong, så systemet ventar til drifta har avgjort om datoane stemmer.",
        "Unusually many were to change at once, so the system waits until operations has decided whether the dates are"
        " right.",
    ),
    WhyNot.REJECTED: Words(
        "Nettsiden tar ikke imot oppføringen slik den er. Driften har fått beskjed. Systemet prøver igjen av seg selv,"
        " først om en time.",
        "Nettsida tek ikkje imot oppføringa slik ho er. Driftsfolka har fått beskjed. Systemet prøver igjen av seg"
        " sjølv, først om ein time.",
        "The website does not accept the listing as it is. Operations has been told. The system tries again by itself,"
        " first in an hour.",
    ),
    WhyNot.BUSY: Words(
        "Likepersonen blir endret akkurat nå. Systemet sender endringen så snart det går.",
        "Likepersonen blir endra akkurat no. Systemet sender endringa så snart det går.",
        "The mentor is being changed just now. The system sends the change as soon as it can.",
    ),
    WhyNot.DIFFERS: Words(
        "Nettsiden tok imot endringen, men viser noe annet. Systemet leser den igjen om noen minutter og retter den.",
        "Nettsida tok imot endringa, men viser noko anna. Systemet les henne igjen om nokre minutt og rettar henne.",
        "The website accepted the change, but shows something else. The system reads it again in a few minutes and"
        " corrects it.",
    ),
    WhyNot.NOT_READ_BACK: Words(
        "Nettsiden tok imot endringen, men vi fikk ikke lest den etterpå. Systemet kontrollerer den om noen minutter.",
        "Nettsida tok imot endringa, men vi fekk ikkje lese henne etterpå. Systemet kontrollerer henne om nokre"
        " minutt.",
        "The website accepted the change, but could not be read afterwards. The system checks it in a few minutes.",
    ),
    WhyNot.MANUAL_EDIT: Words(
        "Noen har endret oppføringen i Dynamics. Systemet retter den tilbake til det som står i appen.",
        "Nokon har endra oppføringa i Dynamics. Systemet rettar henne tilbake til det som står i appen.",
        "Somebody has changed the listing in Dynamics. The system puts it back to what the app says.",
    ),
    WhyNot.NOT_CONVERGING: Words(
        "Oppføringen er rettet flere ganger, men blir endret igjen i Dynamics. Driften har fått beskjed.",
        "Oppføringa er retta fleire gonger, men blir endra igjen i Dynamics. Driftsfolka har fått beskjed.",
        "The listing was corrected several times, and is changed again in Dynamics. Operations has been told.",
    ),
    WhyNot.PAST_TRIGGERS: Words(
        "Noe ble endret i appens database uten at vi fikk beskjed. Systemet har oppdaget det, og nettsiden følger"
        " etter.",
        "Noko vart endra i databasen til appen utan at vi fekk beskjed. Systemet har oppdaga det, og nettsida følgjer"
        " etter.",
        "Something was changed in the app's database without our being notified. The system has seen it, and the"
        " website follows.",
    ),
    WhyNot.DAY_NOT_CHECKED: Words(
        "Sertifiseringen er gått ut, og nattens kontroll har ikke tatt den med ennå.",
        "Sertifiseringa er gått ut, og kontrollen om natta har ikkje teke henne med enno.",
        "The certification has ended, and the nightly check has not come to it yet.",
    ),
}

ALERTS: dict[str, Words] = {
    "brake_expiry": Words(
        "Uvanlig mange sertifiseringer skulle gått ut på en gang. Ingen av dem er flyttet til utløpt, og de står"
        " fortsatt på nettsiden. Driften trenger svar fra dere: stemmer datoene?",
        "Uvanleg mange sertifiseringar skulle gått ut på ein gong. Ingen av dei er flytte til utgått, og dei står"
        " framleis på nettsida. Driftsfolka treng svar frå dykk: stemmer datoane?",
        "Unusually many certifications were to end at once. None of them was moved to expired, and they are still on"
        " the website. Operations needs to hear from you: are the dates right?",
    ),
    "brake_reminder": Words(
        "Uvanlig mange skulle fått påminnelse på en gang. Ingen er sendt før driften har avgjort om datoene stemmer.",
        "Uvanleg mange skulle fått påminning på ein gong. Ingen er send før drifta har avgjort om datoane stemmer.",
        "Unusually many were to be reminded at once. None is sent until operations has decided whether the dates are"
        " right.",
    ),
    "brake_repair": Words(
        "Nettsiden er ulik appen for uvanlig mange på en gang. Driften må avgjøre om den skal rettes.",
        "Nettsida er ulik appen for uvanleg mange på ein gong. Driftsfolka må avgjere om ho skal rettast.",
        "The website differs from the app for unusually many at once. Operations has to decide whether to correct it.",
    ),
    "website_refuses_us": Words(
        "Dynamics slipper oss ikke inn, så nettsiden blir ikke oppdatert. Driften har fått beskjed.",
        "Dynamics slepper oss ikkje inn, så nettsida blir ikkje oppdatert. Driftsfolka har fått beskjed.",
        "Dynamics does not let us in, so the website is not updated. Operations has been told.",
    ),
    "website_unreachable": Words(
        "Vi når ikke Dynamics, så nettsiden blir ikke oppdatert nå. Systemet prøver hele tiden.",
        "Vi når ikkje Dynamics, så nettsida blir ikkje oppdatert no. Systemet prøver heile tida.",
        "Dynamics cannot be reached, so the website is not updated now. The system keeps trying.",
    ),
    "website_result_small": Words(
        "Nettsiden viste nesten ingen da den sist ble lest. Driften ser på det.",
        "Nettsida viste nesten ingen da ho sist vart lesen. Driftsfolka ser på det.",
        "The website showed hardly anybody when it was last read. Operations is looking into it.",
    ),
    "listed_but_invalid": Words(
        "Noen står på nettsiden som ikke skal stå der. Systemet prøver å skjule dem.",
        "Nokon står på nettsida som ikkje skal stå der. Systemet prøver å skjule dei.",
        "Somebody is on the website who must not be. The system is trying to hide them.",
    ),
    "listings_rejected": Words(
        "Nettsiden tar ikke imot noen av oppføringene. Driften har fått beskjed.",
        "Nettsida tek ikkje imot nokre av oppføringane. Driftsfolka har fått beskjed.",
        "The website does not accept some of the listings. Operations has been told.",
    ),
    "trigger_off": Words(
        "Endringer i appen kommer ikke til nettsiden med en gang, bare etter noen minutter eller til natten.",
        "Endringar i appen kjem ikkje til nettsida med ein gong, berre etter nokre minutt eller til natta.",
        "Changes in the app do not reach the website at once, only after some minutes or at night.",
    ),
    "changes_missed": Words(
        "En endring i appen kom ikke med med en gang. Systemet tar den igjen av seg selv.",
        "Ei endring i appen kom ikkje med med ein gong. Systemet tek henne igjen av seg sjølv.",
        "A change in the app was not taken up at once. The system catches up by itself.",
    ),
    "run_missing": Words(
        "En kontroll som skulle ha kommet, har ikke kommet. Driften har fått beskjed.",
        "Ein kontroll som skulle ha kome, har ikkje kome. Driftsfolka har fått beskjed.",
        "A check that should have run has not run. Operations has been told.",
    ),
    "run_failed": Words(
        "En kontroll ble ikke ferdig. Driften har fått beskjed, og systemet prøver igjen.",
        "Ein kontroll vart ikkje ferdig. Driftsfolka har fått beskjed, og systemet prøver igjen.",
        "A check did not finish. Operations has been told, and the system tries again.",
    ),
}
"""By the kinds that certification.coordinator_overview returns."""
