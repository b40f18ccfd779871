// The conversation: messages grouped by author and day, with their tools, kept at the newest line.
import { $, avatar, clock, day, full, h, hex, hue } from "./dom.js";
import { inline, markdown } from "./markdown.js";
import { attachment, components, embed } from "./components.js";
import { confirm } from "./dialogs.js";
import { emojiPicker, menu } from "./popups.js";

const GROUP_MINUTES = 7;
const REPLY = 19, JOINED = 7, PINNED = 6, THREAD = 18;

export class Chat {
  constructor(app) {
    this.app = app;
    this.box = $("#messages");
    this.jump = $("#jump");
    this.rows = new Map();
    this.drawn = new Map();
    this.notes = [];
    this.hidden = new Set();
    this.editing = null;
    this.wanted = null;
    this.older = false;
    this.box.addEventListener("scroll", () => this.atEnd() && (this.jump.hidden = true));
    this.jump.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.stick && this.toEnd()).observe(this.box);
    this.box.addEventListener("load", () => this.stick && this.toEnd(), true);
  }

  clear() {
    this.rows.clear();
    this.drawn.clear();
    this.notes = [];
    this.editing = null;
    this.box.replaceChildren();
    this.stick = true;
  }

  apply({ upsert, remove, older }) {
    const first = this.rows.size === 0;
    for (const id of remove) {
      this.rows.delete(id);
      this.drawn.delete(id);
    }
    for (const row of upsert) {
      this.rows.set(row.id, row);
      this.drawn.delete(row.id);
    }
    this.older = older;
    const fresh = !first && upsert.some((row) => row.id === this.newest());
    this.draw(fresh);
  }

  /** Draw everything anew, because names or permissions around the messages changed. */
  redraw() {
    this.drawn.clear();
    this.draw(false);
  }

  sorted() {
    return [...this.rows.values()].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  }

  newest() {
    return this.sorted().at(-1)?.id;
  }

  lastOwn() {
    return this.sorted().findLast((row) => row.may.edit);
  }

  /** A line only this person sees, such as that the bot did not answer. */
  note(text, after) {
    this.notes.push({ id: `note-${Date.now()}-${this.notes.length}`, text, after: after ?? this.newest() ?? "0" });
    this.draw(true);
  }

  atEnd() {
    this.stick = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 90;
    return this.stick;
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
    this.stick = true;
    this.jump.hidden = true;
  }

  draw(fresh) {
    const stay = this.stick;
    const nodes = [this.head()];
    let before = null;
    for (const row of this.sorted()) {
      if (this.hidden.has(row.id)) continue;
      const newDay = !before || day(before.timestamp) !== day(row.timestamp);
      if (newDay) nodes.push(h("div.day", { role: "separator" }, h("span", null, day(row.timestamp))));
      const joined = !newDay && this.continues(before, row);
      const key = `${joined}`;
      const known = this.drawn.get(row.id);
      const element = known?.key === key ? known.element : this.message(row, joined);
      this.drawn.set(row.id, { key, element });
      nodes.push(element);
      nodes.push(...this.notes.filter((note) => note.after === row.id).map((note) => this.noteLine(note)));
      before = row;
    }
    nodes.push(...this.notes.filter((note) => !this.rows.has(note.after)).map((note) => this.noteLine(note)));
    place(this.box, nodes);
    if (stay) this.toEnd();
    else if (fresh) this.jump.hidden = false;
    if (this.wanted) this.show(this.wanted);
  }

  head() {
    const { world } = this.app;
    if (this.older) return h("button.older", { onclick: () => this.app.showOlder() }, "Show older messages");
    if (!world) return h("div.beginning");
    if (!world.channel) {
      const why = world.me.inside ? "This channel is closed to this member." : `${world.me.name} is not in this server any more. The button at the bottom left lets them come back, or lets you be someone else.`;
      return h("div.beginning", null, h("h1", null, "Nothing to see"), h("p", null, why));
    }
    const { name, topic, type } = world.channel;
    return h("div.beginning", null, h("h1", null, type === 1 ? name : `#${name}`), h("p", null, topic ? inline(topic, this.app.names) : `This is the beginning of ${name}.`));
  }

  continues(before, row) {
    return before && before.author.id === row.author.id && before.author.name === row.author.name && ![JOINED, PINNED, THREAD].includes(before.type)
      && !row.reply && !row.used && row.type !== REPLY && before.ephemeral === row.ephemeral && new Date(row.timestamp) - new Date(before.timestamp) < GROUP_MINUTES * 60000;
  }

  noteLine(note) {
    const drop = () => ((this.notes = this.notes.filter((one) => one !== note)), this.draw(false));
    return h("div.message.note", { data: { id: note.id } }, h("div.body", null, h("p.problem", null, "⚠ ", note.text), this.onlyYou(drop)));
  }

  onlyYou(drop) {
    return h("div.only-you", null, "👁 Only you can see this · ", h("button.plain", { onclick: drop }, "Dismiss message"));
  }

  message(row, joined) {
    const { app } = this;
    const own = app.person(row.author.id);
    const colour = own?.color ? hex(own.color) : `hsl(${hue(row.author.id)} 60% 72%)`;
    const classes = ["message", joined ? "joined" : "first", row.ephemeral && "ephemeral", row.pings_me && "pings"].filter(Boolean);
    if ([JOINED, PINNED, THREAD].includes(row.type)) return this.system(row);
    const who = h("button.author", { style: { color: colour }, onclick: (event) => app.showPerson(row.author.id, event.currentTarget) }, row.author.name);
    return h(`div.${classes.join(".")}`, { data: { id: row.id }, tabIndex: -1 },
      row.reply && this.replyLine(row.reply),
      row.used && h("div.quote", null, avatar(row.used, "tiny"), h("b", null, row.used.name), " used ", h("span.mention", null, row.used.slash ? `/${row.used.command}` : row.used.command)),
      h("div.line", null,
        joined ? h("time.side", { title: full(row.timestamp) }, clock(row.timestamp)) : avatar(row.author),
        h("div.body", null,
          !joined && h("div.who", null, who, row.author.bot && h("span.tag", null, "APP"), h("time", { title: full(row.timestamp) }, clock(row.timestamp))),
          this.editing === row.id ? this.editor(row) : this.content(row),
          row.forward && this.forward(row.forward),
          row.attachments.map(attachment), row.embeds.map((one) => embed(app, one)), components(app, row),
          this.reactions(row),
          row.ephemeral && this.onlyYou(() => (this.hidden.add(row.id), this.draw(false))))),
      this.tools(row));
  }

  content(row) {
    if (row.loading) return h("div.content.thinking", null, h("i"), h("i"), h("i"), ` ${row.author.name} is thinking…`);
    if (!row.content) return null;
    const names = this.app.namesWith(row.names);
    return h("div.content", null, markdown(row.content, names), row.edited && h("small.edited", null, " (edited)"));
  }

  system(row) {
    const text = { [JOINED]: " has joined. Say hello!", [PINNED]: " pinned a message." }[row.type] ?? ` ${row.content}`;
    return h("div.message.system", { data: { id: row.id } }, h("span", null, "→ "), h("b", null, row.author.name), text, h("time", { title: full(row.timestamp) }, ` ${clock(row.timestamp)}`));
  }

  replyLine(reply) {
    if (reply.gone) return h("div.quote", null, "↰ ", h("i", null, "The message was deleted."));
    return h("button.quote", { onclick: () => this.show(reply.id) }, "↰ ", avatar(reply.author, "tiny"), h("b", null, reply.author.name), h("span.quoted", null, inline(reply.content.slice(0, 200), this.app.names)));
  }

  /** Bring a message into view, as soon as it is there. */
  show(id) {
    const target = this.box.querySelector(`[data-id="${id}"]`);
    this.wanted = target ? null : id;
    if (!target) return;
    this.stick = false;
    target.scrollIntoView({ block: "center" });
    target.classList.add("flash");
    setTimeout(() => target.classList.remove("flash"), 1600);
  }

  forward(forward) {
    const { app } = this;
    return h("div.forward", null, h("div.forward-head", null, "↪ Forwarded"),
      forward.content && h("div.content", null, markdown(forward.content, app.names)), forward.attachments.map(attachment), forward.embeds.map((one) => embed(app, one)),
      h("div.forward-foot", null, forward.channel ? app.names.channelLink(forward.channel.id) : "another channel", forward.timestamp && ` · ${full(forward.timestamp)}`));
  }

  reactions(row) {
    if (!row.reactions.length) return null;
    const flip = (one) => () => this.app.act(one.me ? "unreact" : "react", { message: row.id, emoji: one.emoji });
    const label = (emoji) => (emoji.includes(":") ? `:${emoji.split(":")[0]}:` : emoji);
    return h("div.reactions", null, row.reactions.map((one) =>
      h(`button.reaction${one.me ? ".mine" : ""}`, { title: `${one.names.join(", ")} reacted with ${label(one.emoji)}`, "aria-pressed": String(one.me), data: { emoji: one.emoji }, onclick: flip(one) }, label(one.emoji), h("b", null, one.count))),
      row.may.react && h("button.reaction.add", { title: "Add a reaction", onclick: (event) => this.pickReaction(event.currentTarget, row) }, "☺+"));
  }

  pickReaction(anchor, row) {
    emojiPicker(anchor, (emoji) => this.app.act("react", { message: row.id, emoji }));
  }

  tools(row) {
    if (row.ephemeral || row.loading) return null;
    const { app } = this;
    const quick = row.may.react ? app.about.quick_reactions.map((emoji) =>
      h("button", { title: `React with ${emoji}`, onclick: () => app.act("react", { message: row.id, emoji }) }, emoji)) : [];
    return h("div.tools", { role: "toolbar", "aria-label": "Message tools" }, quick,
      row.may.react && h("button", { title: "More reactions", onclick: (event) => this.pickReaction(event.currentTarget, row) }, "☺"),
      row.may.reply && h("button", { title: "Reply", onclick: () => app.composer.replyTo(row) }, "↰"),
      h("button", { title: "More", "aria-haspopup": "menu", onclick: (event) => this.more(event.currentTarget, row) }, "⋯"));
  }

  more(anchor, row) {
    const { app } = this;
    const remove = () => confirm("Delete message", "Delete this message for everyone?", "Delete", () => app.act("delete", { message: row.id }));
    menu(anchor, null, [
      row.may.reply && { label: "Reply", act: () => app.composer.replyTo(row) },
      row.may.edit && { label: "Edit", hint: "↑", act: () => this.edit(row.id) },
      { label: "Copy text", act: () => navigator.clipboard?.writeText(row.content) },
      { label: "Copy message id", act: () => navigator.clipboard?.writeText(row.id) },
      ...app.world.menus.message.map((name) => ({ label: name, hint: "Apps", act: () => app.interact("menu", { name, message: row.id }) })),
      row.may.delete && { label: "Delete", danger: true, act: remove },
    ].filter(Boolean), "left");
  }

  edit(id) {
    this.editing = id;
    this.drawn.delete(id);
    this.draw(false);
    this.box.querySelector(".editor")?.focus();
  }

  editor(row) {
    const done = () => ((this.editing = null), this.drawn.delete(row.id), this.draw(false), this.app.composer.focus());
    const key = async (event) => {
      if (event.key === "Escape") done();
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      const content = event.target.value.trim();
      if (content && content !== row.content && (await this.app.act("edit", { message: row.id, content }))) return;
      done();
    };
    return h("div", null, h("textarea.field.editor", { value: row.content, rows: 2, onkeydown: key, "aria-label": "Edit the message" }), h("small", null, "Enter saves, Escape cancels"));
  }
}

/** Make `box` hold exactly `nodes`, moving as little as possible so that open menus and focus survive. */
function place(box, nodes) {
  const keep = new Set(nodes);
  for (const child of [...box.children]) if (!keep.has(child)) child.remove();
  nodes.forEach((node, at) => {
    if (box.children[at] !== node) box.insertBefore(node, box.children[at] ?? null);
  });
}
