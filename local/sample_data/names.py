"""Names and places of the synthetic data set, chosen to test software.

They hold æ, ø, å, Sámi letters, hyphens and apostrophes, and names of one letter and of great length.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SyntheticCoordinator:
    """A synthetic coordinator. One without an address cannot be mailed, which is a case of its own."""

    name: str
    email: str
    locale: str = "nb"


OSLO_COORDINATORS: Final = (
    SyntheticCoordinator("Ragnhild Sæther", "ragnhild.sather@example.no"),
    SyntheticCoordinator("Bjørn Håkon Ødegård", "bjorn.hakon.odegard@example.no"),
    SyntheticCoordinator("Nasreen Chaudhry", "nasreen.chaudhry@example.no"),
    SyntheticCoordinator("Åse-Marie Østby", "ase-marie.ostby@example.com"),
    SyntheticCoordinator("Siobhán O'Connell", "siobhan.oconnell@example.com", "en"),
)
VESTLAND_COORDINATORS: Final = (
    SyntheticCoordinator("Torbjørg Øvrebø", "torbjorg.ovrebo@example.no", "nn"),
    SyntheticCoordinator("Gunnhild Årdal", "gunnhild.ardal@example.no", "nn"),
    SyntheticCoordinator("Ståle Mæland", "stale.meland@example.no"),
    SyntheticCoordinator("Jorunn Hæreid", "jorunn.hereid@example.com", "nn"),
)
NORDLAND_COORDINATORS: Final = (
    SyntheticCoordinator("Máret Sárá", "maret.sara@example.no"),
    SyntheticCoordinator("Øyvind Bråten", "oyvind.braten@example.no"),
    SyntheticCoordinator("Aud Åsne Værøy", ""),
)

# These come first, so that every data set has them.
WHOLE_NAMES: Final = (
    ("Bjørn Håkon", "Ødegård"),
    ("Máret", "Sárá"),
    ("Áŋŋá-Márjá", "Eira"),
    ("Ingebjørg-Åse", "Kvæstad-Nygård"),
    ("Patrick", "O'Hara"),
    ("Chiara", "D'Angelo"),
    ("Jean-François", "Lefèvre"),
    ("Łukasz", "Wiśniewski"),
    ("Thị Ngọc Ánh", "Nguyễn"),
    ("Ås", "Ø"),
    ("Jo", "Å"),
    (
        "Anne-Margrethe Wilhelmine Konstanse Elisabeth Dorothea",
        "von der Lippe-Løvenskiold af Østre Gausdal og Nordre Land",
    ),
    ("Per", "Null"),
    ("True", "Berg"),
)

FIRST_NAMES: Final = tuple(
    """
    Aase Agnes Aina Aksel Amalie Amina Anders Anne Arild Arne Asbjørn Astrid Aud Berit Birger Bjarne Bjørg Bjørn
    Brit Dag Dagfinn Egil Eilif Einar Eirik Elin Ellen Elsa Emil Erling Espen Eva Farida Finn Fredrik Frøydis
    Geir Gerd Grete Gro Gudrun Guri Hanne Harald Hassan Hege Helge Henrik Hilde Håkon Håvard Inga Inger-Lise
    Ingrid Ivar Jens Johanne Jorunn Jørgen Kari Kjell Kjersti Knut Kåre Lars Leif Liv Magne Magnhild Marit
    Mathias Mette Mohammed Målfrid Nils Odd Odd-Arne Oddvar Olaug Ole Pål Ragna Randi Reidar Rolf Rønnaug Sigrid
    Sigurd Solveig Stein Svanhild Sverre Synnøve Sølvi Tomasz Tor Torill Trond Turid Unni Vidar Wenche Yusuf
    Ådne Åge Ågot Åse Åshild Øivind Ørjan Øystein
    """.split()  # noqa: SIM905 - a paragraph of names, not a column of a hundred lines
)
LAST_NAMES: Final = tuple(
    """
    Aasen Aamodt Ahmed Andersen Antonsen Aune Bakke Bakken Berg Berge Bergsjø Bjørklund Bjørnstad Brekke Bråthen
    Bø Dahl Dæhlie Eide Engebretsen Eriksen Evensen Fjeld Fossum Færøvik Gjerde Grønli Gåsvær Hagen Halvorsen
    Hansen Haugen Hellesø Helgeland Hovland Hæstad Håland Iversen Jakobsen Jensen Johansen Jørgensen Karlsen
    Knutsen Kowalska Kristiansen Kvåle Larsen Lie Lund Lunde Løken Mæhlum Moe Myhre Myklebust Mørk Nguyen Nilsen
    Nygård Næss Olsen Ødegaard Østby Østerhus Øverland Øyen Pedersen Rasmussen Rød Ruud Rønning Sandvik Skår
    Solberg Solheim Strand Strøm Sæter Sørensen Sørlie Tangen Thorsen Tveit Tømmerås Ulvestad Vik Vågen Wæhler
    Ånensen Årnes Åsheim
    """.split()  # noqa: SIM905 - a paragraph of names, not a column of a hundred lines
)

OSLO_OG_AKERSHUS: Final = (
    "Oslo",
    "Oslo",
    "Oslo",
    "Bærum",
    "Asker",
    "Lillestrøm",
    "Nordre Follo",
    "Ullensaker",
    "Lørenskog",
    "Ås",
    "Nesodden",
    "Rælingen",
    "Aurskog-Høland",
)
VESTLAND: Final = (
    "Bergen",
    "Bergen",
    "Bergen",
    "Øygarden",
    "Askøy",
    "Alver",
    "Voss",
    "Stord",
    "Kinn",
    "Sunnfjord",
    "Årdal",
    "Bømlo",
    "Kvinnherad",
    "Bjørnafjorden",
)
NORDLAND: Final = (
    "Bodø",
    "Bodø",
    "Rana",
    "Narvik",
    "Vågan",
    "Vestvågøy",
    "Fauske",
    "Brønnøy",
    "Sortland",
    "Øksnes",
    "Hábmer-Hamarøy",
    "Røst",
    "Værøy",
)
