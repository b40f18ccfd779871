// The page's heart: holds what the stream tells, lets the parts draw it, and sends what one does.
import { $, h } from "./dom.js";
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { showModal } from "./dialogs.js";
import { closePopup, toast } from "./popups.js";
import { Sidebar } from "./sidebar.js";

const TYPING_LASTS = 9000; // milliseconds an "is typing" stays when no message follows
const STEP = 60;

class App {
  async start() {
    this.about = await (await fetch("about")).json();
    const wanted = new URLSearchParams(location.hash.slice(1));
    const known = (id, list) => (list.some((one) => one.id === id) ? id : null);
    this.meId = known(wanted.get("as"), this.about.members) ?? this.about.members[0].id;
    this.channelId = wanted.get("channel") ?? this.about.channel;
    this.world = null;
    this.typists = new Map();
    this.chat = new Chat(this);
    this.composer = new Composer(this);
    this.sidebar = new Sidebar(this);
    $("#toggle-members").addEventListener("click", () => document.body.classList.toggle("no-members"));
    $("#toggle-channels").addEventListener("click", () => document.body.classList.toggle("with-channels"));
    this.connect();
  }

  /** Listen to this member's view of this channel, from the start. */
  connect() {
    this.source?.close();
    this.limit = STEP;
    this.listen();
  }

  listen() {
    this.source?.close();
    this.chat.clear();
    this.typists.clear();
    history.replaceState(null, "", `#as=${this.meId}&channel=${this.channelId}`);
    const source = new EventSource(`stream?as=${this.meId}&channel=${this.channelId}&limit=${this.limit}`);
    this.source = source;
    source.onopen = () => {
      this.chat.clear(); // after a lost connection the stream tells everything again
      document.body.classList.remove("lost");
    };
    source.onmessage = (event) => source === this.source && this.hear(JSON.parse(event.data));
    source.onerror = () => {
      document.body.classList.add("lost");
      if (source.readyState === EventSource.CLOSED && this.channelId !== this.about.channel) {
        this.channelId = this.about.channel;
        this.connect();
      }
    };
  }

  hear({ world, chat, typing }) {
    if (world) {
      this.world = world;
      this.sidebar.draw();
      this.composer.update();
      if (!chat) this.chat.redraw();
    }
    if (chat) {
      for (const row of chat.upsert) this.typists.delete(row.author.id);
      this.chat.apply(chat);
    }
    for (const one of typing ?? []) this.hearTyping(one);
    this.showTyping();
  }

  hearTyping(one) {
    if (one.id === this.meId) return;
    this.typists.set(one.id, one.name);
    setTimeout(() => (this.typists.delete(one.id), this.showTyping()), TYPING_LASTS);
  }

  showTyping() {
    this.composer.showTyping([...this.typists.values()]);
  }

  openChannel(id) {
    this.channelId = id;
    document.body.classList.remove("with-channels");
    this.composer.leaveForm();
    this.composer.endReply();
    this.connect();
  }

  openMessage(channel, message) {
    if (channel !== this.channelId) this.openChannel(channel);
    if (message) this.chat.show(message);
  }

  switchTo(id) {
    closePopup();
    this.meId = id;
    this.composer.leaveForm();
    this.composer.endReply();
    this.sidebar.seen.clear();
    this.connect();
  }

  showOlder() {
    this.limit += STEP;
    this.listen();
    this.chat.stick = false;
  }

  async join(name) {
    const answer = await this.post("join", { name });
    if (answer.error) return void toast(answer.error);
    this.about.members = answer.members;
    this.switchTo(answer.id);
  }

  /** Open the direct messages with the bot. */
  async openDm() {
    const answer = await this.post("dm", {});
    if (answer.error) toast(answer.error);
    else this.openChannel(answer.channel);
  }

  /** Send an act as this member in this channel; resolves to the answer, with `error` when it was refused. */
  async post(what, body) {
    try {
      const response = await fetch("act", {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...body, what, as: this.meId, channel: this.channelId }),
      });
      return response.headers.get("Content-Type")?.startsWith("application/json") ? await response.json() : { error: await response.text() };
    } catch {
      return { error: "The local Discord does not answer. Is the demo still running?" };
    }
  }

  /** Do something; says what went wrong, and returns it. */
  async act(what, body) {
    const { error } = await this.post(what, body);
    if (error) toast(error);
    return error;
  }

  /** Use a command, a button, a menu or a form; shows the bot's form, or that it kept silent. */
  async interact(what, body, { quiet } = {}) {
    this.chat.stick = this.chat.stick || what === "slash";
    const answer = await this.post(what, body);
    if (answer.error) {
      if (!quiet) toast(answer.error);
      return answer.error;
    }
    if (answer.modal) showModal(this, answer.modal, answer.reply);
    else if (!answer.acknowledged) this.chat.note("The application did not respond.");
    return null;
  }

  person(id) {
    return this.world?.members.find((one) => one.id === id);
  }

  showPerson(id, anchor) {
    this.sidebar.showPerson(id, anchor);
  }

  get names() {
    return this.namesWith({});
  }

  /** Names for mentions: of the guild, and those a message brings for people who have left. */
  namesWith(extra) {
    return {
      user: (id) => this.person(id)?.name ?? extra[id] ?? "Unknown user",
      role: (id) => this.world?.roles.find((one) => one.id === id)?.name ?? "deleted role",
      isMe: (id) => id === this.meId,
      goTo: (channel, message) => this.world?.channels.some((one) => one.id === channel) && (() => this.openMessage(channel, message)),
      channelLink: (id) => {
        const found = this.world?.channels.find((one) => one.id === id);
        return found ? h("button.mention", { onclick: () => this.openChannel(id) }, `#${found.name}`) : h("span.mention", null, "#unknown");
      },
    };
  }
}

new App().start();
