"""The table of bad input, B1 to B68: where each row is shown, or why nothing here could be sent it."""

from collections.abc import Mapping

ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "B15": (
        "tests/hostile/test_raw.py::test_a_body_without_end_or_length_is_cut_and_others_are_served",
        "tests/test_incoming.py::test_a_body_that_stops_is_refused_and_is_no_fault_of_ours",
    ),
    "B21": ("tests/hostile/test_verbatim.py::test_what_looks_like_a_program_is_kept_and_shown_as_text",),
    "B28": ("tests/hostile/test_raw.py::test_no_path_leads_to_a_file_or_to_another_site",),
    "B30": (
        "tests/hostile/test_raw.py::test_a_host_decides_nothing_and_is_repeated_nowhere",
        "tests/test_web.py::test_a_host_that_is_none_does_no_harm",
        "tests/test_incoming.py::test_a_server_with_a_list_of_names_answers_to_no_other",
    ),
    "B31": (
        "tests/test_tries.py::test_after_five_failures_a_name_waits_whoever_has_it_and_wherever_it_is_tried",
        "tests/test_tries.py::test_two_workers_and_a_crowd_share_one_limit",
        "tests/test_stations.py::test_five_wrong_pins_lock_it_for_a_quarter_of_an_hour",
    ),
    "B32": (
        "tests/hostile/test_raw.py::test_a_request_that_readers_disagree_about_ends_the_connection",
        "tests/hostile/test_raw.py::test_many_headers_and_long_ones_are_not_read_and_end_the_connection",
    ),
    "B33": (
        "tests/test_web.py::test_a_session_id_that_a_client_chose_is_never_taken_on",
        "tests/pages/test_flows.py::test_the_cookie_is_new_at_each_sign_in_and_no_script_can_read_it",
        "tests/pages/test_flows.py::test_signing_out_ends_the_session_at_the_server",
    ),
    "B34": ("tests/test_web.py::test_a_change_that_no_page_of_ours_sent_is_refused",),
    "B36": ("tests/test_collections.py::test_a_file_that_is_no_csv_is_refused_with_the_place",),
    "B37": ("tests/test_collections.py::test_a_file_that_is_no_csv_is_refused_with_the_place",),
    "B38": ("tests/test_collections.py::test_a_file_that_is_no_csv_is_refused_with_the_place",),
    "B39": ("tests/test_collections.py::test_of_a_file_with_one_bad_row_at_its_end_nothing_is_written",),
    "B40": (
        "tests/test_csv_out.py::test_text_that_a_spreadsheet_would_compute_gets_an_apostrophe",
        "tests/test_csv_out.py::test_whoever_takes_the_apostrophe_away_has_what_it_was",
    ),
    "B43": ("tests/hostile/test_verbatim.py::test_the_name_of_a_file_is_text_and_never_a_path",),
    "B44": ("tests/hostile/test_verbatim.py::test_the_name_of_a_file_is_text_and_never_a_path",),
    "B46": (
        "tests/labels/test_drawing.py::test_no_text_whatever_it_says_reaches_a_quiet_zone_or_leaves_the_label",
    ),
    "B47": ("tests/labels/test_sandbox.py::test_the_worker_is_told_no_secrets",),
    "B48": (
        "tests/labels/test_fitting.py::test_a_text_without_end_is_refused_at_once",
        "tests/labels/test_sandbox.py::test_a_worker_that_takes_too_long_is_ended",
    ),
    "B50": (
        "tests/labels/test_zpl.py::test_hostile_texts_are_printed_and_inject_nothing",
        "tests/labels/test_languages_agree.py::test_hostile_texts_stand_on_the_label_as_the_pdf_has_them",
    ),
    "B51": (
        "tests/printing/test_printers.py::test_no_printer_has_an_address_that_leads_elsewhere",
        "tests/printing/test_printers.py::test_labels_leave_by_two_ports_only",
    ),
    "B53": ("tests/test_codes.py::test_one_wrong_character_is_never_read_as_a_code",),
    "B55": (
        "tests/test_stations.py::test_a_badge_asks_the_pin_once_in_eight_hours_at_each_bench",
        "tests/pages/test_locked.py::test_a_wrong_pin_and_a_badge_that_is_none_are_refused_as_pages",
    ),
    "B57": ("tests/hostile/test_verbatim.py::test_what_is_out_of_scope_answers_as_what_is_not_there",),
    "B58": ("tests/hostile/test_verbatim.py::test_what_is_sought_is_never_a_pattern",),
    "B61": ("tests/api/test_people.py::test_a_bearer_token_that_is_wrong_is_not_made_up_for_by_a_cookie",),
    "B62": ("tests/test_accounts.py::test_any_password_of_a_good_length_will_do",),
    "B65": ("tests/hostile/test_verbatim.py::test_no_line_of_the_log_can_be_forged",),
    "B66": ("tests/test_amounts.py::test_an_amount_is_read_as_people_write_it",),
    "B68": (
        "tests/test_accounts.py::test_a_password_is_hashed_slowly_and_one_at_a_time",
        "tests/test_accounts.py::test_when_too_many_sign_in_at_once_one_is_asked_to_come_again",
    ),
}
"""What no row of ours can send, or what is accepted and must stay harmless: the tests that show it."""

ABSENT: Mapping[str, str] = {
    "B41": "nothing here reads XLSX: sent as the file of a rack, it is no text",
    "B42": "nothing here reads XLSX: sent as the file of a rack, it is no text",
    "B45": "nothing here unpacks an archive: sent as the file of a rack, it is no text",
    "B49": "no HTML is made into a PDF: labels are drawn from places and texts",
    "B60": "nothing here asks an address that somebody sent: there is no such route",
    "B63": "there are no one-time codes: there is no such route",
    "B64": "there are no passkeys: there is no such route",
}
"""What nothing here could be sent, and why; where a row is sent all the same, it is refused."""

NUMBERS = [f"B{number}" for number in range(1, 69)]
