// The cell that the panel stands for, and a button that copies it.

import { button, fresh, h, listen } from "./dom.js";

/** Put a text on the clipboard, also where the page was not loaded over https. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { class: "cm-unseen" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function render({ model, el }) {
  const id = fresh("cell");
  const code = h("code", {});
  const told = h("span", { class: "cm-copied", role: "status" });
  const copy = button("Copy cell", async () => {
    told.textContent = (await copied(model.get("text"))) ? "Copied." : "Select the text and copy it.";
    copy.focus();
    setTimeout(() => (told.textContent = ""), 4000);
  });
  const root = h(
    "section",
    { class: "cm-part cm-cell", "aria-labelledby": id },
    h("div", { class: "cm-row cm-cell-head" }, h("h4", { id }, "The same as a cell"), copy, told),
    h("pre", { tabindex: "0", role: "group", "aria-labelledby": id }, code),
  );
  const follow = () => (code.textContent = model.get("text"));
  const deaf = listen(model, { "change:text": follow });
  el.append(root);
  follow();
  return deaf;
}

export default { render };
