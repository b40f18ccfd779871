// What bots put under and into their messages: embeds, buttons, select menus, and layouts of components.
import { avatar, full, h, hex, size } from "./dom.js";
import { inline, markdown } from "./markdown.js";
import { chooser } from "./popups.js";

// Source: https://discord.com/developers/docs/components/reference#component-object-component-types
const ROW = 1, BUTTON = 2, STRING = 3, USERS = 5, ROLES = 6, BOTH = 7, CHANNELS = 8, SECTION = 9, TEXT = 10, THUMBNAIL = 11,
  GALLERY = 12, FILE = 13, SEPARATOR = 14, CONTAINER = 17;
export const SELECTS = new Set([STRING, USERS, ROLES, BOTH, CHANNELS]);
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

export function picture(app, url, alt, kind = "picture") {
  if (!url) return null;
  const local = url.startsWith("media/") || app.about.images.some((origin) => url.startsWith(`${origin}/`));
  if (!local) return /^https?:/.test(url) ? h("a.outside", { href: url, target: "_blank", rel: "noopener noreferrer nofollow", title: url }, "🖼 picture on ", new URL(url).host) : null;
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, h(`img.${kind}`, { src: url, alt: alt ?? "", loading: "lazy" }));
}

export function embed(app, data) {
  const names = app.names;
  const webLink = (url, label) => (/^https?:/.test(url ?? "") ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, label) : label);
  const foot = [data.footer?.text, data.timestamp && full(data.timestamp)].filter(Boolean).join(" • ");
  return h("article.embed", { style: { borderLeftColor: data.color ? hex(data.color) : "" } },
    h("div.embed-body", null,
      data.author?.name && h("div.embed-author", null, webLink(data.author.url, data.author.name)),
      data.title && h("div.embed-title", null, webLink(data.url, inline(data.title, names))),
      data.description && h("div.embed-text", null, markdown(data.description, names)),
      data.fields?.length && h("div.embed-fields", null, data.fields.map((field) =>
        h(`div.embed-field${field.inline ? ".inline" : ""}`, null, h("div.embed-name", null, inline(field.name, names)), h("div", null, markdown(field.value, names))))),
      picture(app, data.image?.url, data.title, "embed-image"),
      foot && h("div.embed-foot", null, foot)),
    picture(app, data.thumbnail?.url, data.title, "embed-thumb"));
}

export function attachment(file) {
  if (/^image\/(png|jpe?g|gif|webp)$/.test(file.content_type)) {
    return h("a", { href: file.url, target: "_blank", rel: "noopener noreferrer" }, h("img.picture", { src: file.url, alt: file.filename, loading: "lazy" }));
  }
  return h("a.file", { href: file.url, target: "_blank", rel: "noopener noreferrer", download: file.filename }, h("span.file-icon", null, "📄"), h("span", null, file.filename, h("small", null, size(file.size))));
}

export function components(app, message) {
  return message.components.map((item) => one(app, message, item));
}

function one(app, message, item) {
  const inner = (list) => (list ?? []).map((child) => one(app, message, child));
  switch (item.type) {
    case ROW: return h("div.row", null, inner(item.components));
    case BUTTON: return button(app, message, item);
    case SECTION: return h("div.section", null, h("div.grow", null, inner(item.components)), inner([item.accessory].filter(Boolean)));
    case TEXT: return h("div.text-display", null, markdown(item.content, app.names));
    case THUMBNAIL: return picture(app, item.media?.url, item.description, "embed-thumb");
    case GALLERY: return h("div.gallery", null, (item.items ?? []).map((one) => picture(app, one.media?.url, one.description)));
    case FILE: return h("div.file", null, "📄 ", item.file?.url?.split("/").pop() ?? "file");
    case SEPARATOR: return item.divider === false ? h("div.space") : h("hr");
    case CONTAINER: return h("article.embed.container", { style: { borderLeftColor: item.accent_color ? hex(item.accent_color) : "" } }, h("div.embed-body", null, inner(item.components)));
    default: return SELECTS.has(item.type) ? select(app, message, item) : h("div.outside", null, `A component this page does not draw (type ${item.type}).`);
  }
}

const emojiOf = (item) => item.emoji && (item.emoji.id ? `:${item.emoji.name}:` : item.emoji.name);

function button(app, message, item) {
  const label = [emojiOf(item), item.label].filter(Boolean).join(" ");
  if (item.style === 5) {
    return /^https?:/.test(item.url ?? "") ? h("a.button.secondary", { href: item.url, target: "_blank", rel: "noopener noreferrer nofollow" }, label, " ↗") : null;
  }
  const press = async (event) => {
    const pressed = event.currentTarget;
    pressed.classList.add("busy");
    await app.interact("press", { message: message.id, custom_id: item.custom_id });
    pressed.classList.remove("busy");
  };
  return h(`button.${STYLES[item.style] ?? "secondary"}`, { disabled: Boolean(item.disabled), onclick: press, data: { id: item.custom_id } }, label);
}

/** What a select menu offers: its own options, or people, roles or channels of the guild. */
export function offers(app, item) {
  const preset = new Set((item.default_values ?? []).map((value) => value.id));
  const people = () => app.world.members.map((one) => ({ label: one.name, value: one.id, description: one.username, chosen: preset.has(one.id) }));
  const roles = () => app.world.roles.map((one) => ({ label: `@${one.name}`, value: one.id, chosen: preset.has(one.id) }));
  const channels = () => app.world.channels.filter((one) => !item.channel_types?.length || item.channel_types.includes(one.type))
    .map((one) => ({ label: `#${one.name}`, value: one.id, chosen: preset.has(one.id) }));
  switch (item.type) {
    case STRING: return item.options.map((one) => ({ label: one.label, value: one.value, description: one.description, emoji: emojiOf(one), chosen: Boolean(one.default) }));
    case USERS: return people();
    case ROLES: return roles();
    case CHANNELS: return channels();
    default: return [...people(), ...roles()];
  }
}

/** A select menu; `done(values)` is told when someone has chosen. */
export function selectButton(app, item, done) {
  const options = offers(app, item);
  const min = item.min_values ?? 1;
  const max = Math.min(item.max_values ?? 1, options.length || 1);
  const label = (values) => options.filter((one) => values.includes(one.value)).map((one) => one.label).join(", ");
  const start = options.filter((one) => one.chosen).map((one) => one.value);
  const text = h("span.grow", null, label(start) || item.placeholder || "Choose…");
  const chosen = (values) => {
    text.textContent = label(values) || item.placeholder || "Choose…";
    options.forEach((one) => (one.chosen = values.includes(one.value)));
    done(values);
  };
  return h("button.select", { type: "button", disabled: Boolean(item.disabled), "aria-haspopup": "listbox", data: { id: item.custom_id }, onclick: (event) => chooser(event.currentTarget, { options, min, max, done: chosen }) }, text, h("span", { "aria-hidden": "true" }, "▾"));
}

const select = (app, message, item) =>
  selectButton(app, item, (values) => app.interact("choose", { message: message.id, custom_id: item.custom_id, values }));

export const personIcon = (person) => avatar(person, "small");
