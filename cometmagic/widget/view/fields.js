// One field for each option: what it looks like, how it is set, and what it says. A field knows no option by name.

import { accusable, fresh, h, focused, show } from "./dom.js";

const QUIET = { "data-lm-suppress-shortcuts": "true" };

/** Return a small drawing of a ratio such as 16:9, within 22 pixels. */
function shape(ratio) {
  const [width, height] = ratio.split(":").map(Number);
  const scale = 22 / Math.max(width, height);
  const drawn = h("span", { class: "cm-shape" });
  drawn.style.width = `${Math.max(4, width * scale)}px`;
  drawn.style.height = `${Math.max(4, height * scale)}px`;
  return h("span", { class: "cm-shape-place", "aria-hidden": "true" }, drawn);
}

/** Return one of several tiles: an input that lies unseen under its label. */
function tile(kind, group, value, label, picture) {
  const input = h("input", { type: kind, name: group, value, class: "cm-tile-input", ...QUIET });
  const mark = kind === "checkbox" && !picture ? h("span", { class: "cm-check", "aria-hidden": "true" }) : null;
  return { input, element: h("label", { class: `cm-tile cm-tile-${kind}` }, input, picture ?? mark, h("span", {}, label)) };
}

/** A group of tiles of which one is chosen, or of which some are. */
function tiles(told, changed, { kind, draw = () => null }) {
  const name = fresh(told.name);
  const legend = h("legend", { class: "cm-label", title: told.help }, told.label);
  const first = kind === "radio" && told.optional ? [["", "auto"]] : [];
  const made = [...first, ...told.choices.map((choice) => [choice, choice])].map(([value, label]) => ({
    value,
    ...tile(kind, name, value, label, value === "" ? null : draw(value)),
  }));
  const why = h("p", { class: "cm-why" });
  const element = h("fieldset", { class: "cm-field cm-tiles", onchange: changed }, legend, h("div", { class: "cm-row" }, made.map((one) => one.element)), why);
  return {
    element,
    get: () => {
      const chosen = made.filter((one) => one.input.checked).map((one) => one.value);
      return kind === "radio" ? (chosen[0] ?? "") : chosen;
    },
    set: (value) => made.forEach((one) => (one.input.checked = kind === "radio" ? one.value === value : value.includes(one.value))),
    bar: (reasons) => {
      for (const one of made) {
        const reason = reasons?.[one.value];
        one.input.disabled = Boolean(reason) && !one.input.checked;
        one.element.title = reason ?? "";
        one.element.classList.toggle("cm-off", one.input.disabled);
      }
      const off = made.filter((one) => one.input.disabled).map((one) => one.value);
      why.textContent = off.length ? `${off.join(", ")}: not known to work on this model.` : "";
      show(why, off.length > 0);
    },
  };
}

function flag(told, changed) {
  const { input, element } = tile("checkbox", fresh(told.name), "on", told.label);
  element.title = told.help;
  return {
    element: h("div", { class: "cm-field cm-flag", onchange: changed }, element, told.front ? null : h("span", { class: "cm-help" }, told.help)),
    get: () => input.checked,
    set: (value) => (input.checked = value),
    bar: () => {},
  };
}

/** A label, what is written or chosen, a hint, and why it cannot be or is wrong. */
function labelled(told, input, { quiet = false } = {}) {
  const id = fresh(told.name);
  input.id = id;
  input.setAttribute("aria-describedby", `${id}-help ${id}-why`);
  const help = h("span", { id: `${id}-help`, class: quiet ? "cm-unseen" : "cm-help" }, told.help);
  const why = h("span", { id: `${id}-why`, class: "cm-why" });
  const label = h("label", { for: id, class: "cm-label", title: told.help }, told.label);
  return {
    element: h("div", { class: "cm-field" }, label, input, help, why),
    bar: (reasons) => {
      const reason = reasons?.[""];
      input.disabled = Boolean(reason) && !input.value;
      why.textContent = reason ?? "";
      show(why, Boolean(reason));
    },
  };
}

function written(told, changed, input) {
  input.addEventListener("input", changed);
  input.addEventListener("change", changed);
  return {
    ...labelled(told, input),
    get: () => input.value,
    set: (value) => {
      if (!focused(input) || input.value === "") input.value = value;
    },
  };
}

function line(told, changed) {
  const attributes = told.kind === "number" ? { inputmode: "decimal" } : {};
  return written(told, changed, h("input", { type: "text", class: "cm-input", placeholder: told.hint, spellcheck: "false", autocomplete: "off", ...attributes }));
}

function lines(told, changed) {
  return written(told, changed, h("textarea", { class: "cm-input cm-lines", placeholder: told.hint, rows: 2, spellcheck: "false" }));
}

function options(values) {
  return values.map(([value, label]) => h("option", { value }, label));
}

/** A model: one of those in the table, or any other by name. */
function model(told, changed) {
  const other = h("input", { type: "text", class: "cm-input cm-other", "aria-label": "Name of another model", spellcheck: "false", autocomplete: "off", oninput: changed });
  const select = h("select", { class: "cm-input", ...QUIET }, options([...told.known.map(([name, title]) => [name, `${title} · ${name}`]), ["", "Another model…"]]));
  const known = new Set(told.known.map(([name]) => name));
  select.addEventListener("change", () => {
    show(other, select.value === "");
    if (select.value === "") other.focus();
    changed();
  });
  const base = labelled(told, select, { quiet: true });
  select.after(other);
  show(other, false);
  return {
    element: base.element,
    get: () => select.value || other.value.trim(),
    set: (value) => {
      if (focused(other)) return;
      select.value = known.has(value) ? value : "";
      other.value = known.has(value) ? "" : value;
      show(other, !known.has(value));
    },
    bar: () => {},
  };
}

/** A choice on the right for each name on the left. */
function pairs(told, changed) {
  const made = told.left.map((name) => {
    const select = h("select", { class: "cm-input", ...QUIET }, options([["", "as the service does"], ...told.right.map((value) => [value, value])]));
    return { name, select, element: h("label", { class: "cm-pair" }, h("span", {}, name), select) };
  });
  return {
    element: h("fieldset", { class: "cm-field", onchange: changed }, h("legend", { class: "cm-label" }, told.label), h("div", { class: "cm-pairs" }, made.map((one) => one.element)), h("span", { class: "cm-help" }, told.help)),
    get: () => Object.fromEntries(made.filter((one) => one.select.value).map((one) => [one.name, one.select.value])),
    set: (value) => made.forEach((one) => (one.select.value = value[one.name] ?? "")),
    bar: () => {},
  };
}

const KINDS = {
  shapes: (told, changed) => tiles(told, changed, { kind: "radio", draw: shape }),
  choice: (told, changed) => tiles(told, changed, { kind: "radio" }),
  several: (told, changed) => tiles(told, changed, { kind: "checkbox" }),
  flag,
  model,
  pairs,
  lines,
  json: lines,
};

/** Return the field of an option: {element, get, set, bar, accuse}. */
export function field(told, changed) {
  const made = (KINDS[told.kind] ?? line)(told, changed);
  return { ...made, ...accusable(made.element) };
}
