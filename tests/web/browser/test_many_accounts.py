"""The pages of a firm with 100,000 accounts: each asks for a screenful, not for the firm."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Response, expect
from sqlalchemy import text
from web_server import UNLIMITED, serving

from jobs.api import jobs_router
from timeseries.alerts import raise_alerts
from timeseries.database import Database
from timeseries.metrics import refresh_aggregates

ACCOUNTS, ALERTS, TRADES = 100_000, 400, 20_000
MOST_BYTES, MOST_ROWS = 1_000_000, 1_000
RISKIEST, OLDEST = "A077777", "A000001"
FIRM = (
    """
    INSERT INTO plans (plan, currency, initial_balance, max_drawdown, daily_loss)
    SELECT 'plan-' || currency, currency, 10000000, 1000000, 500000
    FROM unnest(ARRAY ['USD', 'EUR', 'JPY']) AS currency
    """,
    """
    INSERT INTO accounts (account, plan_id, account_group, currency, currency_digits, initial_balance,
                          opened_at, status)
    SELECT 'A' || lpad(g::text, 6, '0'), p.plan_id, 'group-' || g % 40, p.currency, c.digits,
           p.initial_balance, '2026-06-01', CASE WHEN g % 10 = 0 THEN 'breached' ELSE 'active' END
    FROM generate_series(1, :accounts) AS g
    JOIN plans p ON p.plan_id = (SELECT min(plan_id) FROM plans) + g % 3
    JOIN currencies c USING (currency)
    """,
    """
    INSERT INTO daily_metrics (
        trading_day, account_id, trades, wins, losses, gross_profit, gross_loss, commission, swap, lots,
        largest_lots, seconds_held, balance_operations, closed_low, closed_high, snapshots, balance_start,
        balance_end, daily_loss_left, max_drawdown_left, total_net_profit)
    SELECT '2026-06-30', account_id, 2, 1, 1, 5000, -4000, 0, 0, 200000, 100000, 600, 0, -4000, 5000, 0,
           initial_balance, initial_balance + 1000, 500000,
           CASE WHEN account = :riskiest THEN -5 WHEN status = 'breached' THEN -6 ELSE account_id * 7 END,
           1000
    FROM accounts
    """,
    """
    INSERT INTO daily_metrics (
        trading_day, account_id, trades, wins, losses, gross_profit, gross_loss, commission, swap, lots,
        largest_lots, seconds_held, balance_operations, closed_low, closed_high, snapshots, balance_start,
        balance_end, balance_low, equity_start, equity_end, equity_low, equity_high,
        day_drawdown, max_drawdown, daily_loss_left, max_drawdown_left, total_net_profit, consistency_share)
    SELECT date '2026-06-30' - g, account_id, 2, 1, 1, 512345, -412345, -789, -12, 212345, 112345, 6543, 0,
           -4123, 5123, 288, balance, balance, balance, balance, balance, balance, balance, 112345, 212345,
           312345, 412345, 512345, 1.0 / 3
    FROM accounts, generate_series(1, 1500) AS g, LATERAL (SELECT initial_balance + 123456) AS moved (balance)
    WHERE account = :oldest
    """,
    "INSERT INTO symbols (symbol) SELECT 'SYMBOL' || g FROM generate_series(1, 60) AS g",
    """
    INSERT INTO trades (close_time, ticket, open_price, price_move, profit, commission, swap, account_id,
                        seconds_held, lots, symbol_id, side, price_digits, lot_digits)
    SELECT timestamptz '2026-06-30 20:00+00' - g % 2000 * interval '5 minutes', g, 100000, 10,
           g % 700 - 300, 0, 0, a.first + g, 600, 10, s.first + g % 60, 1, 5, 2
    FROM generate_series(1, :trades) AS g,
         (SELECT min(account_id) FROM accounts) AS a (first),
         (SELECT min(symbol_id) FROM symbols) AS s (first)
    """,
    """
    INSERT INTO findings (kind, account_id, trading_day, since, subject, detector, pvalue, direction,
                          severity, at_stake, reason)
    SELECT 'anomaly', account_id, '2026-06-30', '2026-06-30', 'win_rate', 'residual', 0.0002, 1, 'critical',
           account_id, 'Wins of ' || account || ' are odd.'
    FROM accounts ORDER BY account_id LIMIT :alerts
    """,
    "INSERT INTO scored_days (kind, trading_day) VALUES ('anomaly', '2026-06-30')",
)
NUMBERS = {"accounts": ACCOUNTS, "alerts": ALERTS, "trades": TRADES, "riskiest": RISKIEST, "oldest": OLDEST}


@pytest.fixture(scope="module")
def address(database: Database) -> Iterator[str]:
    with database.transaction() as connection:
        for part in FIRM:
            connection.execute(text(part), NUMBERS)
        raise_alerts(connection, UNLIMITED.alerts)
    refresh_aggregates(database)
    with serving(database, routers=[jobs_router], open_access=True) as client:
        yield f"http://{client.base_url.netloc.decode()}"


class Answers:
    """What the pages were answered since somebody last looked."""

    def __init__(self) -> None:
        self._heard: list[Response] = []

    def hear(self, answer: Response) -> None:
        if "/api/v1/" in answer.url and "alerts/stream" not in answer.url:
            self._heard.append(answer)

    def look(self, page: Page) -> None:
        """See that they are few and small; before the page is left, as the browser forgets them then."""
        page.wait_for_load_state("networkidle")
        heard, self._heard = self._heard, []
        sizes = {one.url: len(one.body()) for one in heard}
        assert heard and sum(sizes.values()) < MOST_BYTES, sizes
        assert max(longest(one.json()) for one in heard) <= MOST_ROWS


def longest(found: object) -> int:
    """How long the longest list within an answer is."""
    if isinstance(found, dict):
        return max(map(longest, found.values()), default=0)
    return max([len(found), *map(longest, found)]) if isinstance(found, list) else 0


@pytest.fixture(autouse=True)
def answers(page: Page) -> Iterator[Answers]:
    heard = Answers()
    page.on("response", heard.hear)
    yield heard
    heard.look(page)


def names(page: Page) -> list[str]:
    return page.locator("#accounts tbody th").all_inner_texts()


def test_the_list_shows_those_closest_to_a_breach_and_how_many_there_are(page: Page):
    page.goto("/account")
    expect(page.locator("#accounts-title")).to_have_text("90,000 accounts")
    assert names(page)[:3] == [RISKIEST, "A000001", "A000002"]
    page.locator("[name=status]").select_option("all")
    expect(page.locator("#accounts-title")).to_have_text("100,000 accounts")
    expect(page.locator("#accounts")).to_contain_text(
        "The first 100 are shown; the headings sort these alone."
    )
    assert names(page)[:3] == ["A000010", "A000020", "A000030"]


def test_the_list_goes_on_by_name_and_stays_sorted_as_chosen(page: Page):
    page.goto("/account?sort=name&status=all")
    expect(page.locator("#accounts tbody tr")).to_have_count(100)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("#accounts tbody tr")).to_have_count(200)
    assert names(page) == [f"A{place:06}" for place in range(1, 201)]
    page.get_by_role("button", name="Daily loss left").click()
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("#accounts tbody tr")).to_have_count(300)
    expect(page.locator("#accounts th[aria-sort]")).to_have_text("Daily loss left")


def test_an_account_is_found_by_its_name(page: Page, answers: Answers, complaints):
    complaints.excuse("status of 404")  # it has no forecast
    page.goto("/account")
    expect(page.locator("#accounts tbody tr")).to_have_count(100)
    answers.look(page)
    page.keyboard.press("/")
    page.keyboard.type("A054321")
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("Account A054321")
    expect(page.locator("#profit-chart .main-svg").first).to_be_visible()


def test_an_account_of_six_years_is_shown(page: Page, complaints):
    complaints.excuse("status of 404")
    page.goto(f"/account?name={OLDEST}")
    expect(page.locator("#profit-chart .main-svg").first).to_be_visible()
    expect(page.locator("#profit-chart")).to_have_attribute(
        "aria-label", re.compile("Profit of 1,?000 trading days")
    )


def test_alerts_come_a_page_at_a_time(page: Page):
    page.goto("/")
    rows = page.locator(".alerts li")
    expect(rows).to_have_count(100)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(200)


@pytest.mark.parametrize("path, part", {"/symbols": "#profits .main-svg", "/jobs": "#jobs tbody tr"}.items())
def test_what_sums_up_all_accounts_is_shown(page: Page, path: str, part: str):
    page.goto(path)
    expect(page.locator(part).first).to_be_visible()
    expect(page.locator("#freshness")).to_contain_text("newest trade 2026-06-30 20:00")
    expect(page.locator(".problem")).to_have_count(0)


def test_of_many_groups_some_are_drawn_and_all_are_in_the_table(page: Page):
    page.goto("/firm")
    expect(page.locator("#groups-USD-note")).to_contain_text(
        "The 6 best and the 6 last of 40 groups; the table has all."
    )
    expect(page.locator("#groups-USD-chart .bars .point")).to_have_count(12)
    expect(page.locator("#groups-USD-table tbody tr")).to_have_count(40)
    expect(page.locator("#cohorts .main-svg").first).to_be_visible()
    expect(page.locator(".problem")).to_have_count(0)
