// Small things that float: menus, the list of suggestions above the composer, the emoji picker, a chooser, toasts.
import { h, $ } from "./dom.js";

let open = null;

/** Close whatever floats. */
export function closePopup() {
  open?.element.remove();
  const was = open;
  open = null;
  was?.closed?.();
}

export function popup(anchor, element, { side = "up", closed } = {}) {
  closePopup();
  element.classList.add("popup");
  (anchor.closest("dialog") ?? document.body).append(element); // a modal dialog leaves all outside it inert
  const box = anchor.getBoundingClientRect();
  const width = Math.min(element.offsetWidth, innerWidth - 16);
  const left = Math.max(8, Math.min(side === "left" ? box.left - width - 8 : box.left, innerWidth - width - 8));
  const height = element.offsetHeight;
  const below = box.bottom + 6;
  const above = box.top - height - 6;
  const top = side === "left" ? box.top : side === "up" ? (above > 8 ? above : below) : below + height < innerHeight ? below : above;
  element.style.left = `${left}px`;
  element.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
  open = { element, anchor, closed };
  return element;
}

document.addEventListener("mousedown", (event) => {
  if (open && !open.element.contains(event.target) && !open.anchor.contains(event.target)) closePopup();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !open) return;
  const { anchor } = open;
  closePopup();
  anchor.focus?.();
  event.preventDefault();
  event.stopPropagation();
}, true);

/** A menu of `{label, hint?, danger?, act}`; null draws a line. */
export function menu(anchor, title, items, side) {
  const run = (item) => () => (closePopup(), item.act());
  const list = h("div.menu", { role: "menu" }, title && h("div.menu-title", null, title), items.map((item) =>
    item === null ? h("hr") : h(`button.menu-item${item.danger ? ".danger" : ""}`, { role: "menuitem", onclick: run(item) }, item.icon, h("span.grow", null, item.label), item.hint && h("small", null, item.hint))));
  list.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const buttons = [...list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    buttons[(at + (event.key === "ArrowDown" ? 1 : buttons.length - 1)) % buttons.length]?.focus();
  });
  popup(anchor, list, { side });
  list.querySelector("button")?.focus();
}

/** The list above the composer: rows `{label, hint, icon?, pick}`, driven by the field's own keys. */
export class Suggestions {
  constructor(place) {
    this.element = h("div.suggestions", { role: "listbox", id: "suggestions", hidden: true });
    place.append(this.element);
    this.rows = [];
    this.at = 0;
  }

  get shown() {
    return !this.element.hidden;
  }

  show(title, rows) {
    this.rows = rows;
    this.at = 0;
    this.element.hidden = rows.length === 0;
    this.element.replaceChildren(h("div.menu-title", null, title), ...rows.map((row, index) =>
      h("div.suggestion", { role: "option", id: `suggestion-${index}`, onmousedown: (event) => (event.preventDefault(), this.pick(index)), onmousemove: () => this.mark(index) },
        row.icon, h("span.suggestion-label", null, row.label), row.extra, h("span.suggestion-hint", null, row.hint ?? ""))));
    this.mark(0);
  }

  hide() {
    this.element.hidden = true;
    this.rows = [];
  }

  mark(index) {
    this.at = index;
    [...this.element.querySelectorAll(".suggestion")].forEach((row, at) => {
      row.setAttribute("aria-selected", at === index);
      if (at === index) row.scrollIntoView({ block: "nearest" });
    });
  }

  pick(index = this.at) {
    const row = this.rows[index];
    this.hide();
    row?.pick();
  }

  /** Whether the key was for the list. */
  key(event) {
    if (!this.shown) return false;
    const steps = { ArrowDown: 1, ArrowUp: this.rows.length - 1 };
    if (event.key in steps) this.mark((this.at + steps[event.key]) % this.rows.length);
    else if (event.key === "Enter" || event.key === "Tab") this.pick();
    else if (event.key === "Escape") this.hide();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}

/** Choose between `min` and `max` of `{label, value, description?, emoji?, chosen?}`; calls `done(values)`. */
export function chooser(anchor, { options, min, max, done }) {
  const chosen = new Set(options.filter((option) => option.chosen).map((option) => option.value));
  const single = max === 1;
  const list = h("div.chooser-list", { role: "listbox", "aria-multiselectable": String(!single) });
  const finish = () => (closePopup(), done([...chosen]));
  const apply = single ? null : h("button.primary", { onclick: finish }, "Done");
  const draw = (query = "") => {
    const wanted = query.toLowerCase();
    list.replaceChildren(...options.filter((option) => option.label.toLowerCase().includes(wanted)).map((option) =>
      h("button.choice", {
        role: "option", "aria-selected": String(chosen.has(option.value)),
        onclick: () => {
          if (single) chosen.clear();
          if (!chosen.delete(option.value) && chosen.size < max) chosen.add(option.value);
          if (single) finish();
          else draw(query);
        },
      }, !single && h("span.tick", null, chosen.has(option.value) ? "☑" : "☐"), option.emoji && h("span", null, option.emoji),
      h("span.grow", null, h("div", null, option.label), option.description && h("small", null, option.description)))));
    if (!list.children.length) list.append(h("p.empty", null, "Nothing like that here."));
    if (apply) apply.disabled = chosen.size < min;
  };
  const search = options.length > 8 ? h("input.field", { placeholder: "Search", oninput: (event) => draw(event.target.value) }) : null;
  draw();
  popup(anchor, h("div.chooser", null, search, list, apply), { side: "down" });
  (search ?? list.querySelector("button"))?.focus();
}

const EMOJI = {
  Often: "➡️ 🔗 👍 👎 ❤️ 😂 🎉 👀 ✅ ❌ 🔥 🙏",
  Faces: "😀 😄 😅 🙂 😉 😍 😎 🤔 😴 😢 😡 😱 🥳 🤖 🙈 💀",
  Hands: "👋 👏 🙌 💪 👌 ✌️ 🤝 🫶 ☝️ 👇",
  Things: "📌 📎 🛒 🏷️ 💰 📦 🔔 🔒 🔑 🗑️ ⏰ 📈 📉 💡 🔍 🚀 ⭐ 🍀",
  Signs: "⬅️ ⬆️ ⬇️ 🔁 ➕ ➖ ❓ ❗ ⚠️ 🚫 🆗 🆕 🔴 🟡 🟢 🔵",
};

export function emojiPicker(anchor, pick) {
  const choose = (emoji) => () => (closePopup(), pick(emoji));
  popup(anchor, h("div.emoji-picker", { role: "dialog", "aria-label": "Emoji" }, Object.entries(EMOJI).map(([title, all]) => [
    h("div.menu-title", null, title),
    h("div.emoji-grid", null, all.split(" ").map((emoji) => h("button", { title: emoji, onclick: choose(emoji) }, emoji))),
  ])));
  $(".emoji-picker button")?.focus();
}

/** Say what went wrong, near the bottom, for a while. */
export function toast(text) {
  const note = h("div.toast", { role: "alert" }, text, h("button.plain", { "aria-label": "Close", onclick: () => note.remove() }, "✕"));
  $("#toasts").append(note);
  setTimeout(() => note.remove(), 9000);
}
