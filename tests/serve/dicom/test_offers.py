"""The transfer syntaxes that are offered: what can be decoded, and no more."""

from types import SimpleNamespace

from pydicom import pixels

from chestnut.serve.dicom.offers import OPTIONAL, SYNTAXES, find_syntaxes


def test_syntaxes_that_need_another_decoder_are_offered_where_it_is_installed(monkeypatch):
    monkeypatch.setattr(pixels, "get_decoder", lambda uid: SimpleNamespace(available_plugins=("pillow",)))
    assert find_syntaxes() == list(SYNTAXES)
    monkeypatch.setattr(pixels, "get_decoder", lambda uid: SimpleNamespace(available_plugins=("pillow", "pylibjpeg")))
    assert find_syntaxes() == [*SYNTAXES, *OPTIONAL]


def test_what_is_offered_pydicom_can_decode():
    plain = set(list(SYNTAXES)[:4])
    assert all(pixels.get_decoder(uid).is_available for uid in set(find_syntaxes()) - plain)
