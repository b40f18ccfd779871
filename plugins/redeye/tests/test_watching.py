"""Watching pages, from `/watch add` to the alerts, over real sockets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chandelier import Effect
from chandelier_redeye import alerts
from chandelier_redeye.config import RedeyeConfig
from chandelier_redeye.fetching import _retry_after
from chandelier_redeye.pace import host_of
from chandelier_redeye.watches import Watches
from loopcord import ActError

INTERVAL = 600


async def test_a_changed_price_is_told_once_and_every_further_change_again(
    discord, start, start_host, shop, market
):
    """changedetection.io #2715 (a threshold fires once) and #4260 (previous price is the first ever)."""
    url = shop.product("lamp", "49.90")
    host = await start()
    added = await market.mod.slash(market.general, "watch add", url=url, channel=market.deals)
    assert "49.90 EUR" in added.text
    assert added.ephemeral

    shop.product("lamp", "39.90")
    await start_host.restart(host)
    await discord.advance(INTERVAL)
    (alert,) = market.alerts
    assert alert.embeds[0]["url"] == url
    assert alert.embeds[0]["timestamp"].startswith("2026-01-01T00:10")
    for shown in ("Price drop: Lamp", "49.90 EUR", "39.90 EUR", "−10.00 EUR (−20.0 %)"):
        assert shown in alert.text

    await discord.advance(INTERVAL)
    assert len(market.alerts) == 1, "the same price again is no news"

    shop.product("lamp", 45)
    await discord.advance(INTERVAL)
    assert len(market.alerts) == 2
    assert "Price rise" in market.deals.last.text
    assert "39.90 EUR" in market.deals.last.text, "before is the last good price, not the first"
    assert "49.90" not in market.deals.last.text


async def test_the_same_number_written_otherwise_is_no_change(discord, start, shop, market):
    """changedetection.io #2634, #2637."""
    await start()
    url = shop.product("lamp", "2879.2")
    await market.mod.slash(market.deals, "watch add", url=url)

    for written in ("2879.20", 2879.2, "2.879,20", "2,879.20 €"):
        shop.product("lamp", written)
        await discord.advance(INTERVAL)

    assert shop.visits == ["lamp"] * 5
    assert market.alerts == []


@pytest.mark.parametrize(
    ("status", "problem"), [(403, "blocked"), (503, "blocked"), (500, "unreadable"), (404, "unreadable")]
)
async def test_a_failed_read_changes_nothing_and_is_shown(discord, start, shop, market, status, problem):
    """Discount-Bandit #108, changedetection.io #1843: a failed crawl is neither a change nor out of stock."""
    await start()
    url = shop.product("lamp", "49.90")
    await market.mod.slash(market.deals, "watch add", url=url)
    worked = discord.clock.now()

    shop.fail("lamp", status)
    await discord.advance(INTERVAL)
    listed = await market.mod.slash(market.general, "watch list")
    assert market.alerts == []
    assert f"{problem}: 127" in listed.text.replace("\\", "")
    assert f"answered {status}" in listed.text
    assert f"Last worked <t:{worked.timestamp():.0f}:R>" in listed.text
    assert "49.90 EUR" in listed.text, "the last good price stays"

    shop.product("lamp", "49.90")
    await discord.advance(4 * INTERVAL)
    assert market.alerts == []
    assert problem not in (await market.mod.slash(market.general, "watch list")).text


async def test_a_page_without_a_price_is_unreadable_not_free(discord, start, shop, market):
    await start()
    url = shop.product("lamp", "49.90")
    await market.mod.slash(market.deals, "watch add", url=url)

    for broken in ("0", "from 10", "1.299", None):
        shop.product("lamp", broken)
        await discord.advance(INTERVAL * 20)
    shop.html("lamp", "<h1>We are redecorating</h1>")
    await discord.advance(INTERVAL * 20)

    assert market.alerts == []
    assert "unreadable" in (await market.mod.slash(market.general, "watch list")).text


async def test_a_page_that_fails_again_and_again_is_asked_ever_less(discord, start, shop, market):
    await start(longest_pause=INTERVAL * 8)
    url = shop.product("lamp", "49.90")
    await market.mod.slash(market.deals, "watch add", url=url)
    shop.fail("lamp", 500)

    visits = []
    for _ in range(32):
        await discord.advance(INTERVAL)
        visits.append(len(shop.visits) - 1)

    assert visits[0] == 1
    assert [visits[n] for n in (1, 2, 3, 5, 6, 7, 13, 14, 15, 22, 23, 30, 31)] == [
        1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6,
    ]  # fmt: skip
    # first at 1, then after 2, 4, 8, and 8 intervals for ever

    shop.product("lamp", "39.90")
    await discord.advance(INTERVAL * 8)
    assert len(market.alerts) == 1, "and back to normal at once"
    shop.product("lamp", "29.90")
    await discord.advance(INTERVAL)
    assert len(market.alerts) == 2


