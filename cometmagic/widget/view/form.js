// The form of a panel. What is changed goes to the kernel with a number; what comes back is only taken when it answers
// to the newest number of this page, so that nothing typed meanwhile is lost.

import { accusable, button, focusIn, fresh, h, listen, refill, show } from "./dom.js";
import { field } from "./fields.js";
import { references } from "./references.js";

const PAUSE = 150; // milliseconds after a letter
const PATIENCE = 1000; // milliseconds until it is told that the kernel is busy

function megabytes(bytes) {
  return bytes ? ` · ${(bytes / 1e6).toFixed(1)} MB` : "";
}

/** How a run stands: a bar, and one line that is read out. */
function progress() {
  const bar = h("div", { class: "cm-bar", role: "progressbar", "aria-label": "Progress" }, h("span", {}));
  const told = h("p", { class: "cm-told", role: "status" });
  let since = 0;
  let standing = {};
  const write = () => {
    const busy = standing.state === "busy";
    const seconds = busy ? (performance.now() - since) / 1000 : standing.seconds;
    const time = standing.state ? ` · ${busy ? Math.floor(seconds) : seconds} s` : "";
    told.textContent = standing.state === "failed" || standing.state === "stopped" ? standing.told : `${standing.told ?? ""}${time}${megabytes(standing.received)}`;
    if (busy) bar.setAttribute("aria-valuetext", told.textContent);
  };
  const clock = setInterval(() => standing.state === "busy" && write(), 1000);
  return {
    element: h("div", { class: "cm-progress" }, bar, told),
    stop: () => clearInterval(clock),
    say: (text) => (told.textContent = text),
    set: (next) => {
      standing = next;
      since = performance.now() - (next.seconds ?? 0) * 1000;
      bar.dataset.state = next.state ?? "";
      told.dataset.state = next.state ?? "";
      const counted = next.total > 1;
      bar.classList.toggle("cm-counted", counted);
      bar.style.setProperty("--done", counted ? next.done / next.total : 0);
      if (counted) bar.setAttribute("aria-valuenow", Math.round((100 * next.done) / next.total));
      else bar.removeAttribute("aria-valuenow");
      write();
    },
  };
}

function grown(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}

