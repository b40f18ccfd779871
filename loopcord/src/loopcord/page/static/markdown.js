// Discord's Markdown as elements: what people write is parsed here and only ever inserted as text.
import { h, timestamp } from "./dom.js";

// Source: https://support.discord.com/hc/en-us/articles/210298617 and
// https://discord.com/developers/docs/reference#message-formatting
const INLINE = new RegExp(
  [
    /\\(?<escaped>[^\sA-Za-z0-9])/,
    /(?<ticks>``?)(?<code>[^`][\s\S]*?)\k<ticks>(?!`)/,
    /\|\|(?<spoiler>[\s\S]+?)\|\|/,
    /\*\*\*(?<both>[\s\S]+?)\*\*\*/,
    /\*\*(?<bold>[\s\S]+?)\*\*(?!\*)/,
    /__(?<under>[\s\S]+?)__(?!_)/,
    /~~(?<struck>[\s\S]+?)~~/,
    /\*(?<star>[^\s*](?:[^*]*[^\s*])?)\*(?!\*)/,
    /(?<![A-Za-z0-9])_(?<slant>[^\s_](?:[^_]*[^\s_])?)_(?![A-Za-z0-9])/,
    /\[(?<label>[^\]\n]+)\]\(<?(?<target>https?:\/\/[^\s)>]+)>?(?: "[^"\n]*")?\)/,
    /<(?<angled>https?:\/\/[^\s>]+)>/,
    /(?<url>https?:\/\/[^\s<]*[^\s<.,:;"')\]!?])/,
    /<@!?(?<user>\d+)>/,
    /<@&(?<role>\d+)>/,
    /<#(?<channel>\d+)>/,
    /<t:(?<time>-?\d{1,13})(?::(?<style>[tTdDfFR]))?>/,
    /<\/(?<command>[^:>]+):\d+>/,
    /<a?:(?<emoji>\w+):\d+>/,
    /(?<crowd>@everyone|@here)/,
  ].map((part) => part.source).join("|"),
  "u",
);

/** Nodes of a whole message: blocks (code, quotes, headings, lists) and the inline marks inside them. */
export function markdown(text, names) {
  const nodes = [];
  let rest = text ?? "";
  for (;;) {
    const fence = /```(?:([\w+-]+)\n)?\n?([\s\S]*?)\n?```/.exec(rest);
    if (!fence) break;
    nodes.push(...blocks(rest.slice(0, fence.index).replace(/\n$/, ""), names));
    nodes.push(h("pre", null, h("code", fence[1] ? { "data-language": fence[1] } : null, fence[2])));
    rest = rest.slice(fence.index + fence[0].length).replace(/^\n/, "");
  }
  return [...nodes, ...blocks(rest, names)];
}

function blocks(text, names) {
  if (!text) return [];
  const nodes = [];
  const lines = text.split("\n");
  const many = lines.findIndex((line) => line.startsWith(">>> "));
  if (many >= 0) {
    const quoted = [lines[many].slice(4), ...lines.slice(many + 1)].join("\n");
    return [...blocks(lines.slice(0, many).join("\n"), names), h("blockquote", null, blocks(quoted, names))];
  }
  let plain = [];
  const flush = () => {
    if (plain.length) nodes.push(h("p", null, inline(plain.join("\n"), names)));
    plain = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const heading = /^(#{1,3}) +(.+)/.exec(lines[at]);
    const small = /^-# +(.+)/.exec(lines[at]);
    const item = /^ *(?:[-*]|\d{1,3}\.) +(.+)/.exec(lines[at]);
    if (lines[at].startsWith("> ")) {
      flush();
      const quoted = [];
      for (; at < lines.length && lines[at].startsWith("> "); at += 1) quoted.push(lines[at].slice(2));
      at -= 1;
      nodes.push(h("blockquote", null, blocks(quoted.join("\n"), names)));
    } else if (heading) {
      flush();
      nodes.push(h(`h${heading[1].length + 2}`, null, inline(heading[2], names)));
    } else if (small) {
      flush();
      nodes.push(h("p.subtext", null, inline(small[1], names)));
    } else if (item) {
      flush();
      const list = /^ *\d/.test(lines[at]) ? h("ol", { start: Number.parseInt(lines[at], 10) }) : h("ul");
      for (let found = item; found; found = /^ *(?:[-*]|\d{1,3}\.) +(.+)/.exec(lines[at] ?? "")) {
        list.append(h("li", null, inline(found[1], names)));
        at += 1;
      }
      at -= 1;
      nodes.push(list);
    } else plain.push(lines[at]);
  }
  flush();
  return nodes;
}

/** Nodes of one line of text: marks, links, mentions, timestamps. */
export function inline(text, names) {
  const nodes = [];
  let rest = text ?? "";
  while (rest) {
    const found = INLINE.exec(rest);
    if (!found) break;
    if (found.index) nodes.push(...lines(rest.slice(0, found.index)));
    nodes.push(mark(found.groups, found[0], names));
    rest = rest.slice(found.index + found[0].length);
  }
  return [...nodes, ...lines(rest)];
}

const lines = (text) => text.split("\n").flatMap((part, at) => (at ? [h("br"), part] : [part])).filter((part) => part !== "");

function mark(is, whole, names) {
  const wraps = { both: "strong", bold: "strong", under: "u", struck: "s", star: "em", slant: "em" };
  for (const [key, tag] of Object.entries(wraps)) {
    if (is[key] !== undefined) return h(key === "both" ? "em" : tag, null, key === "both" ? h("strong", null, inline(is[key], names)) : inline(is[key], names));
  }
  if (is.escaped !== undefined) return document.createTextNode(is.escaped);
  if (is.code !== undefined) return h("code", null, is.code);
  if (is.spoiler !== undefined) return spoiler(is.spoiler, names);
  if (is.target !== undefined) return link(is.target, inline(is.label, names), names);
  if (is.angled !== undefined) return link(is.angled, is.angled, names);
  if (is.url !== undefined) return link(is.url, is.url, names);
  if (is.user !== undefined) return mention(`@${names.user(is.user)}`, names.isMe(is.user));
  if (is.role !== undefined) return mention(`@${names.role(is.role)}`);
  if (is.channel !== undefined) return names.channelLink(is.channel);
  if (is.time !== undefined) return h("time.stamp", { title: timestamp(Number(is.time), "F") }, timestamp(Number(is.time), is.style));
  if (is.command !== undefined) return mention(`/${is.command}`);
  if (is.emoji !== undefined) return h("span.custom-emoji", { title: whole }, `:${is.emoji}:`);
  return mention(is.crowd, true);
}

const mention = (label, me) => h(`span.mention${me ? ".me" : ""}`, null, label);

// Source: https://discord.com/developers/docs/reference#message-formatting
const PLACE = /^https:\/\/(?:ptb\.|canary\.)?discord\.com\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?$/;

/** A link; one to a message or channel of this server leads there and not to the real Discord. */
function link(url, label, names) {
  const place = PLACE.exec(url);
  const go = place && names.goTo(place[1], place[2]);
  return go ? h("button.plain.here", { onclick: go, title: url }, label) : outside(url, label);
}

const outside = (url, label) => h("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow", title: url }, label);

function spoiler(text, names) {
  const reveal = (event) => event.currentTarget.classList.add("open");
  return h("span.spoiler", { tabIndex: 0, role: "button", title: "Spoiler: press to show", onclick: reveal, onkeydown: (event) => event.key === "Enter" && reveal(event) }, h("span", null, inline(text, names)));
}
