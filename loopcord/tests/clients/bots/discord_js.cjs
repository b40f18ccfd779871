// An ordinary bot in unmodified discord.js; `discord_py.py` beside it does the same in discord.py.
//
// It runs in a process of its own. All that ties it to the local Discord is the address it is given; what it
// saw it writes as JSON lines to its standard output, for the test to read.
"use strict";

const {
  ActionRowBuilder,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ButtonBuilder,
  ButtonStyle,
  Client,
  DiscordAPIError,
  Events,
  GatewayIntentBits,
  MessageFlags,
  ModalBuilder,
  Partials,
  StringSelectMenuBuilder,
  TextInputBuilder,
  TextInputStyle,
} = require("discord.js");

const saw = (what, facts = {}) => process.stdout.write(`${JSON.stringify({ saw: what, ...facts })}\n`);

// Every intent that discord.js knows, as discord.py's Intents.all().
const intents = Object.values(GatewayIntentBits).filter((bit) => typeof bit === "number");
const client = new Client({
  intents,
  partials: [Partials.Channel, Partials.Message, Partials.Reaction],
  shards: "auto",
  rest: { api: process.env.DISCORD_API },
});

// ------------------------------------------------------------------ events

client.on(Events.ClientReady, async () => {
  const guilds = client.guilds.cache.map((guild) => guild.name).sort();
  const commands = await client.application.commands.set(COMMANDS);
  saw("synced", { names: commands.map((command) => command.name).sort() });
  saw("ready", { guilds, shards: client.ws.shards.size });
});
client.on(Events.ShardReady, (shard) => saw("session", { shard }));
client.on(Events.ShardResume, (shard) => saw("resumed", { shard }));

client.on(Events.MessageCreate, async (message) => {
  if (message.author.id === client.user.id) return;
  saw("message", {
    content: message.content,
    author: message.author.username,
    shard: message.guild?.shardId ?? 0,
    files: message.attachments.map((file) => file.name),
  });
  if (message.content === "ping") await message.reply("pong");
  else if (!message.inGuild()) await message.channel.send(`You said: ${message.content}`);
});
client.on(Events.MessageUpdate, (before, after) => {
  saw("edit", { before: before.content, after: after.content });
});
client.on(Events.MessageDelete, (message) => saw("delete", { content: message.content }));
client.on(Events.MessageReactionAdd, (reaction, user) => {
  saw("reaction", { emoji: reaction.emoji.name, added: true, user: user.id });
});
client.on(Events.MessageReactionRemove, (reaction, user) => {
  saw("reaction", { emoji: reaction.emoji.name, added: false, user: user.id });
});
client.on(Events.GuildMemberAdd, (member) => saw("join", { name: member.user.username }));
client.on(Events.GuildMemberRemove, (member) => saw("leave", { name: member.user.username }));

// ------------------------------------------------------------------ commands

const COLOURS = ["red", "green", "blue"];
const MEMBER = { type: ApplicationCommandOptionType.User, name: "member", description: "Whom", required: true };
const REASON = { type: ApplicationCommandOptionType.String, name: "reason", description: "Why", required: true };
const ROLE = { type: ApplicationCommandOptionType.Role, name: "role", description: "Which", required: true };

const option = (type, name, more = {}) => ({ type, name, description: name, required: true, ...more });

const COMMANDS = [
  { name: "ping", description: "Are you there?" },
  { name: "slow", description: "Take a while" },
  {
    name: "describe",
    description: "Tell what was chosen",
    options: [
      MEMBER,
      option(ApplicationCommandOptionType.Channel, "channel", { channelTypes: [0] }),
      ROLE,
      option(ApplicationCommandOptionType.Attachment, "file"),
      option(ApplicationCommandOptionType.Integer, "count", { minValue: 1, maxValue: 10 }),
      option(ApplicationCommandOptionType.Boolean, "really"),
    ],
  },
  {
    name: "paint",
    description: "Choose a colour",
    options: [option(ApplicationCommandOptionType.String, "colour", { autocomplete: true })],
  },
  {
    name: "case",
    description: "Cases",
    options: [
      {
        type: ApplicationCommandOptionType.Subcommand,
        name: "view",
        description: "Show a case",
        options: [option(ApplicationCommandOptionType.Integer, "number")],
      },
    ],
  },
  { name: "panel", description: "Show the panel" },
  { name: "timeout", description: "Time a member out", options: [MEMBER, REASON] },
  { name: "kick", description: "Kick a member", options: [MEMBER, REASON] },
  { name: "ban", description: "Ban a member", options: [MEMBER, REASON] },
  { name: "amnesty", description: "Lift every ban" },
  { name: "give", description: "Give a member a role", options: [MEMBER, ROLE] },
  { name: "overreach", description: "Try what the bot may not do", options: [MEMBER] },
  { name: "Remove", type: ApplicationCommandType.Message },
  { name: "Who is this", type: ApplicationCommandType.User },
  {
    name: "members",
    description: "Count the members, asking the gateway",
    options: [option(ApplicationCommandOptionType.String, "prefix")],
  },
  { name: "history", description: "Count the messages here, page by page" },
];