async def test_a_shop_that_asks_to_be_left_alone_is(discord, start, shop, market):
    await start()
    url = shop.product("lamp", "49.90")
    await market.mod.slash(market.deals, "watch add", url=url)

    shop.fail("lamp", 429, {"Retry-After": str(INTERVAL * 10)})
    await discord.advance(INTERVAL * 10)
    assert len(shop.visits) == 2
    await discord.advance(INTERVAL)
    assert len(shop.visits) == 3


async def test_sold_out_is_no_price_and_no_alert_and_its_end_compares_with_the_last_price(
    discord, start, shop, market
):
    await start()
    url = shop.product("lamp", "49.90")
    await market.mod.slash(market.deals, "watch add", url=url)

    shop.product("lamp", "1.00", stock="OutOfStock")
    await discord.advance(INTERVAL)
    listed = await market.mod.slash(market.general, "watch list")
    assert "49.90 EUR · sold out" in listed.text
    assert market.alerts == []

    shop.product("lamp", "45.00")
    await discord.advance(INTERVAL)
    (alert,) = market.alerts
    assert "49.90 EUR" in alert.text
    assert "45.00 EUR" in alert.text


async def test_a_sold_out_product_can_be_watched_and_its_first_price_is_where_it_begins(
    discord, start, shop, market
):
    await start()
    url = shop.product("lamp", "49.90", stock="SoldOut")
    added = await market.mod.slash(market.deals, "watch add", url=url)
    assert "sold out" in added.text

    shop.product("lamp", "45.00")
    await discord.advance(INTERVAL)
    shop.product("lamp", "40.00")
    await discord.advance(INTERVAL)

    (alert,) = market.alerts
    assert "45.00 EUR" in alert.text


async def test_an_address_that_comes_to_lead_to_another_product_is_no_price(discord, start, shop, market):
    await start()
    url = shop.product("lamp", "49.90", sku="L-1")
    await market.mod.slash(market.deals, "watch add", url=url)

    shop.product("lamp", "3.00", sku="B-7", name="Spare bulb")
    await discord.advance(INTERVAL)

    assert market.alerts == []
    assert "another product" in (await market.mod.slash(market.general, "watch list")).text


async def test_one_watch_never_stops_another_and_a_host_is_asked_one_by_one(discord, start, shop, market):
    """changedetection.io #4350 and #2966."""
    await start(host_gap=5)
    for name in ("lamp", "candle", "crystal"):
        url = shop.product(name, "10.00")
        reply = market.mod.start_slash(market.deals, "watch add", url=url)
        await discord.advance(5)
        assert "Watching" in reply.text
    shop.visits.clear()

    shop.fail("lamp", 500)
    shop.html("candle", "<script type='application/ld+json'>{</script>")
    shop.product("crystal", "9.00")
    await discord.advance(INTERVAL)
    assert sorted(shop.visits) == ["candle", "crystal", "lamp"]
    (alert,) = market.alerts
    assert "Crystal" in alert.text


async def test_after_a_long_downtime_pages_are_asked_one_after_the_other(
    discord, start, start_host, shop, market
):
    host = await start(host_gap=5)
    for name in ("lamp", "candle", "crystal"):
        market.mod.start_slash(market.deals, "watch add", url=shop.product(name, "10.00"))
        await discord.advance(5)
    await start_host.stop(host)
    await discord.advance(100 * INTERVAL)
    shop.visits.clear()

    await start_host("redeye")
    assert len(shop.visits) == 1
    await discord.advance(5)
    assert len(shop.visits) == 2
    await discord.advance(5)
    assert len(shop.visits) == 3


# ---- misuse


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("lamp", "not an address"),
        ("ftp://shop.example/lamp", "http:// or https://"),
        ("https://me:secret@shop.example/lamp", "user name or password"),
        ("http://10.0.0.1/lamp", "10.0.0.1"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
    ],
)
async def test_addresses_that_cannot_be_watched_are_refused_in_words(start, market, url, words):
    await start()
    reply = await market.mod.slash(market.general, "watch add", url=url)
    assert words in reply.text
    assert reply.ephemeral


