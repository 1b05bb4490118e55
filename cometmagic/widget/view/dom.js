// Elements of a page, made of tags, attributes and text. Text is only ever put in as text.

let count = 0;

/** Return a name for an element that no other has. */
export function fresh(stem) {
  count += 1;
  return `cometmagic-${stem}-${count}-${Math.random().toString(36).slice(2, 8)}`;
}

/** Return an element; attributes whose value is false, null or undefined are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Return a button. JupyterLab's one-letter shortcuts do not reach what has the focus in it. */
export function button(label, press, attributes = {}) {
  return h("button", { type: "button", class: "cm-button", "data-lm-suppress-shortcuts": "true", onclick: press, ...attributes }, label);
}

/** Return a picture. It cannot be dragged: a browser would make a file of it, and this panel take the file. */
export function picture(attributes) {
  return h("img", { alt: "", draggable: "false", ...attributes });
}

/** Return an address for bytes of a picture, or "" when there are none; `release` gives it back. */
export function address(bytes, type = "image/jpeg") {
  if (!bytes || bytes.byteLength === 0) return "";
  return URL.createObjectURL(new Blob([bytes], { type }));
}

/** Give back the addresses of the pictures in an element, which is about to go. */
export function release(element) {
  for (const image of element.querySelectorAll("img")) {
    if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  }
}

/** Show or hide an element. */
export function show(element, wanted) {
  element.hidden = !wanted;
}

/** Return whether an element has the focus, also within a shadow root. */
export function focused(element) {
  return element.getRootNode().activeElement === element;
}

/** Return what has the focus in an element, or null. */
export function focusIn(element) {
  const active = element.getRootNode().activeElement;
  return element.contains(active) ? active : null;
}

/** Give the focus to the element with a `data-key`, and return whether it takes it. */
export function focusOn(parent, key) {
  const wanted = parent.querySelector(`[data-key="${CSS.escape(key)}"]`);
  wanted?.focus();
  return Boolean(wanted) && focused(wanted);
}

/** Put other children into an element; what has the focus keeps it, in the shape of the one with the same `data-key`. */
export function refill(parent, children) {
  const key = focusIn(parent)?.dataset.key;
  parent.replaceChildren(...children);
  if (key) focusOn(parent, key);
}

/** Return an element that can say what is wrong in it: {element, accuse}. */
export function accusable(element, id = fresh("wrong")) {
  const wrong = h("p", { id, class: "cm-wrong", role: "alert" });
  show(wrong, false);
  element.append(wrong);
  return {
    element,
    accuse: (what) => {
      if (wrong.textContent !== (what ?? "")) wrong.textContent = what ?? ""; // or it is read out again
      show(wrong, Boolean(what));
      element.classList.toggle("cm-has-wrong", Boolean(what));
      element.querySelector(".cm-input")?.setAttribute("aria-invalid", String(Boolean(what)));
    },
  };
}

/** Call functions when traits change or a message comes, by the model's events; return what ends that. */
export function listen(model, heard) {
  for (const [event, act] of Object.entries(heard)) model.on(event, act);
  return () => {
    for (const [event, act] of Object.entries(heard)) model.off(event, act);
  };
}
