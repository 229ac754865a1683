"""The cards for people: README.md of the dataset and of every split, from our templates or the user's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import jinja2

from splitgen.config import OutputConfig
from splitgen.errors import ConfigError
from splitgen.output.bound import bound_value
from splitgen.output.croissant import FAMILIARITY_PAPER
from splitgen.output.difficulty import correlation, in_words, spread
from splitgen.output.figures.names import captions
from splitgen.output.front_matter import front_matter

TEMPLATES = Path(__file__).parent / "templates"
DATASET, SPLIT = "dataset.md.j2", "split.md.j2"
README = "README.md"
MARKUP = re.compile(r"([\\`*_{}\[\]#|!~$@])")
PLAIN_URL = re.compile(r"https?://[\w./~%?&=#:@+,-]+")
MOST_FREQUENT = 20
NOT_CONTENT = re.compile(
    r"[+~]*(path|out|overwrite|cache_dir|engine|probe|hydra|output\.push_to_hub|output\.private)\b"
)
COMMAND = re.compile(r"^`{3,}sh\n(splitgen [^\n]*)\n`{3,}$", re.MULTILINE)
PATH_KEY = re.compile(r"\b((?:path|label_file|templates)\s*[=:]\s*|files=(?=['\"]?/))(['\"]?)([^,}'\"]+)")


def write_readmes(
    folder: Path, cards: Sequence[Mapping[str, Any]], overrides: Sequence[str] | None, output: OutputConfig
) -> None:
    """Write README.md of the dataset and of every split.

    Args:
        folder: of the dataset, everything else written.
        cards: what card.json of every split holds, in the order of the ladder.
        overrides: what was given to the command, if a command it was; they leave no trace of where things are.
    Raises: ConfigError for a template of the user's that does not work; OSError.
    """
    command = None if overrides is None else " ".join(["splitgen", *_again(overrides), "out=OUT"])
    for name, text in readmes(folder, cards, command, output.templates, {}).items():
        if name == README and output.templates:
            from huggingface_hub import DatasetCard

            text = str(DatasetCard(text))  # with the YAML at its top, if the template has any, as the Hub wants it
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def readmes(
    folder: Path,
    cards: Sequence[Mapping[str, Any]],
    command: str | None,
    templates: str | None,
    probes: Mapping[str, Any],
) -> dict[str, str]:
    """README.md of every split and of the dataset, by their paths in its folder.

    Args:
        command: what makes the dataset again.
        templates: a folder of the user's, see ``check_templates``.
        probes: what probes found, by their names, see ``splitgen.output.probed``.
    """
    environment = _environment(templates)
    captions_ = captions(cards[0]["selection"]["select"])
    shared = {"cards": cards, "command": command, "captions": captions_, "probes": probes}
    texts = {}
    for card in cards:
        name, most_frequent = card["band"]["name"], list(card["types"].items())[:MOST_FREQUENT]
        values = {**shared, **card, "most_frequent": most_frequent, "bound_value": bound_value(card)}
        texts[f"{name}/{README}"] = _rendered(environment, SPLIT, folder / name, values)
    title = f"{cards[0]['pool']['name']} for {cards[0]['benchmark']['name']}: splits by Familiarity"
    values = {
        **{**cards[0], "published": next((card["published"][0] for card in cards if card["published"]), None)},
        **shared,
        "card_data": front_matter(folder, cards, title),
        "citations": [FAMILIARITY_PAPER, *cards[0]["pool"]["citation"], *cards[0]["benchmark"]["citation"]],
        "banded": cards[0]["in_band"] is not None,
        "replicates": _overlap_of_replicates(cards),
    }
    texts[README] = _rendered(environment, DATASET, folder, values)
    return texts


def command_in(text: str) -> str | None:
    """The command that a README says made its dataset."""
    found = COMMAND.search(text)
    return found[1] if found else None


def check_templates(folder: str | None) -> None:
    """Refuse early a folder of templates that cannot be used.

    Raises: ConfigError.
    """
    if folder is None:
        return
    names = [name for name in (DATASET, SPLIT) if (Path(folder) / name).is_file()]
    if not names:
        raise ConfigError("output.templates", f"expected a folder with {DATASET} or {SPLIT}, found neither: {folder}")
    for name in names:
        try:
            _environment(folder).get_template(name)
        except (jinja2.TemplateError, UnicodeDecodeError) as error:
            raise _template_error(name, error) from error


def _rendered(environment: jinja2.Environment, name: str, place: Path, values: Mapping[str, Any]) -> str:
    """A template filled in; ``figures`` are the names of those that are in the folder's ``figures``."""
    figures = sorted(path.stem for path in (place / "figures").glob("*.png"))
    try:
        return environment.get_template(name).render(**values, figures=figures).rstrip("\n") + "\n"
    except Exception as error:  # a template can raise anything
        raise _template_error(name, error) from error


def _template_error(name: str, error: Exception) -> ConfigError:
    line = getattr(error, "lineno", None)
    frames = error.__traceback__
    while frames:  # of an error while it is rendered, the last line of a template
        if frames.tb_frame.f_code.co_filename.endswith(name):
            line = frames.tb_lineno
        frames = frames.tb_next
    return ConfigError("output.templates", f"{name}:{line or 1}: {error}. Mend the template")


def _overlap_of_replicates(cards: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Band -> the mean share of examples, and of types, that two of its replicates have in common."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for card in cards:
        if band := card["selection"].get("replicate_of"):
            groups.setdefault(band, []).append(card)
    result = {}
    for band, members in groups.items():
        names = [member["band"]["name"] for member in members]
        pairs = [member["siblings"][name] for member in members for name in names if name in member["siblings"]]
        result[band] = {key: sum(pair[key] for pair in pairs) / len(pairs) for key in ("examples", "types")}
    return result


def markdown(text: str) -> str:
    """Text that shows as itself inside a Markdown line or table cell, whatever is in it."""
    visible = "".join(character if character.isprintable() else " " for character in str(text))
    return MARKUP.sub(r"\\\1", escape(visible, quote=False))


def link(text: str) -> str:
    """An address as a link, where it is plainly one; else as text."""
    return f"<{text}>" if PLAIN_URL.fullmatch(text) else markdown(text)


def fenced(text: str, language: str = "") -> str:
    """Text as a code block that nothing in it can end."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.strip()}\n{fence}"


def said(items: Iterable[str], nothing: str = "not stated in the config") -> str:
    """Several texts in a row, or that there is none."""
    return "; ".join(markdown(item) for item in items) or nothing


def _again(overrides: Sequence[str]) -> list[str]:
    """The overrides that decide the content, sorted, paths without their folders, quoted for a shell."""
    from shlex import quote

    kept = sorted(override for override in overrides if not NOT_CONTENT.match(override))
    named = [PATH_KEY.sub(lambda found: f"{found[1]}{found[2]}{Path(found[3]).name}", override) for override in kept]
    return [quote(override) for override in named]


def _environment(templates: str | None) -> jinja2.Environment:
    """Templates of the user's folder, else ours, which can be extended as ``splitgen/NAME``."""
    own = jinja2.FileSystemLoader(TEMPLATES)
    loaders = [own] if templates is None else [jinja2.FileSystemLoader(templates), own]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([*loaders, jinja2.PrefixLoader({"splitgen": own})]),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
    )
    environment.filters |= {
        "md": markdown,
        "link": link,
        "fenced": fenced,
        "said": said,
        "bound_value": bound_value,
        "verdict": in_words,
        "correlation": correlation,
        "spread": spread,
    }
    return environment
