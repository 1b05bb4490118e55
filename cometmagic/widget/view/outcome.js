// What a run made: the picture, what is told about it, the way to it, and what to do next.

import { address, button, focusIn, fresh, h, listen, picture, refill, release, show } from "./dom.js";

/** Two pictures on one another; a slider tells how much of the upper one is seen. */
function comparison() {
  const below = picture({ class: "cm-picture" });
  const above = picture({ class: "cm-picture cm-above" });
  const edge = h("span", { class: "cm-edge", "aria-hidden": "true" });
  const empty = h("p", { class: "cm-empty" }, "The picture will appear here.");
  const frame = h("div", { class: "cm-frame" }, empty, below, above, edge);
  const id = fresh("slider");
  const slider = h("input", { type: "range", id, min: 0, max: 100, value: 50, class: "cm-slider", "data-lm-suppress-shortcuts": "true" });
  const label = h("label", { for: id, class: "cm-label" }, "Before and after");
  const row = h("div", { class: "cm-compare" }, label, slider);
  const slide = () => frame.style.setProperty("--seen", `${slider.value}%`);
  slider.addEventListener("input", slide);
  slide();
  return {
    frame,
    row,
    set: (source, alt, draft, told) => {
      for (const [image, value, words] of [[below, source, alt], [above, draft, told]]) {
        if (value) image.src = value;
        else image.removeAttribute("src");
        image.alt = words;
        show(image, Boolean(value));
      }
      show(empty, !source);
      show(edge, Boolean(draft));
      show(row, Boolean(draft));
    },
  };
}

function render({ model, el }) {
  const compared = comparison();
  const strip = h("div", { class: "cm-strip", role: "group", "aria-label": "Drafts on the way to the picture" });
  const facts = h("p", { class: "cm-facts" });
  const notes = h("ul", { class: "cm-notes", "aria-label": "Remarks on the picture" });
  const words = h("p", { class: "cm-words" });
  const thoughts = h("p", { class: "cm-words" });
  const folded = h("details", {}, h("summary", { "data-lm-suppress-shortcuts": "true" }, "What the model thought"), thoughts);
  const say = (kind) => () => model.send({ kind, id: model.get("shown").id });
  const again = button("Same again", () => model.get("busy") || say("again")());
  const edit = button("Edit this", say("going-on"));
  const actions = h(
    "div",
    { class: "cm-row cm-actions", role: "group", "aria-label": "Go on from this picture" },
    edit,
    button("Use as reference", say("refer")),
    again,
    button("Save original", say("save")),
  );
  const history = h("ol", { class: "cm-history", "aria-label": "Made with this panel" });
  const past = h("section", { class: "cm-past", "aria-label": "History" }, h("h4", {}, "Made with this panel"), history);
  const root = h("section", { class: "cm-part cm-outcome", "aria-label": "Result" }, compared.frame, strip, compared.row, facts, notes, words, folded, actions, past);
  let source = "";
  let sources = [];
  let chosen = -1;

  function choose(at) {
    chosen = at;
    const drafts = model.get("drafts");
    compared.set(source, model.get("shown").alt ?? "", at < 0 ? "" : sources[at], at < 0 ? "" : `Draft ${at + 1}`);
    [...strip.children].forEach((one, index) => one.setAttribute("aria-pressed", String(index === (at < 0 ? drafts.length : at))));
  }

  function frameOf(src, label, at) {
    return button(h("span", { class: "cm-strip-one" }, picture({ src }), label), () => choose(at), { class: "cm-button cm-strip-button", "aria-pressed": "false", "data-key": label });
  }

  function follow() {
    const shown = model.get("shown");
    const held = focusIn(strip) ?? focusIn(compared.row);
    for (const old of [source, ...sources]) if (old) URL.revokeObjectURL(old);
    source = address(model.get("picture"), shown.mime);
    sources = model.get("drafts").map((draft) => address(draft.picture));
    const frames = sources.map((draft, at) => frameOf(draft, `Draft ${at + 1}`, at));
    refill(strip, [...frames, ...(frames.length ? [frameOf(source, "Final", -1)] : [])]);
    show(strip, frames.length > 0);
    facts.textContent = shown.facts ?? "";
    notes.replaceChildren(...(shown.notes ?? []).map((note) => h("li", {}, note)));
    words.textContent = shown.text ?? "";
    show(words, Boolean(shown.text));
    thoughts.textContent = shown.thoughts ?? "";
    show(folded, Boolean(shown.thoughts));
    show(actions, Boolean(shown.id));
    mark();
    choose(-1);
    rest();
    if (held && !focusIn(root)?.checkVisibility()) edit.focus(); // what had it is there no more
  }

  function mark() {
    const id = model.get("shown").id;
    for (const one of history.querySelectorAll("button")) one.setAttribute("aria-current", String(one.dataset.key === id));
  }

  function remember() {
    release(history);
    const items = model.get("history");
    refill(
      history,
      items.map((item, at) =>
        h("li", {}, button(picture({ src: address(item.picture) }), () => model.send({ kind: "show", id: item.id }), { class: "cm-button cm-past-one", "data-key": item.id, "aria-label": `Show picture ${at + 1}: ${item.told}`, title: item.told })),
      ),
    );
    show(past, items.length > 1);
    mark();
  }

  function save(message, buffers) {
    if (message.kind !== "original") return;
    const link = h("a", { href: URL.createObjectURL(new Blob([buffers[0]], { type: message.mime })), download: message.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  const rest = () => {
    again.setAttribute("aria-disabled", String(model.get("busy")));
    compared.frame.classList.toggle("cm-vacant", !model.get("busy") && !source);
  };
  const deaf = listen(model, { "change:shown": follow, "change:history": remember, "change:busy": rest, "msg:custom": save });
  el.append(root);
  follow();
  remember();
  return () => {
    deaf();
    release(root);
  };
}

export default { render };
