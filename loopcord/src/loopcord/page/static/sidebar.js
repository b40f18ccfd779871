// What surrounds the chat: channels to the left, people to the right, and who one is.
import { $, avatar, full, h, hex } from "./dom.js";
import { inline } from "./markdown.js";
import { ask, confirm } from "./dialogs.js";
import { menu } from "./popups.js";

const CATEGORY = 4;
const SIGNS = { 0: "#", 5: "📣", 2: "🔊", 13: "🎙", 15: "🗂" };

export class Sidebar {
  constructor(app) {
    this.app = app;
    this.seen = new Map();
    this.tipsHidden = false;
  }

  draw() {
    const { world } = this.app;
    $("#guild-name").textContent = world.guild.name;
    this.drawChannels(world);
    this.drawTips();
    this.drawMembers(world);
    $("#me").replaceChildren(avatar(world.me), h("span.grow", null, h("small", null, "you act as"), h("b", null, world.me.name)), h("button.plain", { title: "Be someone else", "aria-haspopup": "menu", id: "switch", onclick: (event) => this.switchMenu(event.currentTarget) }, "⇄"));
    const here = world.channel;
    $("#channel-name").textContent = here ? `${here.type === 1 ? "@" : "#"} ${here.name}` : "No channel";
    $("#channel-topic").replaceChildren(...inline(here?.topic ?? "", this.app.names));
    document.title = `${here ? `#${here.name} · ` : ""}${world.guild.name}`;
  }

  unread(channel) {
    const open = channel.id === this.app.channelId;
    if (open || !this.seen.has(channel.id)) this.seen.set(channel.id, channel.last);
    return channel.last && this.seen.get(channel.id) !== channel.last;
  }

  drawChannels(world) {
    const under = (parent) => world.channels.filter((one) => one.type !== CATEGORY && one.parent === parent);
    const link = (one, sign) => h(`button.channel${one.id === this.app.channelId ? ".open" : ""}${this.unread(one) ? ".unread" : ""}${one.thread ? ".thread" : ""}`,
      { disabled: one.readable === false, title: one.readable === false ? "Nothing to read in this kind of channel" : one.name, data: { id: one.id }, onclick: () => this.app.openChannel(one.id), "aria-current": one.id === this.app.channelId ? "page" : null },
      h("span.sign", null, sign), h("span.grow", null, one.name));
    const withThreads = (one) => [link(one, SIGNS[one.type] ?? "#"), ...under(one.id).map((thread) => link(thread, "⤷"))];
    const categories = world.channels.filter((one) => one.type === CATEGORY && under(one.id).length);
    const known = new Set(world.channels.map((one) => one.id));
    const top = world.channels.filter((one) => one.type !== CATEGORY && (!one.parent || !known.has(one.parent)));
    $("#channels").replaceChildren(...top.flatMap(withThreads), ...categories.flatMap((one) => [h("h2.category", null, one.name), ...under(one.id).flatMap(withThreads)]),
      ...(world.dm ? [h("h2.category", null, "Direct messages"), link({ ...world.dm, readable: true }, "@")] : []));
  }

  drawTips() {
    const { tips } = this.app.about;
    const box = $("#tips");
    box.hidden = this.tipsHidden || !tips.length;
    if (box.hidden || box.childElementCount) return;
    box.append(h("div.tips-head", null, h("b", null, "Try this first"), h("button.plain", { title: "Hide", onclick: () => ((this.tipsHidden = true), (box.hidden = true)) }, "✕")), h("ol", null, tips.map((tip) => h("li", null, inline(tip, this.app.names)))));
  }

  drawMembers(world) {
    const groups = new Map();
    for (const one of world.members) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
    const rest = world.guild.member_count - world.members.length;
    $("#members").replaceChildren(...[...groups].flatMap(([name, people]) => [h("h2.category", null, `${name} — ${people.length}`), ...people.map((one) => this.member(one))]), ...(rest > 0 ? [h("p.empty", null, `and ${rest} more`)] : []));
  }

  member(one) {
    const out = one.timed_out_until && new Date(one.timed_out_until) > new Date();
    return h("button.member", { data: { id: one.id }, title: out ? `Timed out until ${full(one.timed_out_until)}` : one.username, onclick: (event) => this.showPerson(one.id, event.currentTarget) },
      avatar(one), h("span.grow", { style: { color: one.color ? hex(one.color) : "" } }, one.name), one.owner && h("span", { title: "Owns this server" }, "👑"), one.bot && h("span.tag", null, "APP"), out && h("span", null, "🔇"));
  }

  showPerson(id, anchor) {
    const { app } = this;
    const one = app.person(id);
    if (!one) return;
    const may = new Set(app.world.me.permissions);
    const me = one.id === app.world.me.id;
    const act = (label, body, text) => ({ label, danger: true, act: () => confirm(label, text, label, () => app.act(body.what, body)) });
    const items = [
      { label: "Mention", act: () => app.composer.insert(`<@${one.id}> `) },
      one.id === app.world.bot.id && { label: "Message", act: () => app.openDm() },
      app.about.members.some((member) => member.id === one.id) && !me && { label: `Be ${one.name}`, act: () => app.switchTo(one.id) },
      ...app.world.menus.user.map((name) => ({ label: name, hint: "Apps", act: () => app.interact("menu", { name, member: one.id }) })),
      !me && may.has("moderate_members") && act("Time out for 10 minutes", { what: "time_out", member: one.id, seconds: 600 }, `${one.name} will not be able to write for ten minutes.`),
      !me && may.has("kick_members") && act("Kick", { what: "kick", member: one.id }, `${one.name} will leave the server and may come back.`),
      !me && may.has("ban_members") && act("Ban", { what: "ban", member: one.id }, `${one.name} will leave the server and may not come back.`),
    ].filter(Boolean);
    const roles = one.roles.map((role) => app.world.roles.find((other) => other.id === role)).filter(Boolean);
    menu(anchor, h("div.person", null, avatar(one, "big"), h("div", null, h("b", null, one.name), h("small", null, `${one.username} · ${one.id}`), h("div.chips", null, roles.map((role) => h("span.chip", { style: { borderColor: role.color ? hex(role.color) : "" } }, role.name))))), items, "left");
  }

  switchMenu(anchor) {
    const { app } = this;
    const inside = new Map(app.world.members.map((one) => [one.id, one]));
    const rows = app.about.members.map((one) => ({
      icon: avatar(one, "small"), label: inside.get(one.id)?.name ?? one.name, hint: one.id === app.meId ? "you" : inside.has(one.id) ? (inside.get(one.id).group === "Members" ? "" : inside.get(one.id).group) : "not in the server", act: () => app.switchTo(one.id),
    }));
    const back = !app.world.me.inside && { label: `Come back as ${app.world.me.name}`, act: () => app.act("rejoin", {}) };
    menu(anchor, "Act as", [...rows, null, ...(back ? [back] : []), { label: "Join as someone new…", act: () => ask("Join the server", "Name", "dave", (name) => app.join(name)) }]);
  }
}

