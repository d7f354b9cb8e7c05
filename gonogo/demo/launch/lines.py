"""The script of the reference story as data: who gives which command when, and who is refused.

Times are the clocks of San Francisco. What is known of the real launch are its days: announced on
6 November 2023 for later that month, on 30 November postponed to early next year, in January
“next week”, live on 10 January 2024. The hours, the day in between on which it moved to December,
and every name are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class When:
    """A target as people type it; the stage resolves it in San Francisco's zone."""

    text: str


@dataclass(frozen=True)
class Said:
    """Prose: kept beside the record by a salted digest, which is what the command brings."""

    text: str


@dataclass(frozen=True)
class Found:
    """What the play found out itself: the digest of its `report`, the `score` of its forecast."""

    what: Literal["report", "score"]


@dataclass(frozen=True)
class Line:
    """One command. `tells` is for the timeline; `refused` is the code it is expected to meet;
    `status` what the launch is expected to be afterwards. `stale`: its giver looked at the launch
    as it was before the line above. `memos`: for whom one is written, `internal` and `public`; `on`
    a memo is on the last one written."""

    at: str
    who: str
    kind: str
    tells: str
    body: Mapping[str, Any] = field(default_factory=dict)
    refused: str = ""
    status: str = ""
    stale: bool = False
    memos: tuple[str, ...] = ()
    on: Literal["launch", "memo"] = "launch"


Act = Literal[
    "found", "enter", "leak", "review", "bind", "freeze", "preview", "withdraw", "stale",
    "narrower", "accept", "verify", "dissent", "follow", "dark", "open", "forecast", "report",
]  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """Something about many subjects at once: `play.py` has a method of this name for each."""

    at: str
    act: Act
    tells: str


QUORUM = 20
LATE, UNEXPECTED = "quality", "unexpected"
INSIDE, PUBLIC = "internal", "public"
DECEMBER, EARLY = When("2023-12"), When("early 2024")
NEXT_WEEK, OPENING = When("week of 2024-01-08"), When("2024-01-10T10:00")
POLICY = {"gate": "policy_published", "evidence": "sha256:policies-of-the-store"}
SUPPORT = {"gate": "support_ready", "evidence": "sha256:rota-of-the-first-week"}
SAFETY = {"gate": "safety_review", "verdict": "yes"}

NOVEMBER: tuple[Line | Scene, ...] = (
    Scene("2023-11-06 09:00", "found", "Three publishers; one has not shown yet who it is"),
    Line("2023-11-06 10:00", "per_lea", "draft", "drafts the launch “GPT Store”",
         {"name": "GPT Store", "mode": "quorum", "quorum": QUORUM}, status="draft"),
    Line("2023-11-06 10:02", "per_lea", "open_gates", "wants gates before there is any date",
         refused="illegal-move"),
    Line("2023-11-06 10:05", "per_lea", "plan", "announces it",
         {"target": When("2023-11")}, status="planned", memos=(PUBLIC,)),
    Line("2023-11-06 11:00", "per_lea", "open_gates", "opens the gates", status="gating"),
    Line("2023-11-06 11:01", "system", "begin_poll", "looks whether the poll may open",
         refused="not-yet"),
    Scene("2023-11-07 09:00", "enter", "Builders submit their GPTs; scans and probes run"),
    Scene("2023-11-08 09:00", "leak", "One tells its secret, one hides text: neither gets through"),
    Scene("2023-11-08 09:00", "review", "Two reviewers look at the others"),
    Scene("2023-11-08 17:30", "forecast", "After the first day: when are approvals enough?"),
    Scene("2023-11-13 10:00", "bind", "What is approved is bound to the launch"),
    Line("2023-11-14 10:00", "per_pia", "attest", "shows that the policies are published", POLICY),
    Line("2023-11-14 10:05", "per_rui", "attest", "wants to answer for the support team", SUPPORT,
         refused="not-allowed"),
    Line("2023-11-14 10:10", "per_sena", "attest", "shows the rota of support and appeals",
         SUPPORT),
    Line("2023-11-15 09:00", "per_sol", "sign", "signs for safety", SAFETY),
    Line("2023-11-15 09:10", "per_max", "waive", "wants to waive the safety review",
         {"gate": "safety_review", "reason": Said("There is a signature already.")},
         refused="not-allowed"),
    Scene("2023-11-17 15:50", "freeze", "Lea Moreau looks what “December” would mean"),
    Line("2023-11-17 16:00", "per_lea", "postpone", "moves it to December, inside only",
         {"target": DECEMBER, "reason": LATE,
          "note": Said("Builder profiles and revenue reports are not ready.")},
         status="postponed", memos=(INSIDE,)),
    Line("2023-11-17 16:00", "per_max", "postpone",
         "does the same in the same minute; the record says who was first",
         {"target": DECEMBER, "reason": LATE, "note": Said("Not before December.")},
         refused="incomplete", stale=True),
    Line("2023-11-17 16:20", "per_lea", "replan", "plans for December",
         {"target": DECEMBER}, status="gating"),
    Scene("2023-11-30 09:00", "preview", "Lea Moreau previews “early 2024”; nothing changes yet"),
    Scene("2023-11-30 09:10", "withdraw", "One builder does not want to wait"),
    Scene("2023-11-30 09:15", "stale", "What she saw is not what would happen any more"),
    Line("2023-11-30 09:30", "per_lea", "postpone", "postpones it a second time; it holds at once",
         {"target": EARLY, "reason": UNEXPECTED,
          "note": Said("In the past weeks unexpected things kept the team busy.")},
         status="postponed", memos=(INSIDE, PUBLIC)),
    Line("2023-11-30 09:40", "per_max", "edit", "wants to soften the memo that everybody has",
         {"part": "public/en", "subject": Said("GPT Store: a little later"),
          "text": Said("It takes us a little longer.")}, refused="illegal-move", on="memo"),
    Scene("2023-11-30 10:30", "dark", "Nothing of the launch is visible"),
)  # fmt: skip

