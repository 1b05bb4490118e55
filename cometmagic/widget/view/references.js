// Reference images: dropped, chosen, pasted or named; shown in their order, which is changed by dragging or by buttons.

import { accusable, address, button, focusOn, fresh, h, picture, refill, release, show } from "./dom.js";

const PIECE = 1 << 20; // bytes: far below what one message of a notebook may carry
const LARGEST = 64e6; // bytes
const DRAGGED = "application/x-cometmagic-reference";
const OPPOSITE = { earlier: "later", later: "earlier" };

/** Return an order of 0 … count - 1 in which one has moved to another place. */
function moved(count, from, to) {
  const order = [...Array(count).keys()];
  order.splice(to, 0, ...order.splice(from, 1));
  return order;
}

/** Return before which of some items a point lies, as rows are read, and beside which one that is to be marked. */
function landing(items, { clientX: x, clientY: y }) {
  const boxes = items.map((item) => item.getBoundingClientRect());
  const found = boxes.findIndex((box) => y < box.top || (y <= box.bottom && x < (box.left + box.right) / 2));
  const gap = found < 0 ? items.length : found;
  const after = gap > 0 && (found < 0 || y <= boxes[gap - 1].bottom);
  return { gap, beside: items[after ? gap - 1 : gap], after };
}

/** Return whether a reference image is dragged, of this panel or another. */
function isReference(event) {
  return Boolean(event.dataTransfer?.types.includes(DRAGGED));
}

/** Let the items of a list be dragged to another place in it: `move(from, to)`. */
function draggable(list, move) {
  let dragged = null; // no longer in the list when that is filled anew meanwhile
  const items = () => [...list.children];
  const mark = (wanted, after) => {
    for (const item of items()) {
      item.classList.toggle("cm-before", item === wanted && !after);
      item.classList.toggle("cm-after", item === wanted && after);
      item.classList.toggle("cm-dragged", item === dragged);
    }
  };
  /** Mark where the item that is dragged would land, and return [from, to], which are equal where it stays. */
  const over = (event) => {
    const from = items().indexOf(dragged);
    if (from < 0 || !isReference(event)) return [0, 0]; // a file, or a picture of another panel
    event.preventDefault();
    event.stopPropagation();
    const { gap, beside, after } = landing(items(), event);
    const to = gap > from ? gap - 1 : gap;
    mark(to === from ? null : beside, after);
    return [from, to];
  };
  const end = () => {
    dragged = null;
    mark(null);
  };
  list.addEventListener("dragstart", (event) => {
    if (event.target.parentNode !== list) return; // a text that was selected
    dragged = event.target;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData(DRAGGED, "");
    event.stopPropagation();
  });
  list.addEventListener("dragenter", over);
  list.addEventListener("dragover", over);
  list.addEventListener("dragleave", (event) => list.contains(event.relatedTarget) || mark(null));
  list.addEventListener("dragend", end);
  list.addEventListener("drop", (event) => {
    const [from, to] = over(event);
    end();
    if (to !== from) move(from, to);
  });
}

