"""What ``verify`` found."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from splitgen.console.terminal import plain, show_dropped, terminal
from splitgen.verification import CHECKS, Verification
from splitgen.verification.cardless import CardlessSplit

MOST_DIFFERENCES = 20  # of a check and split, that are shown


def show_verified(found: Verification | list[CardlessSplit], path: str) -> bool:
    """Confirmed, or what differs; returns whether nothing does."""
    if isinstance(found, list):
        return _show_cardless(found, path)
    console = terminal()
    table = Table("split", box=None, header_style="bold", pad_edge=False)
    for name in CHECKS:
        table.add_column(name, justify="right" if name == "Familiarity" else "left")
    for split in sorted(found.differences, key=lambda name: (-found.values.get(name, 0.0), name)):
        table.add_row(Text(plain(split)), *(_cell(found, split, check) for check in CHECKS))
    console.print(table, "")
    _show_differences(console, "checksums", found.checksums)
    _show_differences(console, "dataset", found.documents)
    for split, checks in found.differences.items():
        for check, differences in checks.items():
            _show_differences(console, f"{split}, {check}", differences)
        for check, why in found.skipped.get(split, {}).items():
            console.print(f"{split}, {check}: not checked. {why}", style="yellow", highlight=False, markup=False)
    if found.confirmed:
        console.print(f"confirmed: {found.files} files, {len(found.differences)} splits", style="green")
    else:
        console.print("not confirmed", style="bold red")
    return found.confirmed


def _cell(found: Verification, split: str, check: str) -> Text:
    differences = found.differences[split].get(check)
    if differences:
        return Text("DIFFERS", style="bold red")
    if check in found.skipped.get(split, {}):
        return Text("not checked", style="yellow")
    if differences is None:
        return Text("" if check == "formats" else "-")
    if check == "Familiarity":
        return Text(f"{found.values[split]:.4f} confirmed", style="green")
    return Text("confirmed", style="green")


def _show_differences(console: Console, where: str, differences: list[str]) -> None:
    for difference in differences[:MOST_DIFFERENCES]:
        text = plain(f"{where}: {difference}")
        console.print(text, style="red", soft_wrap=True, highlight=False, markup=False)
    if more := len(differences[MOST_DIFFERENCES:]):
        console.print(f"{where}: and {more:,} more", style="red", highlight=False, markup=False)


def _show_cardless(splits: list[CardlessSplit], path: str) -> bool:
    console = terminal()
    console.print(f"{path} has no cards of splitgen's: measured, with nothing to compare with\n", markup=False)
    table = Table("split", box=None, header_style="bold", pad_edge=False)
    for name in ("Familiarity", "published", "difference", "examples", "types", "mentions"):
        table.add_column(name, justify="right")
    for split in splits:
        measured, printed = split.measured, next(iter(split.published), None)
        known = printed.familiarity if printed else None
        table.add_row(
            Text(plain(split.name)),
            f"{measured.value:.4f}",
            "" if known is None else f"{known:.4f}",
            "" if known is None else f"{measured.value - known:+.4f}",
            *(f"{getattr(measured, name):,}" for name in ("examples", "types", "mentions")),
        )
    console.print(table)
    for split in splits:
        show_dropped(console, f"split {split.name}", split.pool.dropped)
    return not any(split.pool.dropped.total for split in splits)
