"""Write docs/operations/costs.md from template.yaml: `make costs`."""

from __future__ import annotations

from pathlib import Path

from emulators.lambda_host.template.sam import read_yaml
from local.costs.document import write
from local.costs.figures import read_figures

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "operations" / "costs.md"


def document() -> str:
    """Return the document as the template and the metrics are now."""
    metrics = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    return write(read_figures(read_yaml(ROOT / "template.yaml")), metrics)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