/** Return {element, set, bar, accuse, take}; `say` sends a message and, perhaps, bytes; `hint` is what can be named. */
export function references(say, hint) {
  const list = h("ol", { class: "cm-thumbs", "aria-label": "Reference images" });
  const input = h("input", { type: "file", accept: "image/*", multiple: true, class: "cm-unseen", tabindex: "-1", "aria-hidden": "true" });
  const choose = button("Add pictures…", () => input.click());
  const id = fresh("named");
  const named = h("input", { type: "text", id, class: "cm-input", placeholder: hint, spellcheck: "false", autocomplete: "off", "data-name": "reference", "aria-describedby": `${id}-wrong` });
  const told = h("p", { class: "cm-why" });
  const said = h("span", { class: "cm-unseen", role: "status" });
  let shown = [];
  let awaited = ""; // what was named, until it is there
  let asked = null; // of the kernel, which may know better: {words, told, next: [place, button] for the focus}
  const dropHint = h("span", { class: "cm-hint" }, "or drop them");
  const add = () => {
    awaited = named.value.trim();
    if (awaited) say({ kind: "add", word: awaited });
  };
  const naming = h(
    "div",
    { class: "cm-row cm-drop-row" },
    h("label", { for: id, class: "cm-unseen" }, "Reference image by variable, path or address"),
    named,
    button("Add", (event) => event.detail < 2 && add()), // a double click adds one
  );
  const { element: mendable, accuse } = accusable(h("div", { class: "cm-field" }, naming), `${id}-wrong`);
  const element = h(
    "section",
    { class: "cm-drop", "aria-label": "Reference images" },
    h("div", { class: "cm-row cm-drop-row" }, h("span", { class: "cm-label" }, "Reference images"), choose, input, dropHint),
    mendable,
    list,
    told,
    said,
  );

  async function take(files) {
    for (const file of files) {
      if (file.size > LARGEST) {
        accuse(`${file.name} is larger than ${LARGEST / 1e6} MB.`);
        continue;
      }
      const upload = fresh("file");
      for (let start = 0; start === 0 || start < file.size; start += PIECE) {
        const piece = await file.slice(start, start + PIECE).arrayBuffer();
        say({ kind: "piece", id: upload, name: file.name, last: start + PIECE >= file.size }, [piece]);
      }
    }
  }

  /** Take note of files that are dragged over here, and return those that are dropped. */
  const over = (event, wanted) => {
    if (!event.dataTransfer?.types.includes("Files") || isReference(event)) return [];
    event.preventDefault();
    event.stopPropagation();
    element.classList.toggle("cm-over", wanted);
    return [...event.dataTransfer.files];
  };
  element.addEventListener("dragenter", (event) => over(event, true));
  element.addEventListener("dragover", (event) => over(event, true));
  element.addEventListener("dragleave", (event) => over(event, element.contains(event.relatedTarget)));
  element.addEventListener("drop", (event) => take(over(event, false)));
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  named.addEventListener("keydown", (event) => {
    const writes = event.repeat || event.isComposing; // held down, or ends a word of Chinese
    if (event.key === "Enter" && !writes && !event.ctrlKey && !event.metaKey) add();
  });

  function arrange(order, told, next) {
    asked = { words: order.map((at) => shown[at]), told, next };
    say({ kind: "arrange", order, seen: shown });
  }
  function move(from, to, what) {
    arrange(moved(shown.length, from, to), `Moved to place ${to + 1} of ${shown.length}.`, [to, what]);
  }
  function remove(at) {
    arrange([...shown.keys()].filter((index) => index !== at), "Removed.", [Math.min(at, shown.length - 2), "remove"]);
  }
  draggable(list, move);

  function one(item, at, all) {
    const source = address(item.picture);
    const name = item.word.split(/[\\/]/).findLast(Boolean) ?? item.word;
    const alt = `Reference ${at + 1}: ${name}`;
    const why = item.told.replace(/^--image: /, "");
    const depicted = source
      ? picture({ src: source, alt })
      : h("span", { class: "cm-no-picture", role: "img", "aria-label": why ? `${alt}: ${why}` : alt }, h("span", {}, name), why ? h("span", { class: "cm-missing" }, why) : null);
    const act = (what, label, sign, press, off) => button(sign, press, { "data-key": `${what} ${at}`, "aria-label": label, disabled: off });
    return h(
      "li",
      { class: "cm-thumb", title: item.told || item.word, draggable: "true" },
      depicted,
      h(
        "span",
        { class: "cm-thumb-row" },
        act("earlier", `Move reference ${at + 1} earlier`, "‹", () => move(at, at - 1, "earlier"), at === 0),
        act("later", `Move reference ${at + 1} later`, "›", () => move(at, at + 1, "later"), at === all.length - 1),
        act("remove", `Remove reference ${at + 1}`, "✕", () => remove(at)),
      ),
    );
  }

  /** Tell what became of what was asked for, and put the focus on the button that was pressed, or on that beside it. */
  function answer(wasInside) {
    const { words, told: done, next: [at, what] } = asked;
    if (words.length !== shown.length || words.some((word, place) => word !== shown[place])) return;
    said.textContent = done;
    if (wasInside && what) focusOn(list, `${what} ${at}`) || focusOn(list, `${OPPOSITE[what]} ${at}`);
  }

  return {
    element,
    take,
    accuse,
    set: (items) => {
      release(list);
      if (awaited && items.length > shown.length && items.at(-1).word === awaited && named.value.trim() === awaited) named.value = awaited = "";
      shown = items.map((item) => item.word);
      const wasInside = list.matches(":focus-within");
      refill(list, items.map(one));
      show(list, items.length > 0);
      if (asked) answer(wasInside); // not where the focus went elsewhere before a busy kernel answered
      asked = null;
      if (wasInside && !list.matches(":focus-within")) (list.querySelector("button:enabled") ?? choose).focus();
    },
    bar: (reason) => {
      told.textContent = reason ?? "";
      show(told, Boolean(reason));
    },
  };
}
