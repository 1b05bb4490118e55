// Reference images: dropped, chosen, pasted or named; shown in their order, which is changed by dragging or by buttons.

import { accusable, address, button, focusOn, fresh, h, refill, release, show } from "./dom.js";

const PIECE = 1 << 20; // bytes: far below what one message of a notebook may carry
const LARGEST = 64e6; // bytes

/** Return an order of 0 … count - 1 in which one has moved to another place. */
function moved(count, from, to) {
  const order = [...Array(count).keys()];
  order.splice(to, 0, ...order.splice(from, 1));
  return order;
}

/** Let the items of a list be dragged to another place in it: `move(from, to)`. */
function draggable(list, move) {
  let from = -1;
  const items = () => [...list.children];
  const mark = (wanted, after) => {
    for (const item of items()) {
      item.classList.toggle("cm-before", item === wanted && !after);
      item.classList.toggle("cm-after", item === wanted && after);
    }
  };
  /** Return [item, whether behind it] under the pointer. */
  const place = (event) => {
    const item = event.target.closest("li");
    const box = item?.getBoundingClientRect();
    return [item, box && event.clientX > box.left + box.width / 2];
  };
  list.addEventListener("dragstart", (event) => {
    from = items().indexOf(event.target.closest("li"));
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", ""); // some browsers drag nothing that has no data
    event.stopPropagation();
  });
  list.addEventListener("dragover", (event) => {
    if (from < 0) return; // a file, or a picture of another panel
    event.preventDefault();
    event.stopPropagation();
    mark(...place(event));
  });
  list.addEventListener("dragleave", (event) => list.contains(event.relatedTarget) || mark(null));
  list.addEventListener("dragend", () => {
    from = -1;
    mark(null);
  });
  list.addEventListener("drop", (event) => {
    const [item, after] = place(event);
    if (from < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const gap = items().indexOf(item) + (after ? 1 : 0); // between which of those that stand there now
    const to = gap > from ? gap - 1 : gap;
    if (item && to !== from) move(from, to);
  });
}

/** Return {element, set, bar, accuse, take}; `say` sends a message and, perhaps, bytes. */
export function references(say) {
  const list = h("ol", { class: "cm-thumbs", "aria-label": "Reference images" });
  const input = h("input", { type: "file", accept: "image/*", multiple: true, class: "cm-unseen", tabindex: "-1", "aria-hidden": "true" });
  const choose = button("Add pictures…", () => input.click());
  const id = fresh("named");
  const named = h("input", { type: "text", id, class: "cm-input", placeholder: "variable, path or https://…", spellcheck: "false", autocomplete: "off", "data-name": "reference" });
  const told = h("p", { class: "cm-why" });
  const said = h("span", { class: "cm-unseen", role: "status" });
  let shown = [];
  let awaited = ""; // what was named, until it is there
  let next = null; // where the focus goes when the list is another: [place, button]
  const hint = h("span", { class: "cm-hint" }, "or drop them here");
  const add = () => {
    awaited = named.value.trim();
    if (awaited) say({ kind: "add", word: awaited });
  };
  const element = h(
    "section",
    { class: "cm-drop", "aria-label": "Reference images" },
    h("div", { class: "cm-row cm-drop-row" }, h("span", { class: "cm-label" }, "Reference images"), choose, input, hint),
    h("div", { class: "cm-row cm-drop-row" }, h("label", { for: id, class: "cm-unseen" }, "Reference image by variable, path or address"), named, button("Add", add)),
    list,
    told,
    said,
  );
  const { accuse } = accusable(element);

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

  const over = (event, wanted) => {
    if (!event.dataTransfer?.types?.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    element.classList.toggle("cm-over", wanted);
  };
  element.addEventListener("dragenter", (event) => over(event, true));
  element.addEventListener("dragover", (event) => over(event, true));
  element.addEventListener("dragleave", (event) => over(event, element.contains(event.relatedTarget)));
  element.addEventListener("drop", (event) => {
    over(event, false);
    take([...(event.dataTransfer?.files ?? [])]);
  });
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  named.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) add();
  });

  function arrange(order, words) {
    said.textContent = words;
    say({ kind: "arrange", order, seen: shown });
  }
  function move(from, to, what) {
    next = what ? [to, what] : null;
    arrange(moved(shown.length, from, to), `Moved to place ${to + 1} of ${shown.length}.`);
  }
  function remove(at) {
    next = [Math.min(at, shown.length - 2), "remove"];
    arrange([...shown.keys()].filter((index) => index !== at), "Removed.");
  }
  draggable(list, (from, to) => move(from, to));

  function one(item, at, all) {
    const source = address(item.picture);
    const name = item.word.split(/[\\/]/).pop();
    const picture = source ? h("img", { src: source, alt: `Reference ${at + 1}: ${name}`, draggable: "false" }) : h("span", { class: "cm-no-picture" }, item.told || name);
    const act = (what, label, sign, press, off) => button(sign, press, { "data-key": `${what} ${at}`, "aria-label": label, disabled: off });
    return h(
      "li",
      { class: "cm-thumb", title: item.told || item.word, draggable: "true" },
      picture,
      h(
        "span",
        { class: "cm-thumb-row" },
        act("earlier", `Move reference ${at + 1} earlier`, "‹", () => move(at, at - 1, "earlier"), at === 0),
        act("remove", `Remove reference ${at + 1}`, "✕", () => remove(at)),
        act("later", `Move reference ${at + 1} later`, "›", () => move(at, at + 1, "later"), at === all.length - 1),
      ),
    );
  }

  /** Put the focus where it was asked for: on a button, on that beside it, or on what adds a picture. */
  function follow([at, what]) {
    if (at < 0) choose.focus();
    else focusOn(list, `${what} ${at}`) || focusOn(list, `remove ${at}`);
  }

  return {
    element,
    take,
    accuse,
    set: (items) => {
      release(list);
      if (awaited && items.length > shown.length && items.at(-1).word === awaited && named.value.trim() === awaited) named.value = awaited = "";
      shown = items.map((item) => item.word);
      refill(list, items.map(one));
      show(list, items.length > 0);
      if (next) follow(next);
      next = null;
    },
    bar: (reason) => {
      told.textContent = reason ?? "";
      show(told, Boolean(reason));
    },
  };
}
