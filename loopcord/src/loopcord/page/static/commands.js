// A slash command being filled in: its name and one small field per option, checked before it is sent.
import { h } from "./dom.js";
import { personIcon } from "./components.js";
import { fileOf } from "./dialogs.js";

// Source: https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-type
const INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9, NUMBER = 10, ATTACHMENT = 11;
const KIND = { 3: "text", 4: "whole number", 5: "yes or no", 6: "member", 7: "channel", 8: "role", 9: "member or role", 10: "number", 11: "file" };
const TYPING_PAUSE = 140; // milliseconds without a key before the bot is asked for suggestions

export class CommandForm {
  constructor(app, suggestions, command, { send, cancel }) {
    Object.assign(this, { app, suggestions, command, send, cancel });
    this.fields = new Map();
    this.asked = 0;
    this.pills = h("div.pills");
    this.problem = h("p.problem", { role: "alert", hidden: true });
    this.extra = h("button.more-options", { type: "button", onclick: () => this.offerOptional() });
    this.element = h("div.command-form", { onkeydown: (event) => this.key(event) }, h("span.command-name", null, `/${command.path}`), this.pills, this.extra, this.problem);
    command.options.filter((option) => option.required).forEach((option) => this.add(option));
    this.countOptional();
  }

  focus() {
    const empty = [...this.fields.values()].find((field) => !field.input.value) ?? [...this.fields.values()][0];
    if (empty) empty.input.focus();
    else {
      this.element.tabIndex = 0;
      this.element.focus();
    }
  }

  missing() {
    return this.command.options.filter((option) => !this.fields.has(option.name));
  }

  countOptional() {
    const count = this.missing().length;
    this.extra.hidden = count === 0;
    this.extra.textContent = `+${count} optional`;
  }

  offerOptional() {
    this.suggestions.show("Optional", this.missing().map((option) => ({
      label: option.name, hint: option.description, pick: () => (this.add(option), this.countOptional(), this.fields.get(option.name).input.focus()),
    })));
  }

  add(option) {
    const kind = option.type;
    const field = { option, raw: null };
    const input = h("input.pill-input", {
      type: kind === ATTACHMENT ? "file" : "text", size: 8, autocomplete: "off", spellcheck: kind === 3, placeholder: KIND[kind] ?? "",
      "aria-label": `${option.name}: ${option.description}`, data: { option: option.name },
      inputMode: kind === INTEGER || kind === NUMBER ? "decimal" : "text",
    });
    field.input = input;
    input.addEventListener("input", () => {
      field.raw = null;
      field.pill.classList.remove("wrong");
      this.problem.hidden = true;
      input.size = Math.max(8, Math.min(60, input.value.length + 1));
      this.suggest(field, true);
    });
    input.addEventListener("focus", () => this.suggest(field, false));
    input.addEventListener("blur", () => this.suggestions.hide());
    const drop = option.required ? null : h("button.plain", { type: "button", title: `Leave out ${option.name}`, onclick: () => this.remove(option.name) }, "✕");
    field.pill = h("label.pill", { title: option.description }, h("b", null, option.name), input, drop);
    this.pills.append(field.pill);
    this.fields.set(option.name, field);
  }

  remove(name) {
    this.fields.get(name).pill.remove();
    this.fields.delete(name);
    this.countOptional();
    this.focus();
  }

  fill(field, label, raw) {
    field.input.value = label;
    field.input.size = Math.max(8, Math.min(60, label.length + 1));
    field.raw = raw;
    field.pill.classList.remove("wrong");
    this.suggestions.hide();
    const rest = [...this.fields.values()];
    const next = rest.slice(rest.indexOf(field) + 1).find((one) => !one.input.value);
    if (next) next.input.focus();
  }

  /** Everything a field could hold by the world or by the command's own list; null when it is free text. */
  known({ option }) {
    const { world } = this.app;
    const people = () => world.members.map((one) => ({ label: one.name, hint: one.username === one.name ? "" : one.username, icon: personIcon(one), raw: one.id }));
    const roles = () => world.roles.map((one) => ({ label: `@${one.name}`, hint: "role", raw: one.id }));
    const wanted = option.channel_types;
    if (option.type === USER) return people();
    if (option.type === ROLE) return roles();
    if (option.type === MENTIONABLE) return [...people(), ...roles()];
    if (option.type === CHANNEL) return world.channels.filter((one) => !wanted || wanted.includes(one.type)).map((one) => ({ label: `#${one.name}`, raw: one.id }));
    if (option.type === BOOLEAN) return [{ label: "True", raw: true }, { label: "False", raw: false }];
    if (option.choices?.length) return option.choices.map((one) => ({ label: one.name, raw: one.value }));
    return null;
  }

