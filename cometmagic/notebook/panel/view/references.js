// Reference images: dropped, chosen, pasted or named; shown in their order, which can be changed.

import { address, button, fresh, h, release, show } from "./dom.js";

const PIECE = 1 << 20; // bytes: far below what one message of a notebook may carry
const LARGEST = 64e6; // bytes

/** Return {element, set, bar, take}; `say` sends a message and, perhaps, bytes. */
export function references(say) {
  const list = h("ol", { class: "cm-thumbs", "aria-label": "Reference images" });
  const input = h("input", { type: "file", accept: "image/*", multiple: true, class: "cm-unseen", tabindex: "-1", "aria-hidden": "true" });
  const choose = button("Add pictures…", () => input.click());
  const id = fresh("named");
  const named = h("input", { type: "text", id, class: "cm-input", placeholder: "variable, path or https://…", spellcheck: "false", autocomplete: "off", "data-name": "reference" });
  const told = h("p", { class: "cm-why", role: "status" });
  const hint = h("span", { class: "cm-hint" }, "or drop them here");
  const add = () => {
    if (named.value.trim()) say({ kind: "add", word: named.value });
    named.value = "";
  };
  const element = h(
    "section",
    { class: "cm-drop", "aria-label": "Reference images" },
    h("div", { class: "cm-row cm-drop-row" }, h("span", { class: "cm-label" }, "Reference images"), choose, input, hint),
    h("div", { class: "cm-row cm-drop-row" }, h("label", { for: id, class: "cm-unseen" }, "Reference image by variable, path or address"), named, button("Add", add)),
    list,
    told,
  );

  async function take(files) {
    for (const file of files) {
      if (file.size > LARGEST) {
        told.textContent = `${file.name} is larger than ${LARGEST / 1e6} MB.`;
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

  function one(item, at, seen) {
    const of = seen.length;
    const source = address(item.picture);
    const name = item.word.split(/[\\/]/).pop();
    const order = [...Array(of).keys()];
    const arrange = (kept) => () => say({ kind: "arrange", order: kept, seen });
    const swapped = (other) => order.map((index) => (index === at ? other : index === other ? at : index));
    const picture = source ? h("img", { src: source, alt: `Reference ${at + 1}: ${name}` }) : h("span", { class: "cm-no-picture" }, item.told || name);
    return h(
      "li",
      { class: "cm-thumb", title: item.told || item.word },
      picture,
      h(
        "span",
        { class: "cm-thumb-row" },
        button("‹", arrange(swapped(at - 1)), { "aria-label": `Move reference ${at + 1} earlier`, disabled: at === 0 }),
        button("✕", arrange(order.filter((index) => index !== at)), { "aria-label": `Remove reference ${at + 1}` }),
        button("›", arrange(swapped(at + 1)), { "aria-label": `Move reference ${at + 1} later`, disabled: at === of - 1 }),
      ),
    );
  }

  return {
    element,
    take,
    set: (items) => {
      release(list);
      const seen = items.map((item) => item.word);
      list.replaceChildren(...items.map((item, at) => one(item, at, seen)));
      show(list, items.length > 0);
    },
    bar: (reason) => {
      told.textContent = reason ?? "";
      show(told, Boolean(reason));
    },
  };
}
