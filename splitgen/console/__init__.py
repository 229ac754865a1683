"""What a researcher sees in the terminal: tables of results, progress, and what was skipped."""

from splitgen.console.frontier import show_frontier
from splitgen.console.generated import show_generated, show_published
from splitgen.console.measured import show_measured
from splitgen.console.probed import show_probed
from splitgen.console.reported import show_report
from splitgen.console.terminal import Bars
from splitgen.console.verified import show_verified

__all__ = [
    "Bars",
    "show_frontier",
    "show_generated",
    "show_measured",
    "show_probed",
    "show_published",
    "show_report",
    "show_verified",
]