async def test_a_page_without_a_product_is_refused_and_nothing_is_stored(start, shop, market):
    await start()
    plain = await market.mod.slash(market.deals, "watch add", url=shop.html("about", "<h1>About us</h1>"))
    assert "Nothing was stored" in plain.text

    shop.fail("lamp", 403)
    await market.guild.discord.advance(5)
    blocked = await market.mod.slash(market.deals, "watch add", url=f"{shop.url}/lamp")
    assert "does not let me read the page" in blocked.text
    assert "Nothing is watched" in (await market.mod.slash(market.deals, "watch list")).text


async def test_the_same_page_is_watched_once_and_there_is_a_limit(discord, start, shop, market):
    await start(watches_per_guild=1)
    url = shop.product("lamp", "10.00")
    await market.mod.slash(market.deals, "watch add", url=url)

    again = await market.mod.slash(market.general, "watch add", url=f"<{url}#top>")
    assert "#1" in again.text
    assert market.deals.mention in again.text

    more = await market.mod.slash(market.general, "watch add", url=shop.product("candle", "5.00"))
    assert "which is the limit" in more.text
    assert shop.visits == ["lamp"], "nothing was fetched for either"


async def test_removing_stops_looking(discord, start, shop, market):
    await start()
    await market.mod.slash(market.deals, "watch add", url=shop.product("lamp", "10.00"))
    assert await market.mod.autocomplete(market.general, "watch remove", "number", "lam") == [
        {"name": "#1 Lamp", "value": 1}
    ]

    assert "no longer watch #1" in (await market.mod.slash(market.general, "watch remove", number=1)).text
    assert "no watch #1" in (await market.mod.slash(market.general, "watch remove", number=1)).text
    await discord.advance(INTERVAL * 3)
    assert len(shop.visits) == 1

    added = await market.mod.slash(market.deals, "watch add", url=shop.product("lamp", "10.00"))
    assert "#2" in added.text, "numbers are not given twice"


async def test_members_without_the_permission_cannot_watch(start, shop, market):
    await start()
    with pytest.raises(ActError, match="hidden"):
        await market.alice.slash(market.general, "watch add", url=shop.product("lamp", "10.00"))


async def test_nobody_sends_alerts_where_they_may_not_write(start, shop, market):
    await start()
    market.deals.set_overwrite(market.mod, deny=["send_messages"])
    url = shop.product("lamp", "10.00")

    refused = await market.mod.slash(market.general, "watch add", url=url, channel=market.deals)
    assert "may not write" in refused.text
    assert shop.visits == []


async def test_a_deleted_channel_is_shown_and_the_watch_goes_on(discord, start, shop, market):
    host = await start()
    await market.mod.slash(
        market.general, "watch add", url=shop.product("lamp", "10.00"), channel=market.deals
    )
    market.deals.delete()
    shop.product("lamp", "9.00")
    await discord.advance(INTERVAL)

    listed = await market.mod.slash(market.general, "watch list")
    assert "The last alert was not posted: the channel is gone" in listed.text
    assert "9.00 EUR" in listed.text
    health = await host.lifecycle.records["redeye"].plugin.chandelier_health()
    assert health.level == "degraded"


async def test_pages_are_turned_after_a_restart_too(discord, start, start_host, shop, market):
    host = await start(host_gap=0)
    for number in range(1, 11):
        await market.mod.slash(market.deals, "watch add", url=shop.product(f"lamp{number}", "10.00"))
    listed = await market.mod.slash(market.general, "watch list")
    assert "page 1 of 2" in listed.text
    assert "Lamp10" not in listed.text

    await start_host.restart(host)
    await market.mod.press(listed, label="Next")
    assert "page 2 of 2" in listed.text
    assert "Lamp10" in listed.text


async def test_names_from_shops_are_only_text(discord, start, shop, market):
    await start()
    evil = "[click](https://evil.example) @everyone <@1> ||x||"
    await market.mod.slash(market.deals, "watch add", url=shop.product("lamp", "10.00", name=evil))
    shop.product("lamp", "9.00", name=evil)
    await discord.advance(INTERVAL)

    (alert,) = market.alerts
    assert alert.pinged == []
    listed = await market.mod.slash(market.general, "watch list")
    assert "[click](" not in listed.text


# ---- alerts happen once


