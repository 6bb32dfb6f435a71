"""Read samconfig.toml with the SAM CLI's own reader. Run with the SAM CLI's Python, by sam_check.sh."""

import sys
import tomllib
from pathlib import Path

from samcli.lib.config.samconfig import SamConfig

ROOT = Path(__file__).parents[2]
STAGES = ("dev", "staging", "prod")


def main() -> int:
    """Compare each environment with the file, whose sections are the SAM CLI's commands."""
    written = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    config = SamConfig(ROOT)
    config.sanity_check()
    for stage in STAGES:
        read = config.get_all(["deploy"], "parameters", stage)
        expected = written[stage]["global"]["parameters"] | written[stage]["deploy"]["parameters"]
        if read != expected:
            print(f"samconfig.toml: the SAM CLI reads {stage} as {read}")  # noqa: T201
            return 1
    print(f"samconfig.toml: {', '.join(STAGES)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
