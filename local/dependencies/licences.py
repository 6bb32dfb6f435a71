"""The licences of what is deployed, from its SBOM, and which of them this project may ship."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.dependencies.locks import Pin, normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ALLOWED: Mapping[str, str] = {
    "MIT": "names its authors, no more",
    "MIT-0": "asks for nothing",
    "BSD-2-Clause": "names its authors",
    "BSD-3-Clause": "names its authors",
    "BSD License": "one of the BSD licences; the package does not say which",
    "ISC": "names its authors",
    "Apache-2.0": "names its authors and what was changed; nothing is changed here",
    "PSF-2.0": "Python's own",
    "MPL-2.0": "files of it that are changed must be published; none is (certifi)",
    "LGPL-3.0-only": "the library may be replaced: it lies unchanged in the layer, as files of its own (psycopg)",
}
"""Each licence that may be shipped, with why. A person decides on another one."""

_CLASSIFIERS = {
    "License :: OSI Approved :: BSD License": "BSD License",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "Dual License": "",  # the words of python-dateutil for the two that stand beside them
}

HEAD = """# Licences of what is deployed

For lawyers and auditors. Written by `make sbom` from the pins of the layer; do not edit it.

The SBOM itself (CycloneDX, JSON) is `build/sbom.json` after `make sbom`.
A licence that is not among [those that may be shipped](#what-may-be-shipped) fails the command and a test.

| package | version | licence |
|---|---|---|
"""


@dataclass(frozen=True)
class Component:
    """One package with the licences that it declares."""

    name: str
    version: str
    licences: tuple[str, ...]

    @property
    def problem(self) -> str | None:
        """Return why it may not be shipped, or None."""
        if not self.licences:
            return f"{self.name} {self.version} declares no licence"
        found = [licence for licence in self.licences if licence not in ALLOWED]
        return f"{self.name} {self.version} is under {', '.join(found)}" if found else None


def read_components(sbom: Mapping[str, Any]) -> tuple[Component, ...]:
    """Return the packages of an SBOM in order of their names."""
    found = (
        Component(normalised(one["name"]), one["version"], tuple(dict.fromkeys(_licences(one))))
        for one in sbom["components"]
    )
    return tuple(sorted(found, key=lambda component: component.name))


def missing_from(components: Sequence[Component], pins: Sequence[Pin]) -> list[str]:
    """Return what is in one of the two and not in the other, a line each."""
    listed = {(component.name, component.version) for component in components}
    pinned = {(pin.name, pin.version) for pin in pins}
    needed = {(pin.name, pin.version) for pin in pins if pin.everywhere}
    return [
        *(f"{name} {version} is not pinned" for name, version in sorted(listed - pinned)),
        *(f"{name} {version} is not in the SBOM" for name, version in sorted(needed - listed)),
    ]


def write_document(components: Sequence[Component]) -> str:
    """Return docs/licences.md."""
    rows = (f"| `{one.name}` | {one.version} | {', '.join(one.licences)} |\n" for one in components)
    allowed = (f"| {licence} | {why} |\n" for licence, why in ALLOWED.items())
    return f"{HEAD}{''.join(rows)}\n## What may be shipped\n\n| licence | why |\n|---|---|\n{''.join(allowed)}"


def _licences(component: Mapping[str, Any]) -> Iterator[str]:
    for entry in component.get("licenses", ()):
        if "expression" in entry:
            yield from re.split(r" (?:OR|AND) ", entry["expression"].replace("(", "").replace(")", ""))
        else:
            licence = entry["license"].get("id") or entry["license"].get("name", "")
            if known := _CLASSIFIERS.get(licence, licence):
                yield known