async def test_an_alert_that_was_posted_before_a_crash_is_not_posted_again(discord, start, shop, market):
    host = await start()
    await market.mod.slash(market.deals, "watch add", url=shop.product("lamp", "10.00"))
    shop.product("lamp", "9.00")
    await discord.advance(INTERVAL)
    (alert,) = market.alerts
    done = await host.outbox.outbox("redeye").get("alert", f"{market.guild.id}-1-1")
    # The crash came between Discord's answer and the row that would have said so, and lasted so long that
    # Discord has forgotten the nonce.
    ctx = host.lifecycle.records["redeye"].context
    again = Effect(done.id + 99, done.kind, done.key, done.payload, attempts=1, uncertain=True)

    assert await alerts.post(ctx, again) == {"message": alert.id}
    assert market.alerts == [alert]

    await market.mod.delete(alert)
    await alerts.post(ctx, again)
    assert len(market.alerts) == 1, "one that was not there is posted"


# ---- people and servers that go


async def test_who_added_a_watch_is_exported_and_erased(start, shop, market):
    host = await start()
    url = shop.product("lamp", "10.00")
    await market.mod.slash(market.deals, "watch add", url=url)
    plugin = host.lifecycle.records["redeye"].plugin

    exported = await plugin.chandelier_export_person(market.mod.id)
    assert [one["url"] for one in exported["watches_added"]] == [url]
    assert await plugin.chandelier_erase_person(market.mod.id) == 1
    assert await plugin.chandelier_export_person(market.mod.id) == {"watches_added": []}
    assert "Lamp" in (await market.mod.slash(market.general, "watch list")).text


async def test_a_server_that_removes_the_bot_is_no_longer_watched_for(discord, start, shop, market):
    host = await start()
    await market.mod.slash(market.deals, "watch add", url=shop.product("lamp", "10.00"))
    market.guild.remove_bot()
    await discord.settle()

    assert await host.lifecycle.records["redeye"].plugin.ctx.timers.pending() == []
    await discord.advance(INTERVAL)
    assert len(shop.visits) == 1


async def test_jitter_spreads_the_looks_within_its_bounds():
    class Context:
        config = RedeyeConfig(interval=1000, jitter=20)

    waits = [Watches(Context(), lambda chance=chance: chance)._wait(0) for chance in (0.0, 0.5, 0.999)]
    assert waits[0] == timedelta(seconds=800)
    assert waits[1] == timedelta(seconds=1000)
    assert timedelta(seconds=1199) < waits[2] < timedelta(seconds=1200)


def test_retry_after_is_read_in_both_forms_and_bounded():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert _retry_after("120", now) == timedelta(seconds=120)
    assert _retry_after("Thu, 01 Jan 2026 00:05:00 GMT", now) == timedelta(minutes=5)
    assert _retry_after("999999999999", now) == timedelta(days=1)
    for nothing in (None, "soon", "-5", "Wed, 31 Dec 2025 00:00:00 GMT", "0"):
        assert _retry_after(nothing, now) is None


async def test_a_server_that_removes_the_bot_is_watched_for_no_longer(discord, start, shop, market):
    host = await start()
    await market.mod.slash(market.deals, "watch add", url=shop.product("lamp", "49.90"))
    plugin = host.lifecycle.records["redeye"].plugin
    pace, now = plugin.watches._pace, discord.clock.now()
    [watch] = await plugin.watches.of_guild(market.guild.id)
    pace.place(host_of(watch.url), watch.key, now=now, gap=timedelta(hours=2))
    pace.place(host_of(watch.url), "somebody else", now=now, gap=timedelta(seconds=1))

    market.guild.remove_bot()
    await discord.advance(3 * INTERVAL)

    assert await plugin.watches.of_guild(market.guild.id) == []
    assert await plugin.ctx.timers.pending() == []
    assert shop.visits == ["lamp"]
    assert watch.key not in pace._hosts[host_of(watch.url)].booked, "nothing is kept in memory for it"


async def test_a_command_that_is_interrupted_while_it_waits_for_its_turn_leaves_the_queue(
    discord, start, start_host, shop, market
):
    host = await start()
    first, second = (shop.product(name, "49.90") for name in ("lamp", "shade"))
    await market.mod.slash(market.deals, "watch add", url=first)
    waiting = market.mod.start_slash(market.deals, "watch add", url=second)
    await discord.advance(2)
    pace = host.lifecycle.records["redeye"].plugin.watches._pace
    assert len(pace._hosts[host_of(first)].booked) == 1

    await start_host.stop(host)

    assert "interrupted" in waiting.text
    assert not pace._hosts[host_of(first)].booked
