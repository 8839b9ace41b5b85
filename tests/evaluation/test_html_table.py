"""HTML tables escape whatever they are given."""

from html.parser import HTMLParser

from chestnut.evaluation.html_table import html_table


class Reader(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def test_text_from_outside_is_never_read_as_html():
    hostile = "<script>alert(1)</script> & 'x'"
    page = Reader(html_table([(hostile, hostile)], columns=(hostile, hostile), title=hostile, notes=[hostile]))
    assert "script" not in page.tags
    assert page.text == [hostile] * 6


def test_rows_keep_their_order_and_none_is_an_empty_cell():
    page = html_table([("a", 1), ("b", None)], columns=("name", "figure"))
    assert Reader(page).text == ["name", "figure", "a", "1", "b"]
    assert "<th>b</th><td></td>" in page
