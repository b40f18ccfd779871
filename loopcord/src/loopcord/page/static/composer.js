// The line one writes in: text, mentions, files, replies, and the way into slash commands.
import { $, h } from "./dom.js";
import { CommandForm, matching } from "./commands.js";
import { personIcon } from "./components.js";
import { fileOf } from "./dialogs.js";
import { emojiPicker, Suggestions, toast } from "./popups.js";

const TYPING_EVERY = 8000; // milliseconds between two "is typing" of one person, as clients send them
const FILE_LIMIT = 8 * 1024 * 1024;

export class Composer {
  constructor(app) {
    this.app = app;
    this.place = $("#composer");
    this.suggestions = new Suggestions(this.place);
    this.text = h("textarea.composer-text", { rows: 1, maxLength: 4000, "aria-label": "Message", "aria-controls": "suggestions" });
    this.text.addEventListener("input", () => this.changed());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("blur", () => this.suggestions.hide());
    this.text.addEventListener("paste", (event) => event.clipboardData.files.length && (event.preventDefault(), this.addFiles(event.clipboardData.files)));
    this.picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => (this.addFiles(this.picker.files), (this.picker.value = "")) });
    this.attach = h("button.plain", { title: "Attach a file", onclick: () => this.picker.click() }, "+");
    this.slash = h("button.plain.slash", { title: "Slash commands", onclick: () => this.openPicker() }, "/");
    this.emoji = h("button.plain", { title: "Emoji", onclick: () => emojiPicker(this.emoji, (emoji) => this.insert(emoji)) }, "☺");
    this.banner = h("div.banner", { hidden: true });
    this.chips = h("div.chips");
    this.bar = h("div.bar", null, this.attach, this.text, this.slash, this.emoji, this.picker);
    this.typing = h("div.typing", { "aria-live": "polite" });
    this.place.append(this.banner, this.chips, this.bar, this.typing);
    this.files = [];
    this.reply = null;
    this.form = null;
    this.typedAt = 0;
  }

  focus() {
    if (this.form) this.form.focus();
    else this.text.focus();
  }

  /** Follow the world: what may be done here, and by whom. */
  update() {
    const { channel, me } = this.app.world;
    const may = channel?.may;
    const commands = this.app.world.commands.length > 0;
    let hint = `Message ${channel?.type === 1 ? "" : "#"}${channel?.name ?? ""}${commands && innerWidth > 640 ? "   —   type / for commands" : ""}`;
    if (!me.inside) hint = `${me.name} is no longer a member of this server. Be someone else: bottom left.`;
    else if (me.timed_out_until && new Date(me.timed_out_until) > new Date()) hint = `${me.name} is timed out and cannot write.`;
    else if (!channel) hint = "This channel is not open to you.";
    else if (!may.send) hint = "You may read here, but not write.";
    this.text.placeholder = hint;
    this.text.disabled = !(may?.send || commands);
    this.attach.hidden = !(may?.send && may.attach);
    this.slash.hidden = !commands;
  }

  changed() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 220)}px`;
    const value = this.text.value;
    if (value.startsWith("/") && !value.includes("\n")) return this.offerCommands(value.slice(1));
    const now = Date.now();
    if (value && now - this.typedAt > TYPING_EVERY) {
      this.typedAt = now;
      this.app.post("type", {});
    }
    return this.offerMentions();
  }

  openPicker() {
    if (this.form) this.leaveForm();
    this.text.value = "/";
    this.text.focus();
    this.changed();
  }

  offerCommands(typed) {
    // A blank after a whole command's name chooses it, as in Discord.
    const whole = this.app.world.commands.find((command) => command.options.length && typed === `${command.path} `);
    if (whole) return this.startCommand(whole);
    const found = matching(this.app.world.commands, typed).slice(0, 30);
    this.suggestions.show(found.length ? `Commands of ${this.app.world.bot.name}` : "", found.map((command) => ({
      icon: personIcon({ ...this.app.world.bot, bot: true }), label: `/${command.path}`, hint: command.description,
      extra: h("span.args", null, command.options.filter((one) => one.required).map((one) => h("i", null, one.name))),
      pick: () => this.startCommand(command),
    })));
  }

  offerMentions() {
    const before = this.text.value.slice(0, this.text.selectionStart);
    const found = /(?:^|\s)([@#])([\p{L}\p{N}_.-]*)$/u.exec(before);
    if (!found) return this.suggestions.hide();
    const query = found[2].toLowerCase();
    const { members, roles, channels } = this.app.world;
    const rows = found[1] === "#"
      ? channels.filter((one) => one.readable).map((one) => ({ label: `#${one.name}`, insert: `<#${one.id}>` }))
      : [...members.map((one) => ({ label: one.name, hint: one.username === one.name ? "" : one.username, icon: personIcon(one), insert: `<@${one.id}>` })), ...roles.map((one) => ({ label: `@${one.name}`, hint: "role", insert: `<@&${one.id}>` }))];
    const fitting = rows.filter((one) => one.label.toLowerCase().includes(query)).slice(0, 10);
    return this.suggestions.show(found[1] === "#" ? "Channels" : "People", fitting.map((one) => ({ ...one, pick: () => this.insert(`${one.insert} `, found[2].length + 1) })));
  }

  insert(text, instead = 0) {
    const { selectionStart: at, value } = this.text;
    this.text.value = value.slice(0, at - instead) + text + value.slice(this.text.selectionEnd);
    const end = at - instead + text.length;
    this.text.setSelectionRange(end, end);
    this.text.focus();
    this.changed();
  }

  startCommand(command) {
    this.text.value = "";
    if (command.options.length === 0) return this.run(command.path, {});
    this.form = new CommandForm(this.app, this.suggestions, command, { send: (path, options) => this.run(path, options), cancel: () => this.leaveForm() });
    this.text.hidden = true;
    this.bar.insertBefore(this.form.element, this.text);
    return this.form.focus();
  }

  leaveForm() {
    this.form?.element.remove();
    this.form = null;
    this.text.hidden = false;
    this.suggestions.hide();
    this.text.focus();
  }

  async run(path, options) {
    const filled = this.form;
    const error = await this.app.interact("slash", { command: path, options }, { quiet: Boolean(filled) });
    if (error && filled && this.form === filled) {
      filled.problem.hidden = false;
      filled.problem.textContent = error;
    } else this.leaveForm();
  }

  replyTo(row) {
    this.reply = row;
    this.banner.hidden = false;
    this.banner.replaceChildren(h("span.grow", null, "Replying to ", h("b", null, row.author.name)), h("button.plain", { title: "Do not reply", onclick: () => this.endReply() }, "✕"));
    this.text.focus();
  }

  endReply() {
    this.reply = null;
    this.banner.hidden = true;
  }

  addFiles(list) {
    for (const file of list) {
      if (file.size > FILE_LIMIT) toast(`${file.name} is bigger than 8 MB.`);
      else this.files.push(file);
    }
    this.drawFiles();
  }

  drawFiles() {
    this.chips.replaceChildren(...this.files.map((file) => h("span.chip", null, "📄 ", file.name, h("button.plain", { title: "Take away", onclick: () => ((this.files = this.files.filter((one) => one !== file)), this.drawFiles()) }, "✕"))));
  }

  async sendMessage() {
    const content = this.text.value.trim();
    if (!content && !this.files.length) return;
    if (!this.app.world.channel?.may.send) return void toast("You may not write in this channel.");
    const files = await Promise.all(this.files.map(fileOf));
    const reply = this.reply?.id;
    const kept = this.text.value;
    this.text.value = "";
    this.changed();
    this.typedAt = 0;
    this.app.chat.stick = true;
    const { error, message } = await this.app.post("send", { content, reply_to: reply ?? null, files });
    if (error) {
      toast(error);
      this.text.value = kept;
      this.changed();
      return;
    }
    this.files = [];
    this.drawFiles();
    this.endReply();
    if (/^\/\p{L}/u.test(content) && this.app.world.commands.length) this.app.chat.note("That was sent as a message, for everyone: no command was chosen. Type / and choose one from the list.", message);
  }

  key(event) {
    if (this.suggestions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.sendMessage();
    } else if (event.key === "Escape") this.endReply();
    else if (event.key === "ArrowUp" && !this.text.value) {
      const own = this.app.chat.lastOwn();
      if (own) {
        event.preventDefault();
        this.app.chat.edit(own.id);
      }
    }
  }

  showTyping(names) {
    const who = names.length > 3 ? "Several people" : names.join(", ");
    this.typing.textContent = names.length ? `${who} ${names.length > 1 ? "are" : "is"} typing…` : "";
  }
}
