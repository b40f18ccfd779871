// Builds elements from data. Text is only ever set as text, so nothing people or bots write becomes markup.

/**
 * Make an element: `h("button.primary", {onclick: …, title: …}, "Save")`.
 * A string child becomes a text node; null, undefined and false are left out.
 */
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key === "style") Object.assign(element.style, value);
    else if (key in element && !key.startsWith("aria") && key !== "list") element[key] = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child || child === 0).map(asNode));
  return element;
}

const asNode = (child) => (child instanceof Node ? child : document.createTextNode(String(child)));

export const $ = (selector, root = document) => root.querySelector(selector);

/** A colour of one's own for everyone without a role's: the same person, the same colour. */
export function hue(id) {
  let sum = 2166136261;
  for (const digit of String(id)) sum = Math.imul(sum ^ digit.charCodeAt(0), 16777619);
  return Math.imul(sum ^ (sum >>> 15), 2246822519) >>> 23;
}

export const hex = (colour) => `#${colour.toString(16).padStart(6, "0")}`;

export function avatar(person, size = "") {
  const letters = [...person.name.replace(/[^\p{L}\p{N}]/gu, "")];
  return h(
    `span.avatar${size && "." + size}${person.bot ? ".robot" : ""}`,
    { style: { background: `hsl(${hue(person.id)} 45% 42%)` }, "aria-hidden": "true" },
    (letters[0] ?? "?").toUpperCase(),
  );
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export const clock = (iso) => CLOCK.format(new Date(iso));
export const day = (iso) => DAY.format(new Date(iso));
export const full = (iso) => FULL.format(new Date(iso));

/** Discord's `<t:unix:style>`; the styles are t T d D f F R. */
export function timestamp(seconds, style) {
  const date = new Date(seconds * 1000);
  if (style === "R") return relative(date);
  const styles = {
    t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" }, D: { dateStyle: "long" },
    F: { dateStyle: "full", timeStyle: "short" },
  };
  return new Intl.DateTimeFormat(undefined, styles[style] ?? { dateStyle: "long", timeStyle: "short" }).format(date);
}

function relative(date) {
  const away = (date.getTime() - Date.now()) / 1000;
  const steps = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  for (const [unit, length] of steps) if (Math.abs(away) >= length) return RELATIVE.format(Math.round(away / length), unit);
  return RELATIVE.format(Math.round(away), "second");
}

export const size = (bytes) =>
  bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} kB` : `${(bytes / 1048576).toFixed(1)} MB`;