function render({ model, el }) {
  const page = fresh("page"); // or a second place on the same page
  const fields = new Map();
  const unsaid = new Set();
  const said = new Set(); // where it is wrong, it is said again with what comes next, which may allow it
  const [secretStart, secret] = model.get("secret_patterns").map((pattern) => new RegExp(pattern));
  let revision = 0;
  let pause = 0;
  let accused = "";
  const say = (message, buffers) => model.send(message, undefined, buffers);
  const heard = () => model.get("state").heard[page] ?? 0;
  const speak = (kind) => {
    clearTimeout(pause);
    const wrong = [...said].filter((name) => model.get("state").wrong[name]);
    const values = Object.fromEntries([...unsaid, ...wrong].map((name) => [name, fields.get(name).get()]));
    for (const name of unsaid) said.add(name);
    unsaid.clear();
    say({ kind, page, revision, values });
  };
  /** Return whether the text before the cursor begins like a key that is not whole yet: it is not sent meanwhile. */
  const isTypingSecret = () => {
    const input = focusIn(root);
    const typed = input?.value?.slice(0, input.selectionEnd ?? undefined) ?? "";
    return secretStart.test(typed) && !secret.test(typed);
  };
  const changed = (name) => {
    revision += 1;
    unsaid.add(name);
    clearTimeout(pause);
    if (!isTypingSecret()) pause = setTimeout(() => speak("edit"), PAUSE);
  };
  const run = () => {
    if (model.get("state").busy) return;
    revision += 1;
    speak("run");
    setTimeout(() => {
      if (heard() < revision) shown.say("Waiting for the kernel, which runs a cell.");
    }, PATIENCE);
  };

  const id = fresh("prompt");
  const prompt = h("textarea", { id, class: "cm-input cm-prompt", rows: 3, placeholder: "What do you want to see?", "aria-describedby": `${id}-keys ${id}-wrong` });
  fields.set("prompt", {
    ...accusable(h("div", { class: "cm-field" }, h("label", { for: id, class: "cm-label" }, "Prompt"), prompt), `${id}-wrong`),
    get: () => prompt.value,
    set: (value) => {
      if (prompt.value !== value) prompt.value = value;
    },
    bar: () => {},
  });

  const generate = button("Generate", run, { class: "cm-button cm-primary" });
  const cancel = button("Cancel", () => say({ kind: "cancel" }), { class: "cm-button cm-cancel" });
  const price = h("span", { class: "cm-price" });
  const notes = h("ul", { class: "cm-notes", "aria-label": "Remarks" });
  const earlier = h("div", { class: "cm-earlier" });
  const shown = progress();
  const pictures = references((message, buffers) => {
    if (unsaid.size) speak("edit"); // in the order in which it was done
    say(message, buffers);
  }, model.get("has_visitors") ? "https://…" : "variable, path or https://…");

  for (const told of model.get("controls")) fields.set(told.name, field(told, () => changed(told.name)));
  const place = (wanted) => model.get("controls").filter(wanted).map((told) => fields.get(told.name).element);
  const groups = [...new Set(model.get("controls").filter((told) => !told.front).map((told) => told.group))];
  const more = h(
    "details",
    { class: "cm-more" },
    h("summary", { "data-lm-suppress-shortcuts": "true" }, "More"),
    groups.map((group) => h("section", { class: "cm-group" }, h("h4", {}, group), h("div", { class: "cm-grid" }, place((told) => !told.front && told.group === group)))),
  );

  prompt.addEventListener("input", () => {
    grown(prompt);
    changed("prompt");
  });
  prompt.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    pictures.take(files);
  });
  const root = h(
    "form",
    { class: "cm-part cm-form", "aria-label": "Picture to make", onsubmit: (event) => event.preventDefault() },
    h(
      "div",
      { class: "cm-head" },
      h("div", { class: "cm-field" }, fields.get("prompt").element, earlier, h("span", { id: `${id}-keys`, class: "cm-unseen" }, "Control and Enter generate.")),
      h("div", { class: "cm-run" }, generate, h("div", { class: "cm-beside" }, price, cancel)),
      h("div", { class: "cm-field" }, shown.element, notes),
    ),
    h("div", { class: "cm-rest" }, pictures.element, h("div", { class: "cm-front" }, place((told) => told.front)), more),
  );
  root.addEventListener("focusout", () => unsaid.size && speak("edit"));
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  });

  /** What goes on from an earlier result stands below the prompt, where it can be taken back. */
  function goingOn(values) {
    const told = model.get("controls").filter((one) => one.kind === "earlier" && values[one.name]);
    const back = (one) => {
      fields.get(one.name).set("");
      changed(one.name);
      prompt.focus();
    };
    refill(
      earlier,
      told.map((one) => h("span", { class: "cm-chip" }, `${one.label}: ${values[one.name]} `, button("✕", () => back(one), { "data-key": one.name, "aria-label": `Do not ${one.name}` }))),
    );
    prompt.placeholder = told.length ? "What should change?" : "What do you want to see?";
  }

  function follow() {
    const state = model.get("state");
    const current = heard() >= revision;
    for (const name of current ? said : []) if (!state.wrong[name]) said.delete(name);
    for (const [name, made] of fields) {
      // What the kernel does not send back stands on this page only.
      if (current && state.values[name] !== undefined) made.set(state.values[name]);
      made.bar(state.off[name]);
      made.accuse(state.wrong[name]);
    }
    const wrong = Object.keys(state.wrong).join();
    if (wrong !== accused && more.querySelector(".cm-has-wrong")) more.open = true;
    accused = wrong;
    goingOn(state.values);
    pictures.bar(state.off.image?.[""]);
    pictures.accuse(state.wrong.image);
    price.textContent = state.price;
    notes.replaceChildren(...state.notes.map((note) => h("li", {}, note)));
    generate.setAttribute("aria-disabled", String(Boolean(state.busy)));
    if (!state.busy && cancel.getRootNode().activeElement === cancel) generate.focus();
    cancel.style.visibility = state.busy ? "visible" : "hidden";
    price.style.visibility = state.busy ? "hidden" : "visible";
    root.setAttribute("aria-busy", String(Boolean(state.busy)));
    requestAnimationFrame(() => grown(prompt));
  }
  const stand = () => shown.set(model.get("standing"));
  const depict = () => pictures.set(model.get("references"));

  const deaf = listen(model, { "change:state": follow, "change:standing": stand, "change:references": depict });
  el.append(root);
  follow();
  stand();
  depict();
  show(more, groups.length > 0);
  return () => {
    clearTimeout(pause);
    shown.stop();
    deaf();
  };
}

export default { render };
