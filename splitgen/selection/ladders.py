"""A ladder on a choice: its size, its bands, and replicates of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from splitgen.bands import ALL, Band, Interval, Ladder, for_each
from splitgen.checks import check_name, ladder
from splitgen.config import DEFAULT_SHARE, Config
from splitgen.errors import ConfigError, NotAttainable
from splitgen.search.band import BandSearch, Found
from splitgen.search.evaluation import EvaluationSearch
from splitgen.search.space import Ints
from splitgen.selection.eligible import Eligible

HALVINGS = 5  # of the interval in which the largest size lies, or the least overlap of replicates
SMALLEST = 1 / 64  # share of the pool that is tried


@dataclass(frozen=True)
class Size:
    """How many examples and types every split gets; None for all types."""

    examples: int
    types: int | None


def bands_found(
    choice: Eligible, config: Config, advance: Callable[[int], None]
) -> Iterator[tuple[str, Found, dict[str, Any]]]:
    """Every band's name, what was found for it, and facts for the card; replicates one after the other.

    Raises: ConfigError for a size that the pool does not have; NotAttainable.
    """
    rungs = rungs_of(choice, config)
    size, largest = size_of(choice, config, rungs)
    search = search_for(choice, config, size)
    common = {
        "examples": size.examples,
        "types": size.types,
        "largest": largest,
        "match": list(config.selection.match),
        "scope": config.selection.scope,
    }
    selections = search.search(rungs, lambda _: advance(1))
    attainable = (
        {"attainable": asdict(search.attainable()), "attainable_by_target": {}}
        if choice.targets == (ALL,)
        else {
            "attainable": None,
            "attainable_by_target": {target: asdict(known) for target, known in search.known_ranges().items()},
        }
    )
    for found in selections:
        facts = {**common, **attainable}
        if config.replicates == 1:
            yield found.band.name, found, {**facts, **_facts(found)}
            continue
        used: list[Found] = []
        digits = len(str(config.replicates))
        for number in range(config.replicates):
            replicate = _apart(choice, config, size, search, used, found) if used else found
            used.append(replicate)
            name = f"{found.band.name}_{number + 1:0{digits}d}"
            yield name, replicate, {**facts, **_facts(replicate), "replicate_of": found.band.name}
            advance(1 if number else 0)


def _facts(found: Found) -> dict[str, Any]:
    tilt = None if found.tilt is None else list(found.tilt)
    return {"gave_way": list(found.gave_way), "tilt": tilt, "swaps": found.swaps}


def rungs_of(choice: Eligible, config: Config) -> Ladder:
    """The configured ladder, for every benchmark apart if it is so configured.

    Raises: ConfigError for targets that are not there, or names that do not fit.
    """
    given = ladder(config)
    for rung in given.values():
        if unknown := [target for target in rung.special if target not in choice.targets]:
            raise ConfigError(
                f"bands.{rung.name}.of", f"expected some of {', '.join(choice.targets)}, found {unknown[0]!r}"
            )
    if config.ladder.per_benchmark:
        given = for_each(given, choice.targets)
        for name in given:
            check_name("ladder.per_benchmark", name)
    if config.replicates > 1:
        digits = len(str(config.replicates))
        names = [f"{name}_{number + 1:0{digits}d}" for name in given for number in range(config.replicates)]
        if clash := sorted(set(names) & set(given)):
            raise ConfigError("replicates", f"would give two splits the name {clash[0]}: rename that band")
    return given


def search_for(
    choice: Eligible, config: Config, size: Size, reference: BandSearch | None = None, number: int = 0
) -> BandSearch:
    """A search over a choice.

    Args:
        reference: hold everything equal to what this search does, for a replicate of this ``number``.
    """
    kind = EvaluationSearch if config.select == "eval" else BandSearch
    return kind(
        choice.space,
        size.examples,
        size.types,
        config.selection.match,
        (config.seed, 0, number) if number else config.seed,
        config.selection.unselected == "exclude",
        choice.targets,
        None if reference is None else reference.reference,
    )


def size_of(choice: Eligible, config: Config, rungs: Ladder) -> tuple[Size, bool]:
    """The size of every split, and whether it is the largest at which every band is attainable.

    What is not given is the greatest share of the pool, the same of examples and types, at which every band is hit with
    everything held equal; or, where bands are positions, which every size has, a quarter.

    Raises: ConfigError if the pool has fewer than is asked for.
    """
    selection = config.selection
    usable = int(np.count_nonzero(np.diff(choice.space.counts.indptr)))
    types = choice.space.counts.shape[1]
    _at_most("selection.examples", selection.examples, usable, "examples with a mention that may be chosen")
    _at_most("selection.types", selection.types, types, "entity types that may be chosen")

    def size(share: float) -> Size:
        examples = selection.examples or max(1, int(usable * share))
        wanted = selection.types or max(1, len(choice.space.required), int(types * share))
        return Size(examples, None if selection.unselected == "keep" else wanted)

    given = selection.examples and (selection.types or selection.unselected == "keep")
    placed = all(
        isinstance(place, Interval) for rung in rungs.values() for place in rung.of(list(choice.targets)).values()
    )
    if given or not placed:
        return size(1 / DEFAULT_SHARE), False
    share = _largest_share(lambda share: _all_hit(search_for(choice, config, size(share)), rungs))
    return (size(1 / DEFAULT_SHARE), False) if share is None else (size(share), True)


def _largest_share(works: Callable[[float], bool]) -> float | None:
    """The greatest share that works, within a few percent; None if none of those tried does."""
    low, high = 1 / DEFAULT_SHARE, 1.0
    while not works(low):
        low, high = low / 2, low
        if low < SMALLEST:
            return None
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if works(middle) else (low, middle)
    return low


def _all_hit(search: BandSearch, rungs: Ladder) -> bool:
    try:
        for band in search.bands(rungs):
            found = search.find(band, levels=1)
            if found is None or found.gave_way:
                return False
    except NotAttainable:
        return False
    return True


def _at_most(key: str, given: int | None, limit: int, what: str) -> None:
    if given is not None and given > limit:
        raise ConfigError(key, f"expected at most {limit}, the pool's {what}, found {given}")


def _apart(choice: Eligible, config: Config, size: Size, search: BandSearch, used: list[Found], first: Found) -> Found:
    """One more selection for a band, with as little as possible of those that are already used.

    First without any of their examples and types, wherever others will do; if that fails with more and more of the
    types, and then of the examples, as few as it takes. What is held equal stays so.
    """
    types, examples = (
        np.unique(np.concatenate([getattr(each.candidate, name) for each in used])) for name in ("types", "examples")
    )
    chance = np.random.default_rng((config.seed, 2, len(used)))
    types, examples = chance.permutation(types), chance.permutation(examples)

    def attempt(avoided: float) -> Found | None:
        kept = {"types": max(0.0, avoided - 1), "examples": min(1.0, avoided)}
        space = replace(
            choice.space,
            avoided_types=_flags(types, kept["types"], choice.space.counts.shape[1]),
            avoided_examples=_flags(examples, kept["examples"], choice.space.counts.shape[0]),
        )
        other = search_for(replace(choice, space=space), config, size, search, len(used))
        found = other.find(first.band, levels=1, thorough=False)
        return found if found and all(np.array(found.grade) <= first.grade) else None

    if best := attempt(2.0):
        return best
    low, high = 0.0, 2.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if found := attempt(middle):
            best, low = found, middle
        else:
            high = middle
    return best or attempt(0.0) or _again(choice, config, size, search, len(used), first.band)


def _again(choice: Eligible, config: Config, size: Size, search: BandSearch, number: int, band: Band) -> Found:
    """A selection with another seed, whatever it shares and whatever gives way."""
    found = search_for(choice, config, size, search, number).find(band)
    if found is None:
        raise NotAttainable(f"{band.name}: no replicate {number + 1} was found. Lower replicates, or widen the band")
    return found


def _flags(places: Ints, share: float, size: int) -> np.ndarray:
    flags = np.zeros(size, dtype=bool)
    flags[places[: round(share * len(places))]] = True
    return flags
