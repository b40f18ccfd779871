// Windows over the chat: a bot's form (modal), a question before deleting, a name for a newcomer.
import { h } from "./dom.js";
import { markdown } from "./markdown.js";
import { SELECTS, selectButton } from "./components.js";

// Source: https://discord.com/developers/docs/components/reference#component-object-component-types
const ROW = 1, TEXT_INPUT = 4, TEXT = 10, LABEL = 18, UPLOAD = 19, RADIO = 21, CHECKS = 22, CHECK = 23;

function dialog(title, body, buttons, submit) {
  const close = () => (element.close(), element.remove());
  const form = h("form", { onsubmit: async (event) => (event.preventDefault(), (await submit?.()) !== false && close()) },
    h("h2", null, title), h("div.dialog-body", null, body), h("div.dialog-buttons", null, h("button.secondary", { type: "button", onclick: close }, "Cancel"), buttons));
  const element = h("dialog", { "aria-label": title, onclose: () => element.remove() }, form);
  document.body.append(element);
  element.showModal();
  return element;
}

export function confirm(title, text, label, act) {
  dialog(title, h("p", null, text), h("button.danger", { type: "submit" }, label), act);
}

export function ask(title, label, hint, act) {
  const field = h("input.field", { placeholder: hint, maxLength: 32, required: true, "aria-label": label });
  dialog(title, h("label.form-row", null, h("span", null, label), field), h("button.primary", { type: "submit" }, "Go"), () => act(field.value.trim()));
  field.focus();
}

/** Show a bot's modal; sends what was filled in, and stays open when it is refused. */
export function showModal(app, modal, reply) {
  const values = {};
  const problem = h("p.problem", { role: "alert", hidden: true });
  const rows = modal.components.map((item) => formRow(app, item, values));
  const element = dialog(modal.title, [problem, rows], h("button.primary", { type: "submit" }, "Submit"), async () => {
    const error = await app.interact("submit", { reply, values: await settled(values) }, { quiet: true });
    problem.hidden = !error;
    problem.textContent = error ?? "";
    return !error;
  });
  element.querySelector("input, textarea, select, button.select")?.focus();
}

async function settled(values) {
  const done = {};
  for (const [key, value] of Object.entries(values)) if (value !== undefined) done[key] = value instanceof Promise ? await value : value;
  return done;
}

function formRow(app, item, values) {
  if (item.type === TEXT) return h("div.text-display", null, markdown(item.content, app.names));
  if (item.type === ROW) return item.components.map((child) => formRow(app, child, values));
  if (item.type === LABEL) return labelled(item.label, item.description, item.component, control(app, item.component, values));
  return labelled(item.label ?? item.placeholder ?? "", null, item, control(app, item, values));
}

function labelled(label, description, item, field) {
  const wanted = item.required ?? (item.type === TEXT_INPUT || SELECTS.has(item.type));
  return h("label.form-row", null, h("span", null, label, wanted && h("b.required", { title: "required" }, " *")), description && h("small", null, description), field);
}

function control(app, item, values) {
  const id = item.custom_id;
  const data = { id };
  if (item.type === TEXT_INPUT) {
    values[id] = item.value ?? "";
    const field = h(item.style === 2 ? "textarea.field" : "input.field", {
      data, value: item.value ?? "", placeholder: item.placeholder ?? "", required: item.required ?? true,
      oninput: (event) => (values[id] = event.target.value),
    });
    if (item.min_length) field.minLength = item.min_length;
    field.maxLength = item.max_length ?? 4000;
    return field;
  }
  if (SELECTS.has(item.type)) {
    const preset = (item.options ?? []).filter((one) => one.default).map((one) => one.value);
    if (preset.length) values[id] = preset;
    return selectButton(app, item, (chosen) => (values[id] = chosen));
  }
  if (item.type === RADIO) {
    values[id] = item.options.find((one) => one.default)?.value;
    return h("div.options", { data }, item.options.map((one) => tick("radio", id, one, Boolean(one.default), () => (values[id] = one.value))));
  }
  if (item.type === CHECKS) {
    values[id] = item.options.filter((one) => one.default).map((one) => one.value);
    const flip = (one) => (event) => (values[id] = event.target.checked ? [...values[id], one.value] : values[id].filter((value) => value !== one.value));
    return h("div.options", { data }, item.options.map((one) => tick("checkbox", id, one, Boolean(one.default), flip(one))));
  }
  if (item.type === CHECK) {
    values[id] = Boolean(item.default);
    return h("input", { data, type: "checkbox", checked: Boolean(item.default), onchange: (event) => (values[id] = event.target.checked) });
  }
  if (item.type === UPLOAD) {
    return h("input.field", { data, type: "file", multiple: (item.max_values ?? 1) > 1, onchange: (event) => (values[id] = Promise.all([...event.target.files].map(fileOf))) });
  }
  return h("p.problem", null, `A control this page does not draw (type ${item.type}).`);
}

const tick = (type, name, one, checked, onchange) =>
  h("label.option", null, h("input", { type, name, checked, onchange }), h("span", null, one.label, one.description && h("small", null, one.description)));

/** A chosen file as the page sends it: its name and its bytes in base64. */
export async function fileOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return { name: file.name, data: btoa(text) };
}
