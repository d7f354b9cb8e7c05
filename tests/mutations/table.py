"""The table: which invariant, what is broken how, and which tests must notice.

`old` occurs exactly once in its file. Patterns are short and within one line where that is
enough, so that reformatting does not lose them; a pattern that no longer matches is an error.
"""

from dataclasses import dataclass

_LIFE = "policies/lifecycle/"
_RULES = "policies/rules/"
_DB = "gonogo/db/"
_CASE = "tests/policies/test_submission_machine.py::"
_CLOCKS = "tests/policies/test_submission_clocks.py::"
_RELEASE = "tests/policies/test_release_machine.py::"
_PAUSES = "tests/policies/test_release_pauses.py::"
_LISTING = "tests/policies/test_listing_machine.py::"
_SEARCH = "tests/policies/test_reachability.py::"
_RANDOM = "tests/policies/test_lifecycle_properties.py::"
_ACCESS = "tests/policies/test_access.py::test_every_cell_says_what_the_table_says"
_PUBLISHER = "tests/policies/test_publisher_machine.py::"
_GROWS = "tests/policies/test_approvals.py::"
_READY = "tests/policies/test_launch_readiness.py::"
_RECORD = "tests/db/test_ledger.py::"
_LIMITS = "tests/db/test_limits.py::"
_SUBJECT = "tests/workflows/test_fold_from_record.py::"


@dataclass(frozen=True)
class Mutation:
    id: str
    invariant: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _m(id: str, file: str, old: str, new: str, *tests: str) -> Mutation:
    return Mutation(id, id.partition("-")[0], file, old, new, tests)


