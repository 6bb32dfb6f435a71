"""The languages there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.alerts import Language
from shared.domain.wording import bokmal, english

if TYPE_CHECKING:
    from shared.domain.wording.texts import Texts

TEXTS: dict[Language, Texts] = {Language.NB: bokmal.TEXTS, Language.EN: english.TEXTS}
