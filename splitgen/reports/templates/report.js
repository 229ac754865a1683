"use strict";
(() => {
  const ROWS = 12; // shown at once of what was found
  const NEAREST = 20; // training types of an evaluation label, in every split
  const UNKNOWN = 255; // in place of a similarity in percent
  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
  const collator = new Intl.Collator("en", { numeric: true });

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function text(value) {
    return element("bdi", value.length > 30 ? { class: "text", title: value } : { class: "text" }, value);
  }

  // Sorting

  function sorted(items, value, direction) {
    if (direction === "none") return items;
    const sign = direction === "ascending" ? 1 : -1;
    const keyed = items.map((item) => [value(item), item]);
    keyed.sort(([one], [other]) => {
      if (one === null || other === null) return (one === null) - (other === null); // empty cells come last
      return sign * (typeof one === "number" ? one - other : collator.compare(one, other));
    });
    return keyed.map(([, item]) => item);
  }

  function makeSortable(table, reorder) {
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      const button = element("button", { type: "button" }, ...header.childNodes);
      header.append(button);
      header.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const direction = NEXT[header.getAttribute("aria-sort")];
        for (const other of headers) other.setAttribute("aria-sort", "none");
        header.setAttribute("aria-sort", direction);
        reorder(column, direction);
      });
    });
  }

  function cellValue(cell) {
    return "number" in cell.dataset ? Number(cell.dataset.number) : cell.textContent.trim() || null;
  }

  function makeRowsSortable(table) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    makeSortable(table, (column, direction) => {
      body.append(...sorted(rows, (row) => cellValue(row.cells[column]), direction));
    });
  }

  // Tables whose rows are made when they are shown.
  // A column is {title, value: item -> string, number or null, shown: number -> string, shade: whether it has one}.

  function makeCell(column, item, first) {
    const value = column.value(item);
    const cell = element(first ? "th" : "td", first ? { scope: "row" } : {});
    if (typeof value === "string") cell.append(text(value));
    if (typeof value === "number") {
      cell.className = column.shade ? `number s${Math.round(20 * value)}` : "number";
      cell.dataset.number = value;
      cell.append(column.shown(value));
    }
    return cell;
  }

  function makeHeader({ title, shown }) {
    return element("th", shown ? { scope: "col", class: "number" } : { scope: "col" }, text(title));
  }

  function makeOpenable(row, detail) {
    const name = row.cells[0];
    const button = element("button", { type: "button", class: "open", "aria-expanded": "false" }, ...name.childNodes);
    name.append(button);
    let opened = null;
    button.addEventListener("click", () => {
      if (opened) {
        opened.remove();
        opened = null;
      } else {
        opened = element("tr", { class: "detail" }, element("td", { colspan: row.cells.length }, detail()));
        row.after(opened);
      }
      button.setAttribute("aria-expanded", String(Boolean(opened)));
    });
  }

  function makeTable(caption, columns, { about = "", detail = null } = {}) {
    const head = element("tr", {}, ...columns.map(makeHeader));
    const body = element("tbody");
    const table = element("table", {}, element("caption", {}, caption, text(about)), element("thead", {}, head), body);
    const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
    const more = element("button", { type: "button", class: "more" });
    const box = element("div", {}, scroll, more);
    let items = [];
    let ordered = [];
    let shown = 0;

    function extend() {
      const next = ordered.slice(shown, shown + ROWS);
      for (const item of next) {
        const row = element("tr", {}, ...columns.map((column, i) => makeCell(column, item, i === 0)));
        if (detail) makeOpenable(row, () => detail(item));
        body.append(row);
      }
      shown += next.length;
      more.hidden = shown === ordered.length;
      more.textContent = `Show more (${shown.toLocaleString("en")} of ${ordered.length.toLocaleString("en")} shown)`;
    }

    function start(order) {
      ordered = order;
      shown = 0;
      body.replaceChildren();
      extend();
    }

    makeSortable(table, (column, direction) => start(sorted(items, columns[column].value, direction)));
    more.addEventListener("click", extend);
    return {
      box,
      show(found) {
        items = found;
        for (const header of head.cells) header.setAttribute("aria-sort", "none");
        box.hidden = found.length === 0;
        start(found);
      },
    };
  }

  // Search

  const percent = (value) => value.toFixed(2);
  const count = (value) => value.toLocaleString("en");
  const many = (found, noun) => `${count(found.length)} ${noun}${found.length === 1 ? "" : "s"}`;
  const familiarity = (value) => value.toFixed(4);

  function finder(names) {
    const lowered = names.map((name) => name.toLowerCase());
    return (query) => {
      const wanted = query.toLowerCase().trim();
      const words = wanted.split(/\s+/);
      const rank = (i) => (lowered[i] === wanted ? 0 : lowered[i].startsWith(wanted) ? 1 : 2);
      const found = names.map((_, i) => i).filter((i) => words.every((word) => lowered[i].includes(word)));
      return found.sort((one, other) => rank(one) - rank(other) || one - other);
    };
  }

  function explore(place) {
    const data = JSON.parse(document.getElementById(place.dataset.source).textContent);
    const bytes = Uint8Array.from(atob(data.similarity), (character) => character.charCodeAt(0));
    const width = data.labels.length;
    const labels = data.labels.map((_, i) => i);
    const similarity = (type, label) => {
      const value = bytes[type * width + label];
      return value === UNKNOWN ? null : value / 100;
    };
    const mentionColumns = data.splits.map((split, s) => ({
      title: split,
      value: (type) => data.mentions[s][type] || null,
      shown: count,
    }));

    function nearestLabels(type) {
      const known = labels.filter((label) => similarity(type, label) !== null);
      return known.sort((one, other) => similarity(type, other) - similarity(type, one) || one - other);
    }

    function nearestTypes(label) {
      const found = new Set();
      for (const mentions of data.mentions) {
        const there = mentions.map((_, type) => type);
        const known = there.filter((type) => mentions[type] && similarity(type, label) !== null);
        known.sort((one, other) => similarity(other, label) - similarity(one, label) || one - other);
        for (const type of known.slice(0, NEAREST)) found.add(type);
      }
      return [...found].sort((one, other) => similarity(other, label) - similarity(one, label) || one - other);
    }

    function labelsOf(type) {
      const columns = [
        { title: "Evaluation label", value: (label) => data.labels[label] },
        { title: "Similarity", value: (label) => similarity(type, label), shown: percent, shade: true },
      ];
      const table = makeTable("Evaluation labels nearest to ", columns, { about: data.types[type] });
      table.show(nearestLabels(type));
      return table.box;
    }

    function typesOf(label) {
      const columns = [
        { title: "Training type", value: (type) => data.types[type] },
        { title: "Similarity", value: (type) => similarity(type, label), shown: percent, shade: true },
        ...mentionColumns,
      ];
      const table = makeTable("Training types nearest to ", columns, { about: data.labels[label] });
      table.show(nearestTypes(label));
      return table.box;
    }

    const nearest = data.types.map(() => undefined);
    const nearestLabel = (type) => (nearest[type] ??= nearestLabels(type)[0] ?? null);
    const types = makeTable(
      "Training types: mentions in every split",
      [
        { title: "Training type", value: (type) => data.types[type] },
        ...mentionColumns,
        { title: "Nearest label", value: (type) => data.labels[nearestLabel(type)] ?? null },
        {
          title: "Similarity",
          value: (type) => (nearestLabel(type) === null ? null : similarity(type, nearestLabel(type))),
          shown: percent,
          shade: true,
        },
      ],
      { detail: labelsOf },
    );
    const evaluation = makeTable(
      "Evaluation labels: Familiarity in every split",
      [
        { title: "Evaluation label", value: (label) => data.labels[label] },
        ...data.splits.map((split, s) => ({
          title: split,
          value: (label) => data.familiarity[s][label],
          shown: familiarity,
          shade: true,
        })),
      ],
      { detail: typesOf },
    );

    const id = `${place.dataset.source}-query`;
    const input = element("input", { type: "search", id, autocomplete: "off", spellcheck: "false" });
    const status = element("p", { class: "status", role: "status" });
    const findTypes = finder(data.types);
    const findLabels = finder(data.labels);
    function search() {
      const [foundTypes, foundLabels] = [findTypes(input.value), findLabels(input.value)];
      status.textContent = `${many(foundTypes, "training type")}, ${many(foundLabels, "evaluation label")}`;
      types.show(foundTypes);
      evaluation.show(foundLabels);
    }
    input.addEventListener("input", search);
    const gaps = "Without the embedder only the similarities that the cards state are known: each label's nearest types.";
    place.replaceChildren(
      ...(data.complete ? [] : [element("p", { class: "gaps" }, gaps)]),
      element("label", { for: id }, "Letters of a training type or an evaluation label"),
      input,
      status,
      element("div", { class: "found" }, types.box, evaluation.box),
    );
    search();
  }

  // The page

  function whenOpen(place, start) {
    const around = place.closest("details");
    if (!around || around.open) start(place);
    else around.addEventListener("toggle", () => start(place), { once: true });
  }

  function makeLarger(figure) {
    const button = element("button", { type: "button", title: "Larger or smaller", "aria-pressed": "false" });
    figure.prepend(button);
    button.append(figure.querySelector("img"));
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(figure.classList.toggle("large")));
    });
  }

  function openTarget() {
    const target = document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
    target?.scrollIntoView();
  }

  document.querySelectorAll("table").forEach(makeRowsSortable);
  document.querySelectorAll("figure").forEach(makeLarger);
  document.querySelectorAll(".explorer").forEach((place) => whenOpen(place, explore));
  addEventListener("hashchange", openTarget);
  openTarget();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open], .config)")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });
})();