  suggest(field, typed) {
    const { option, input } = field;
    const title = `${option.name}: ${option.description}`;
    if (option.autocomplete) return void this.askBot(field, title, typed);
    const query = field.raw === null ? input.value.toLowerCase().replace(/^[@#]/, "") : "";
    const rows = (this.known(field) ?? []).filter((one) => `${one.label} ${one.hint ?? ""}`.toLowerCase().includes(query)).slice(0, 25);
    this.suggestions.show(title, rows.map((one) => ({ ...one, pick: () => this.fill(field, one.label, one.raw) })));
  }

  async askBot(field, title, typed) {
    const ask = ++this.asked;
    if (typed) await new Promise((resolve) => setTimeout(resolve, TYPING_PAUSE));
    if (ask !== this.asked) return;
    const filled = {};
    for (const [name, other] of this.fields) if (other !== field && other.input.value) filled[name] = this.valueOf(other);
    const answer = await this.app.post("autocomplete", { command: this.command.path, option: field.option.name, value: field.input.value, options: filled });
    if (ask !== this.asked || document.activeElement !== field.input) return;
    this.suggestions.show(title, (answer.choices ?? []).map((one) => ({ label: one.name, hint: String(one.value) === one.name ? "" : String(one.value), pick: () => this.fill(field, one.name, one.value) })));
  }

  /** What is sent for a field: an id for people, roles and channels, a number, a boolean, or the text itself. */
  valueOf(field) {
    const { option, input, raw } = field;
    if (raw !== null) return raw;
    const text = input.value.trim();
    const exact = this.known(field)?.find((one) => one.label.replace(/^[@#]/, "").toLowerCase() === text.toLowerCase().replace(/^[@#]/, "") || String(one.raw) === text);
    if (exact) return exact.raw;
    if (option.type === INTEGER || option.type === NUMBER) return text === "" ? null : Number(text);
    return input.value;
  }

  wrong(field) {
    const { option, input } = field;
    const value = option.type === ATTACHMENT ? input.files[0] : this.valueOf(field);
    if (option.type === ATTACHMENT ? !value : !input.value) return option.required ? "is missing" : "is empty: fill it in or leave it out";
    if (option.type === INTEGER && !Number.isSafeInteger(value)) return "must be a whole number";
    if (option.type === NUMBER && !Number.isFinite(value)) return "must be a number";
    if (option.min_value !== undefined && value < option.min_value) return `must be at least ${option.min_value}`;
    if (option.max_value !== undefined && value > option.max_value) return `must be at most ${option.max_value}`;
    if (option.min_length && value.length < option.min_length) return `needs at least ${option.min_length} characters`;
    if (option.max_length && value.length > option.max_length) return `may have at most ${option.max_length} characters`;
    const closed = this.known(field) && !option.autocomplete;
    if (closed && !this.known(field).some((one) => one.raw === value)) return `must be a ${option.choices?.length ? "choice from the list" : KIND[option.type]}`;
    return null;
  }

  async submit() {
    const options = {};
    for (const [name, field] of this.fields) {
      const wrong = this.wrong(field);
      field.pill.classList.toggle("wrong", Boolean(wrong));
      if (wrong) {
        this.problem.hidden = false;
        this.problem.textContent = `${name} ${wrong}.`;
        field.input.focus();
        return;
      }
      options[name] = field.option.type === ATTACHMENT ? await fileOf(field.input.files[0]) : this.valueOf(field);
    }
    this.suggestions.hide();
    this.send(this.command.path, options);
  }

  key(event) {
    if (this.suggestions.key(event)) return;
    if (event.key === "Enter" && event.target.tagName !== "BUTTON") {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" || (event.key === "Backspace" && !event.target.value && event.target.type !== "file")) {
      event.preventDefault();
      this.cancel();
    }
  }
}

/** The commands whose name or description fits what has been typed after the slash, best first. */
export function matching(commands, typed) {
  const query = typed.toLowerCase().trim();
  const rank = (one) => (one.path.startsWith(query) ? 0 : one.path.includes(query) ? 1 : one.description.toLowerCase().includes(query) ? 2 : 3);
  return commands.map((one) => [rank(one), one]).filter(([at]) => at < 3).sort(([a, x], [b, y]) => a - b || x.path.localeCompare(y.path)).map(([, one]) => one);
}
