"""The UIDs of results, and the codes of what they report."""

from chestnut.serve.dicom.results.codes import finding_code, is_finding
from chestnut.serve.dicom.results.identity import Identity, is_own


def test_uids_depend_on_the_bundle_and_the_kind_and_no_other_uid_is_taken_for_ours():
    one = Identity("1.1", "1.2", "1.3", "aa", "bb")
    uids = {
        one.of_instance("report"),
        one.of_instance("picture"),
        Identity("1.1", "1.2", "1.3", "aa", "cc").of_instance("report"),
    }
    assert len(uids) == 3 and all(len(uid) <= 64 and is_own(uid) for uid in uids)
    mine = int(one.of_instance("report")[5:])
    assert not any(is_own(f"2.25.{mine ^ (1 << bit)}") for bit in range(128))
    assert not is_own("2.25.") and not is_own("2.25.x") and not is_own(f"2.25.{2**130}")


def test_classes_that_stand_for_no_finding_are_not_reported_and_unknown_ones_have_codes_of_our_own():
    assert [name for name in ("NORMAL", "No_findings", "COVID-19", "Effusion") if is_finding(name)] == [
        "COVID-19",
        "Effusion",
    ]
    assert finding_code("COVID-19").scheme_designator == "SCT"
    assert finding_code("Effusion").scheme_designator == "99CHESTNUT"
