"""What becomes an alert, and where alerts go."""

from dataclasses import dataclass, field

__all__ = ["MESSAGE_KINDS", "SEVERITIES", "AlertSettings", "DigestSettings", "Route", "SinkSettings"]

SEVERITIES = ("info", "warning", "critical")
MESSAGE_KINDS = ("raised", "escalated", "corrected", "resolved")


@dataclass(frozen=True)
class SinkSettings:
    """A sink that needs more said of it than its URL; ``$NAME`` is replaced from the environment.

    Attributes:
        url: as in ``AlertSettings.sinks``.
        secret: signs what a webhook posts; None leaves it unsigned.
        resolved: whether it is told that an alert is over. None: webhooks and Alertmanagers are, others not.
    """

    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    resolved: bool | None = None


@dataclass(frozen=True)
class Route:
    """Which messages go to which sinks; a message takes every route that fits it.

    Attributes:
        sinks: names of sinks in the settings.
        severity: this one and graver; None stands for ``AlertSettings.minimum_severity``.
        groups: account groups (of a cohort's alert, the cohort); empty stands for all.
        subjects: metrics, rules or ``forecast_breach``; empty stands for all.
        kinds: of ``MESSAGE_KINDS``; empty stands for raised, escalated and corrected, and for resolved at the
            sinks that are told of it.
    """

    sinks: tuple[str, ...]
    severity: str | None = None
    groups: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class DigestSettings:
    """The daily digest.

    Attributes:
        sinks: who gets it.
        top: how many alerts it names, those with the most money at stake.
    """

    sinks: tuple[str, ...]
    top: int = 5


@dataclass(frozen=True)
class AlertSettings:
    """What becomes an alert, and where alerts go.

    Attributes:
        budget: most anomalies a trading day that become alerts, all accounts together; the least likely do.
        fdr: accepted share of false alarms among the anomalies that become alerts; where given, instead of
            ``budget``.
        alarm_pvalue: a day more likely than this is no alert, however much budget is left.
        finding_pvalue: a day less likely than this is kept as a finding, without an alert.
        holidays: days such as "2026-12-25" on which markets rest: they are neither judged nor learned.
        breach_probability: a forecast at or above it raises an alert.
        horizon: days ahead that the forecast job looks.
        merge_days: findings of an account at most so many calendar days apart are one incident.
        cooldown_days: for so many calendar days after an incident the same raises no new alert.
        resolve_days: an incident without a finding for so many calendar days is over.
        escalate_hours: a critical alert that nobody acknowledged is told again after so long; 0: never.
        minimum_deviation_share: money that deviates by less than this share of the account's initial balance
            is no finding.
        minimum_deviation_money: the same in the account's currency; the larger of the two counts.
        sinks: name → apprise URL (Slack, mail, Teams …), an http(s) webhook URL, ``alertmanager://`` or
            ``alertmanagers://`` with host and port, or ``log``; or ``SinkSettings`` with one of these.
            ``$NAME`` in a URL is replaced from the environment, so that secrets stay out of the file.
        minimum_severity: alerts below it are stored but not delivered, where no route says otherwise.
        deliver_days: alerts about trading days longer ago than this, counted from the newest, are stored but
            not delivered; the first scoring of a long history would flood the desk.
        routes: who gets what; without any every sink gets everything from ``minimum_severity`` on.
        digest: None makes none.
    """

    budget: float = 20.0
    fdr: float | None = None
    alarm_pvalue: float = 0.002
    finding_pvalue: float = 0.004
    holidays: tuple[str, ...] = ()
    breach_probability: float = 0.5
    horizon: int = 14
    merge_days: int = 3
    cooldown_days: int = 10
    resolve_days: int = 5
    escalate_hours: float = 4.0
    minimum_deviation_share: float = 0.0025
    minimum_deviation_money: float = 0.0
    sinks: dict[str, str | SinkSettings] = field(default_factory=lambda: {"log": "log"}, repr=False)
    minimum_severity: str = "warning"
    deliver_days: int = 7
    routes: tuple[Route, ...] = ()
    digest: DigestSettings | None = None