const HANDLERS = {
  ping: (interaction) => interaction.reply({ content: "pong", flags: MessageFlags.Ephemeral }),

  async slow(interaction) {
    const told = new Promise((resolve) => {
      client.on(Events.MessageCreate, (message) => message.content === "go on" && resolve());
    });
    await interaction.deferReply();
    await told;
    await interaction.editReply("Done");
    await interaction.followUp({ content: "Only you see this", flags: MessageFlags.Ephemeral });
  },

  async describe(interaction) {
    const { options } = interaction;
    const file = options.getAttachment("file");
    const content = await (await fetch(file.url)).text();
    const { username } = options.getMember("member").user;
    const channel = options.getChannel("channel").name;
    const role = options.getRole("role").name;
    const rest = `${options.getInteger("count")} ${options.getBoolean("really")}`;
    await interaction.reply(`${username} #${channel} @${role} ${file.name}=${content} ${rest}`);
  },

  paint: (interaction) => interaction.reply(`Painted ${interaction.options.getString("colour")}`),

  case: (interaction) =>
    interaction.reply({ embeds: [{ title: `Case #${interaction.options.getInteger("number")}` }] }),

  // ---------------------------------------------------------------- components and forms

  async panel(interaction) {
    const button = new ButtonBuilder().setCustomId("report").setLabel("Report").setStyle(ButtonStyle.Secondary);
    const select = new StringSelectMenuBuilder()
      .setCustomId("colour")
      .addOptions(COLOURS.map((value) => ({ label: value, value })));
    const rows = [button, select].map((component) => new ActionRowBuilder().addComponents(component));
    await interaction.reply({ content: "What do you want?", components: rows });
    saw("panel shown");
  },

  async report(interaction) {
    const text = new TextInputBuilder()
      .setCustomId("text")
      .setLabel("What happened?")
      .setStyle(TextInputStyle.Paragraph);
    const form = new ModalBuilder().setCustomId("form").setTitle("A report");
    await interaction.showModal(form.addComponents(new ActionRowBuilder().addComponents(text)));
    saw("form shown");
  },

  form: (interaction) =>
    interaction.reply({
      content: `Reported: ${interaction.fields.getTextInputValue("text")}`,
      flags: MessageFlags.Ephemeral,
    }),

  colour: (interaction) => interaction.update(`Now ${interaction.values[0]}`),

  // ---------------------------------------------------------------- moderation

  async timeout(interaction) {
    const member = interaction.options.getMember("member");
    await member.timeout(3_600_000, interaction.options.getString("reason"));
    await interaction.reply(`Timed ${member.user.username} out`);
  },

  async kick(interaction) {
    const member = interaction.options.getMember("member");
    await member.kick(interaction.options.getString("reason"));
    await interaction.reply(`Kicked ${member.user.username}`);
  },

  async ban(interaction) {
    const member = interaction.options.getMember("member");
    await member.ban({ reason: interaction.options.getString("reason"), deleteMessageSeconds: 3600 });
    await interaction.reply(`Banned ${member.user.username}`);
  },

  async amnesty(interaction) {
    const bans = await interaction.guild.bans.fetch();
    for (const ban of bans.values()) await interaction.guild.members.unban(ban.user, "amnesty");
    await interaction.reply(`Unbanned ${bans.map((ban) => ban.user.username).join(", ")}`);
  },

  async give(interaction) {
    const member = interaction.options.getMember("member");
    const role = interaction.options.getRole("role");
    await member.roles.add(role, "earned");
    await interaction.reply(`${member.user.username} is now ${role.name}`);
  },

  async overreach(interaction) {
    try {
      await interaction.options.getMember("member").kick();
    } catch (refusal) {
      if (!(refusal instanceof DiscordAPIError)) throw refusal;
      await interaction.reply(`Refused: ${refusal.status} ${refusal.code}`);
    }
  },

  async Remove(interaction) {
    const { content } = interaction.targetMessage;
    await interaction.targetMessage.delete();
    await interaction.reply({ content: `Removed: ${content}`, flags: MessageFlags.Ephemeral });
  },

  "Who is this": (interaction) =>
    interaction.reply({ content: `This is ${interaction.targetUser.username}`, flags: MessageFlags.Ephemeral }),

  // ---------------------------------------------------------------- fetching

  async members(interaction) {
    const prefix = interaction.options.getString("prefix");
    const everybody = await interaction.guild.members.fetch();
    const some = await interaction.guild.members.fetch({ query: prefix, limit: 5 });
    const names = some.map((member) => member.user.username).sort().join(", ");
    await interaction.reply(`${everybody.size} members; ${prefix}: ${names}`);
  },

  async history(interaction) {
    const messages = [];
    for (let page; !page || page.size > 0; ) {
      page = await interaction.channel.messages.fetch({ limit: 100, before: messages.at(-1)?.id });
      messages.push(...page.values());
    }
    const ends = `from ${messages[0].content} to ${messages.at(-1).content}`;
    await interaction.reply(`${messages.length} messages, ${ends}`);
  },
};

client.on(Events.InteractionCreate, async (interaction) => {
  if (interaction.isAutocomplete()) {
    const typed = interaction.options.getFocused();
    const offered = COLOURS.filter((colour) => colour.startsWith(typed));
    await interaction.respond(offered.map((c) => ({ name: c[0].toUpperCase() + c.slice(1), value: c })));
    return;
  }
  await HANDLERS[interaction.isCommand() ? interaction.commandName : interaction.customId](interaction);
});

client.login(process.env.DISCORD_TOKEN);