MUTATIONS: tuple[Mutation, ...] = (
    # I1 Bound to content
    _m("I1-version-ignored", _LIFE + "submission_permits.py",
       "if saw != (state.digest, state.version):", "if saw[0] != state.digest:",
       _CASE + "test_i1_a_deciding_command_about_something_else_is_stale"),
    _m("I1-confirm-unbound", _LIFE + "submission.py",
       "if command.kind in DECIDING:", 'if command.kind in DECIDING - {"confirm"}:',
       _CASE + "test_i1_a_deciding_command_about_something_else_is_stale"),
    _m("I1-round-keeps-version", _LIFE + "submission_fold.py",
       "(new.stage, new.round, new.evidence) != (state.stage, state.round, state.evidence)",
       "new.round != state.round", _RANDOM + "TestI1ToI8OfASubmission"),
    # I2 Separation
    _m("I2-relation-ignored", _RULES + "access.py",
       "if any(relation in row.relations and row.roles", "if any(row.roles", _ACCESS),
    _m("I2-owner-by-submitting-only", _LIFE + "submission_permits.py",
       "if publisher in actor.publishers or (state", "if (state",
       _CASE + "test_i2_nobody_of_the_publisher_and_no_machine_judges"),
    _m("I2-any-fact-under-a-mac", _DB + "ledger.py",
       "if fact.type not in allowed]", "if fact.type not in allowed and False]",
       _RECORD + "test_i2_a_signed_command_causes_only_what_is_its_to_cause"),
    _m("I2-voice-forgotten", _LIFE + "submission_permits.py",
       "if actor.id in state.spoken:", "if actor.id in ():",
       _CASE + "test_i2_the_second_voice_is_another_persons"),
    _m("I2-one-voice-resumes", _LIFE + "release.py",
       "if s.phase is Phase.HALTED and s.proposed_by is None:", "if s.paused_s < 0:",
       _RELEASE + "test_i2_two_people_resume_a_halt"),
    _m("I2-mac-unread", _DB + "ledger.py",
       "if not mac_holds(command, self._key):", "if not command.mac:",
       _RECORD + "test_i2_a_forged_command_is_refused_and_nothing_is_written"),
    _m("I2-system-decides", _DB + "ledger.py", "if human:", "if len(human) > 1:",
       _RECORD + "test_i2_the_system_cannot_cause_what_only_a_person_can"),
    _m("I2-roles-unsigned", _LIFE + "kernel.py",
       '"roles": sorted(command.actor.roles),', '"roles": [],',
       "tests/policies/test_kernel.py::test_i2_a_mac_covers_who_somebody_is"),
    _m("I2-workflow-hides-the-refusal", "workflows/subject.py",
       "if answer.refusal:", "if not answer:",
       _SUBJECT + "test_a_command_that_nobody_signed_changes_nothing"),
    # I3 Safer is easier
    _m("I3-owner-may-not-halt", _RULES + "access.py",
       '_row("release", "halt", _LEAD | _SAFETY, *ANYONE)',
       '_row("release", "halt", _LEAD | _SAFETY, *OUTSIDE)',
       _RELEASE + "test_i2_a_lead_of_the_publisher_starts_and_resumes_nothing"
                  "_but_stops_everything"),
    _m("I3-pause-refused", _LIFE + "release.py",
       'return (Fact("release:held", {"cause": "pauses_used_up"}),)',
       'raise IllegalMove("no pause is left")',
       _PAUSES + "test_i3_with_no_pause_left_a_pause_holds_for_a_decision"),
    _m("I3-halt-only-while-rolling", _LIFE + "release.py",
       '"halt": frozenset({Phase.ROLLING, Phase.PAUSED, Phase.HELD}),',
       '"halt": frozenset({Phase.ROLLING}),',
       _SEARCH + "test_i9_every_live_release_can_be_halted_or_rolled_back_by_one_person"),
    _m("I3-placer-lifts", _LIFE + "stop.py",
       'TWO_PEOPLE = frozenset({"store", "category", "publisher"})', "TWO_PEOPLE = frozenset(())",
       "tests/policies/test_stop_machine.py::"
       "test_i3_what_darkens_many_is_lifted_by_another_person"),
    # I4 No clock runs against someone who waits for us; each suspension is capped
    _m("I4-pause-uncounted", _LIFE + "release_state.py",
       "paused = old.paused_s + (at - old.since).total_seconds()", "paused = old.paused_s",
       _PAUSES + "test_i3_with_no_pause_left_a_pause_holds_for_a_decision"),
    _m("I4-expires-early", _LIFE + "submission_system.py",
       "if s.wait_until and now < s.wait_until:", "if s.wait_until is None:",
       _CLOCKS + "test_i4_a_wait_for_the_developer_has_its_whole_time_and_ends"),
    _m("I4-ladder-counts-their-time", _LIFE + "submission_fold.py",
       "queued_at=state.queued_at + stood if state.queued_at else None,",
       "queued_at=state.queued_at,",
       _CLOCKS + "test_i4_nobody_is_called_late_for_time_the_developer_had"),
    # I5 Due dates are honest
    _m("I5-clock-runs-on", _LIFE + "submission_fold.py",
       "due_at=state.due_at + stood if state.due_at else None,", "due_at=state.due_at,",
       _CLOCKS + "test_i5_the_review_clock_stands_while_the_developer_has_the_ball"),
    _m("I5-round-moves-due-date", _LIFE + "submission_fold.py",
       'due_at=s.due_at or instant(body["due_at"]),', 'due_at=instant(body["due_at"]),',
       _CLOCKS + "test_i5_a_new_round_keeps_the_earlier_due_date"),
    _m("I5-held-date-stays", _LIFE + "submission_fold.py",
       "due_at=state.review_due_at,", "due_at=state.due_at,",
       _CLOCKS + "test_i5_a_second_person_has_a_due_date_of_their_own_and_the_reviews_returns"),
    _m("I5-open-on-holidays", _RULES + "deadlines.py",
       " or day.isoformat() in calendar.holidays:", ":",
       "tests/policies/test_deadlines.py::test_i5_deadlines_in_london"),
    # I6 Nothing untested, unapproved or withdrawn becomes visible
    _m("I6-approval-a-moment-too-long", _RULES + "approvals.py",
       "min(now, self.bound_from)) >= until", "min(now, self.bound_from)) > until",
       _GROWS + "test_i6_any_single_part_that_is_unknown_or_failing_blocks"),
    _m("I6-an-approval-that-ended-wakes-up-bound", _RULES + "approvals.py",
       "min(now, self.bound_from)) >= until", "min(now, until)) >= until + timedelta(1)",
       "tests/policies/test_release_launch.py::"
       "test_i6_the_life_of_an_approval_stands_still_while_bound_and_then_goes_on"),
    _m("I6-unknown-evidence-age", _RULES + "approvals.py",
       "if standing.evidence_until is None or now >=", "if standing.evidence_until and now >=",
       _GROWS + "test_i6_any_single_part_that_is_unknown_or_failing_blocks"),
    _m("I6-stops-unread", _RULES + "approvals.py",
       "for scope in standing.stops)", "for scope in standing.stops[1:])",
       _GROWS + "test_i6_every_reason_is_told_at_once"),
    _m("I6-start-unchecked", _LIFE + "release.py",
       "    _must_hold(o)\n    return stage_entered(s, 0)", "    return stage_entered(s, 0)",
       _RELEASE + "test_i6_nothing_starts_or_grows_without_a_precheck_that_holds"),
    _m("I6-record-trusts-workflow", _DB + "limits.py",
       '"listing:exposure:set": _exposure,', "",
       _LIMITS + "test_i6_a_stop_placed_between_deciding_and_recording_wins"),
    _m("I6-publisher-stop-forgotten", _DB + "standing.py",
       '("publisher", publisher), ', "",
       _LIMITS + "test_i6_what_lapsed_since_the_workflow_looked_stops_growth"),
    _m("I6-undo-window-ignored", _DB + "standing.py",
       "approval_settled=case.settled,", "approval_settled=True,",
       _LIMITS + "test_i6_an_approval_that_can_still_be_undone_exposes_nothing"),
    _m("I6-relisted-unchecked", _DB + "limits.py", '"listing:relisted": _relisted,', "",
       _LIMITS + "test_i6_relisting_needs_an_approval_that_stands_now"),
    _m("I6-binding-revives", _RULES + "launch_readiness.py",
       "if bound_at is None or until <= bound_at:\n        return until\n    return None",
       "if bound_at is None:\n        return until\n    return None",
       _READY + "test_i6_a_bound_approvals_clock_stands_still_and_no_longer_than_allowed"),
    _m("I6-evidence-ages-unseen", _RULES + "launch_outlook.py",
       "if known.evidence_until is not None and known.evidence_until <= opens:",
       "if known.evidence_until is not None and known.bound_at is None:",
       "tests/policies/test_postponing_hash.py::"
       "test_i6_no_approval_is_lost_in_vain_and_none_is_kept_that_must_not_be"),
    # I7 Fail closed
    _m("I7-no-precheck-is-fine", _LIFE + "release.py",
       'observed.get("precheck", ("precheck_missing",))', 'observed.get("precheck", ())',
       _RELEASE + "test_i7_a_precheck_nobody_made_blocks",
       _RELEASE + "test_i7_a_stage_does_not_grow_when_nobody_looked"),
    _m("I7-no-tests-are-fine", _LIFE + "submission_system.py",
       'missing = [] if b["evidence"] else ["tests_missing"]', "missing: list[str] = []",
       _CASE + "test_i7_missing_tests_block_whatever_their_sender_says"),
    _m("I7-blocking-evidence-approved", _LIFE + "submission_permits.py",
       "if state.blocked_by:", "if not state.digest:",
       _CASE + "test_i7_evidence_that_blocks_forbids_approval_and_permits_the_rest"),
    _m("I7-missing-cases-uncounted", _RULES + "safety.py",
       "missing = summary.planned - sum(summary.counts.values())", "missing = 0",
       "tests/policies/test_safety.py"),
    _m("I7-unknown-is-ready", _RULES + "launch_readiness.py",
       "all(cell.holds is Holds.YES for cell in self.cells.values())",
       "not any(cell.holds is Holds.NO for cell in self.cells.values())",
       _READY + "test_i7_an_item_nobody_looked_up_is_unknown"),
    # I8 Once
    _m("I8-repeat-unknown", _DB + "ledger.py",
       "if found.is_known:", "if not command.id:",
       _RECORD + "test_i8_a_repeat_gets_the_first_answer_and_changes_nothing"),
    _m("I8-chain-broken", _DB + "ledger.py", "prev = event_hash(last) if last", 'prev = "" if last',
       _RECORD + "test_i8_the_events_of_a_subject_are_chained_by_hash"),
    _m("I8-behind-unseen", _DB + "ledger.py",
       "if seq != request.expected_seq:", "if seq < request.expected_seq:",
       _RECORD + "test_who_is_behind_gets_what_they_have_not_seen_and_nothing_is_stored"),
    _m("I8-positions-skip", _DB + "ledger.py",
       "found.position + offset", "found.position + 1 + offset",
       _RECORD + "test_what_is_stored_comes_back_as_numbered_events_and_a_picture"),
    _m("I8-every-event-counts", _LIFE + "submission_fold.py",
       "(1 if moved else 0)", "1", _RANDOM + "TestI1ToI8OfASubmission"),
    _m("I8-fourth-claim", _DB + "limits.py", "if held >= limit:", "if held > limit:",
       _LIMITS + "test_a_reviewer_holds_three_cases_and_no_fourth"),
    _m("I8-rejected-digest-returns", _DB + "limits.py",
       'SubmissionPicture.stage == "rejected",', 'SubmissionPicture.stage == "approved",',
       _LIMITS + "test_a_rejected_digest_returns_only_by_appeal"),
    _m("I8-workflow-takes-behind-for-done", "workflows/subject.py",
       'if answer.outcome in ("stored", "known"):', "if answer.outcome:",
       _SUBJECT + "test_a_workflow_that_is_behind_folds_what_others_wrote_and_decides_again"),
    # I9 Exposure never drops silently and never exceeds the plan
    _m("I9-halt-loses-weight", _LIFE + "listing_state.py",
       "exposure=replace(s.exposure, halted=True)",
       "exposure=replace(s.exposure, halted=True, weight_bp=0)",
       _LISTING + "test_i9_a_halt_keeps_weight_and_salt_and_the_same_people_return"),
    _m("I9-new-salt", _LIFE + "listing.py",
       'salt = current.salt if current.candidate else b["release"]', 'salt = b["release"]',
       _LISTING + "test_i9_superseding_is_told_with_the_weight_that_falls"),
    _m("I9-shrinks", _LIFE + "listing.py",
       'b["weight_bp"] < current.weight_bp:', 'b["weight_bp"] < 0:',
       _LISTING + "test_i9_a_release_never_shrinks_by_being_exposed"),
    _m("I9-plan-shrinks", "policies/pack.py",
       "if weights != sorted(weights) or weights[-1]", "if weights[-1]",
       "tests/policies/test_pack.py::test_i9_a_plan_never_shrinks_and_ends_at_everyone"),
    _m("I9-soak-runs-while-paused", _LIFE + "release_state.py",
       "soaked_s=s.soaked_s + ran, clock_from=None,", "soaked_s=s.soaked_s + ran,",
       _RELEASE + "test_i9_pause_and_hold_keep_exposure_and_stop_the_soak_clock"),
    # I10 Explained, with an exit
    _m("I10-scan-without-a-date", _LIFE + "submission_fold.py",
       "wait_until=event.occurred_at + timedelta(seconds=terms.testing_max_s),", "",
       _SEARCH + "test_i10_every_open_case_says_by_when"),
    _m("I10-changes-never-expire", _LIFE + "submission_permits.py",
       '"expire": frozenset({Stage.INFO_REQUESTED, Stage.CHANGES_REQUESTED}),',
       '"expire": frozenset({Stage.INFO_REQUESTED}),',
       _SEARCH + "test_i10_no_case_waits_for_its_developer_alone",
       _SEARCH + "test_every_move_of_a_submission_is_made_but_those_named_for_later"),
    _m("I10-held-release-stuck", _LIFE + "release.py",
       '"resume": frozenset({Phase.PAUSED, Phase.HELD, Phase.HALTED}),',
       '"resume": frozenset({Phase.PAUSED, Phase.HALTED}),',
       _SEARCH + "test_every_move_of_a_release_is_made_but_those_named_for_later"),
    # Publishers: who is verified, and by what
    _m("I7-nobody-looked-proves", _LIFE + "publisher.py",
       'return proof.get("method"), tuple', 'return proof.get("method", "dns"), tuple',
       _PUBLISHER + "test_i7_a_domain_nobody_looked_at_proves_nothing"),
    _m("I6-other-domain-renews", _LIFE + "publisher.py",
       'if proof.get("domain") != domain:', "if domain is None:",
       _PUBLISHER + "test_i6_a_look_at_another_domain_renews_nothing"),
    _m("I6-operators-word-outlives-the-name", _LIFE + "publisher.py",
       's.method in ("name", "operator"):', 's.method == "name":',
       _PUBLISHER + "test_i6_what_the_operator_vouched_for_falls_with_the_name"),
    _m("I6-grace-never-ends", _LIFE + "publisher.py",
       "if s.grace_until is not None and now < s.grace_until:", "if s.grace_until is not None:",
       _PUBLISHER + "test_i6_what_was_proven_stands_through_a_grace_and_is_lost_at_its_end"),
    _m("I6-row-decides", _DB + "publishers.py",
       "return picture.standing in HOLDS", "pass",
       "tests/db/test_publishers.py::test_i6_verification_and_its_loss_are_the_records"),
    _m("I2-members-attest", _RULES + "access.py",
       '_row("publisher", "attest", _LEAD | _ADMINISTRATOR, OTHER)',
       '_row("publisher", "attest", _LEAD | _ADMINISTRATOR, *ANYONE)', _ACCESS),
    _m("I6-domain-undoes-revocation", _LIFE + "publisher.py",
       "if kind in _BY_DOMAIN and state.revoked_by is not None:", "if kind == SYSTEM_COMMANDS:",
       _PUBLISHER + "test_i6_what_staff_revoked_no_domain_brings_back"),
    _m("I2-revoker-reinstates", _LIFE + "publisher.py",
       "Relation.DECIDER if actor.id == state.revoked_by", "Relation.OTHER if actor.id == state.id",
       _PUBLISHER + "test_i2_whoever_revoked_does_not_give_it_back"),
    _m("I7-looks-counted-per-challenge", _LIFE + "publisher_state.py",
       's, challenge=Challenge(b["domain"], instant(b["until"])), why=()',
       's, challenge=Challenge(b["domain"], instant(b["until"])), tries=None, why=()',
       _PUBLISHER + "test_looks_in_vain_are_counted_across_challenges_and_for_a_while"),
    _m("I3-inside-is-public", "gonogo/outside.py",
       "not address.is_global or address.is_multicast:", "address.is_multicast:",
       "tests/activities/test_domains.py::test_i3_no_name_leads_to_an_address_inside"),
    # Purges: two people, holds, and nothing that others need
    _m("I2-asker-confirms", _RULES + "access.py",
       '_row("purge", "confirm", _KEEPERS, OTHER)',
       '_row("purge", "confirm", _KEEPERS, OTHER, DECIDER)',
       "tests/policies/test_purge_machine.py::"
       "test_i2_whoever_asked_does_not_confirm_but_may_withdraw"),
    _m("I8-shared-objects-erased", "gonogo/erasable.py",
       "found.objects = candidates - needed", "found.objects = candidates",
       "tests/db/test_purges.py::test_what_another_gpt_needs_stays_and_is_said"),
    _m("I3-hold-unread", _DB + "limits.py", "    if held:\n", "    if held and False:\n",
       "tests/db/test_purges.py::test_a_legal_hold_on_any_part_or_whole_forbids_it"),
    _m("I3-person-over-hold", "gonogo/erasable.py",
       "(needed(row) if own else case not in let_go.prose)", "(not own)",
       "tests/db/test_purges.py::test_what_a_person_wrote_stays_while_others_need_it"),
    _m("I3-hold-asked-only-once", "gonogo/erasure.py",
       "    if later:\n", "    if later and False:\n",
       "tests/db/test_erasing.py::test_a_hold_between_the_plan_and_the_erasing_wins"),
    _m("I3-person-hold-unread", "gonogo/erasable.py",
       "row.actor_id in held.persons", "row.actor_id in ()",
       "tests/db/test_erasing.py::test_what_a_person_under_a_hold_wrote_stays_in_every_purge"),
    _m("I8-pending-upload-erased", "gonogo/erasable.py",
       "elif upload not in split.past and name != ERASED:",
       "elif digest not in split.mine.bundles:",
       "tests/db/test_erasing.py::test_a_bundle_that_another_gpt_has_not_submitted_yet_stays"),
    _m("I3-swept-over-hold", "gonogo/retention.py", "held.keeps(case, gpt, publisher)", "False",
       "tests/db/test_retention.py::test_open_approved_and_held_cases_keep_everything"),
    _m("I4-held-cases-starve-others", "gonogo/retention.py", "    while page:\n", "    if page:\n",
       "tests/db/test_retention.py::test_cases_that_are_held_keep_no_others_waiting"),
    _m("I7-given-up-forgotten", "gonogo/old_rows.py",
       'FINISHED = ("sent", "put_aside")', 'FINISHED = ("sent", "put_aside", "dead")',
       "tests/db/test_retention.py::"
       "test_finished_deliveries_go_with_their_tries_and_notices_and_the_dead_stay"),
    _m("I7-unconfirmed-tombstone-explains", "gonogo/audit/erased.py",
       "purge.step not in (Step.CONFIRMED, Step.DONE)", "False",
       "tests/audit/test_erased.py::test_a_request_that_nobody_confirmed_explains_nothing"),
    _m("I7-gone-text-passes", "gonogo/audit/beside.py",
       "        if digest in buried:\n", "        if digest:\n",
       "tests/audit/test_erased.py::"
       "test_a_text_that_nobody_asked_to_erase_is_missed_where_it_was_named"),
    _m("I6-erased-shown", _DB + "limits.py",
       "if digest and tombstones(session, (digest,)):", "if digest is None:",
       "tests/db/test_purges.py::test_i6_an_erased_bundle_is_never_shown_again"),
)  # fmt: skip
