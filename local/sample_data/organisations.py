"""Define the three synthetic organisations."""

from dataclasses import dataclass
from typing import Final

from local.sample_data import names


@dataclass(frozen=True, slots=True)
class SyntheticOrganisation:
    """One synthetic organisation: its row in organisations.csv, the days of its reminders, its share and its people."""

    name: str
    org_thresholds: bool
    thresholds: tuple[int, ...]
    reactivate_renewed: bool
    reminds_on: tuple[int, ...]
    percent: int
    areas: tuple[str, ...]
    coordinators: tuple[names.SyntheticCoordinator, ...]


# Oslo has thresholds of its own stored but not switched on, so the HLF standard applies there and day 60 is silent.
ORGANISATIONS: Final = (
    SyntheticOrganisation(
        "HLF Oslo og Akershus",
        org_thresholds=False,
        thresholds=(60, 30, 14, 7),
        reactivate_renewed=True,
        reminds_on=(30, 14, 7),
        percent=50,
        areas=names.OSLO_OG_AKERSHUS,
        coordinators=names.OSLO_COORDINATORS,
    ),
    SyntheticOrganisation(
        "HLF Vestland",
        org_thresholds=True,
        thresholds=(45, 21, 7),
        reactivate_renewed=True,
        reminds_on=(45, 21, 7),
        percent=30,
        areas=names.VESTLAND,
        coordinators=names.VESTLAND_COORDINATORS,
    ),
    SyntheticOrganisation(
        "HLF Nordland",
        org_thresholds=True,
        thresholds=(30, 14, 7, 1),
        reactivate_renewed=False,
        reminds_on=(30, 14, 7, 1),
        percent=20,
        areas=names.NORDLAND,
        coordinators=names.NORDLAND_COORDINATORS,
    ),
)