JANUARY: tuple[Line | Scene, ...] = (
    Scene("2024-01-04 08:50", "narrower", "Lea Moreau looks what “next week” would mean"),
    Line("2024-01-04 09:00", "per_lea", "replan", "names next week", {"target": NEXT_WEEK},
         refused="not-yet"),
    Line("2024-01-04 09:05", "per_lea", "approve_date", "approves her own date",
         {"target": NEXT_WEEK}, refused="self-approval"),
    Line("2024-01-04 09:20", "per_amy", "approve_date", "approves the date",
         {"target": NEXT_WEEK}, status="postponed"),
    Line("2024-01-04 09:30", "per_lea", "replan", "plans for next week; old answers have lapsed",
         {"target": NEXT_WEEK}, status="gating", memos=(PUBLIC,)),
    Line("2024-01-04 09:40", "per_lea", "narrow", "tries a date outside what was announced",
         {"target": When("2024-01-17T10:00")}, refused="incomplete"),
    Line("2024-01-05 00:00", "system", "remind_duties",
         "reminds whoever owes something: three days to the earliest opening"),
    Line("2024-01-05 10:00", "per_lea", "narrow", "names the instant", {"target": OPENING},
         status="gating"),
    Line("2024-01-05 10:30", "system", "measure",
         "looks at the gates: builders of musts still owe duties", {"gate": "duties_done"}),
    Scene("2024-01-05 15:00", "accept", "Two publishers accept the policies: duty one of three"),
    Line("2024-01-08 09:00", "per_pia", "attest", "shows the policies anew", POLICY),
    Line("2024-01-08 09:05", "per_sena", "attest", "shows the rota anew", SUPPORT),
    Line("2024-01-08 09:15", "per_sol", "sign", "signs anew", SAFETY),
    Line("2024-01-08 09:30", "system", "begin_poll", "is half an hour early", refused="not-yet"),
    Line("2024-01-08 10:00", "system", "begin_poll", "finds a must that is not ready",
         refused="evidence-blocks"),
    Scene("2024-01-08 10:40", "verify",
          "Its builder accepts the policies and shows who they are: duties one and two"),
    Line("2024-01-08 11:00", "system", "begin_poll", "opens the poll", status="poll"),
    Line("2024-01-08 11:05", "per_max", "vote", "says GO",
         {"role": "product_lead", "vote": "GO"}),
    Line("2024-01-08 11:10", "per_rui", "vote", "wants to speak for safety",
         {"role": "safety_oncall", "vote": "GO"}, refused="not-allowed"),
    Line("2024-01-08 11:15", "per_sol", "vote", "wants to abstain",
         {"role": "safety_oncall", "vote": "ABSTAIN", "statement": Said("No time to look.")},
         refused="illegal-move"),
    Line("2024-01-08 11:20", "per_sol", "vote", "says NO-GO",
         {"role": "safety_oncall", "vote": "NO_GO",
          "statement": Said("Recorded answers stood in for the models; I want to see the plan.")}),
    Line("2024-01-08 11:25", "per_lea", "override", "wants to accept the risk of her own launch",
         {"role": "safety_oncall", "rationale": Said("We are ready.")}, refused="self-approval"),
    Line("2024-01-08 11:30", "per_amy", "override", "wants to accept it for high-tier items",
         {"role": "safety_oncall", "rationale": Said("The plan is known.")},
         refused="not-allowed"),
    Line("2024-01-08 12:00", "per_pia", "vote", "abstains",
         {"role": "policy_editor", "vote": "ABSTAIN",
          "statement": Said("I have not read the appeals text yet.")}),
    Line("2024-01-08 17:00", "per_sol", "vote", "has seen the plan: GO; the NO-GO stays on record",
         {"role": "safety_oncall", "vote": "GO"}),
    Line("2024-01-08 17:01", "system", "poll_over", "counts: an abstention is not GO",
         refused="not-yet"),
    Line("2024-01-09 11:00", "system", "poll_over", "closes the poll without a GO",
         status="gating"),
    Line("2024-01-09 11:05", "per_lea", "call_poll", "calls another round"),
    Line("2024-01-09 11:06", "system", "begin_poll", "opens round two", status="poll"),
    Line("2024-01-09 11:20", "per_max", "vote", "says GO",
         {"role": "product_lead", "vote": "GO"}),
    Line("2024-01-09 11:22", "per_sol", "vote", "says GO",
         {"role": "safety_oncall", "vote": "GO"}),
    Line("2024-01-09 11:30", "per_pia", "vote", "says NO-GO",
         {"role": "policy_editor", "vote": "NO_GO",
          "statement": Said("The French appeals page is a day late.")}),
    Line("2024-01-09 11:40", "per_amy", "override", "accepts that risk, by name",
         {"role": "policy_editor",
          "rationale": Said("Appeals in French are answered by hand until Thursday.")}),
    Line("2024-01-09 11:41", "system", "poll_over", "closes the poll: go; the dissent stays",
         status="armed"),
    Scene("2024-01-09 11:41", "dissent", "What was said in the polls is kept for good"),
    Line("2024-01-09 11:42", "system", "start_countdown", "starts the countdown",
         status="countdown"),
    Line("2024-01-09 11:43", "system", "check", "looks at the gates of T-24 h"),
    Line("2024-01-09 13:00", "per_rui", "hold", "wants to hold it", {"reason": "a_feeling"},
         refused="not-allowed"),
    Line("2024-01-10 08:00", "per_sol", "hold", "holds it, two hours before",
         {"reason": "odd_traffic", "note": Said("Sign-ups from one network look odd.")},
         status="hold"),
    Line("2024-01-10 08:10", "system", "open_wave", "does not open what is on hold",
         refused="illegal-move"),
    Line("2024-01-10 08:40", "per_lea", "resume", "resumes: it was a school class",
         status="countdown"),
    Line("2024-01-10 09:00", "system", "check", "looks at the gates of T-1 h"),
    Line("2024-01-10 09:20", "system", "open_wave", "does not open before the time",
         refused="not-yet"),
    Line("2024-01-10 09:55", "system", "check", "looks at the gates of T-5 min"),
    Scene("2024-01-10 09:59", "dark", "A minute before, still nothing is visible"),
    Line("2024-01-10 10:00", "system", "open_wave", "opens the store", status="live",
         memos=(PUBLIC,)),
    Scene("2024-01-10 10:00", "open", "By that one fact everything bound is served to everyone"),
    Scene("2024-01-10 10:01", "follow", "The releases follow at their leisure"),
    Scene("2024-01-10 10:02", "open", "Now their listings say so themselves"),
    Line("2024-01-10 10:05", "per_lea", "close", "wants to close it at once",
         {"report": "sha256:too-early", "score": 0.0}, refused="not-yet"),
    Line("2024-01-11 09:00", "per_sol", "suspend", "takes all of it down at once, as a drill",
         {"reason": "drill", "note": Said("We practise before we need it.")}, status="suspended"),
    Scene("2024-01-11 09:01", "dark", "Nothing of it is served, settled or not"),
    Line("2024-01-11 09:05", "per_max", "restore", "wants it back", {"reason": "drill_over"},
         status="suspended"),
    Line("2024-01-11 09:06", "per_max", "restore", "wants to be the second voice, too",
         {"reason": "drill_over"}, refused="same-voice"),
    Line("2024-01-11 09:10", "per_lea", "restore", "is the second person", {"reason": "drill_over"},
         status="live"),
    Scene("2024-01-11 09:11", "open", "Everything is back"),
    Scene("2024-01-17 10:00", "report", "The report is filed, the forecast is scored"),
    Line("2024-01-17 10:30", "per_lea", "close", "closes it after its soak",
         {"report": Found("report"), "score": Found("score"),
          "lessons": Said("Promise a season, not a month, until duties are counted.")},
         status="closed"),
)  # fmt: skip

STORY = (*NOVEMBER, *JANUARY)
