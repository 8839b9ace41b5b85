"""A folder is walked in little memory to the same images, in the same order, as the tree that `load_dataset` reads."""

import pytest

from chestnut.data.sources.scan import Scanner
from chestnut.errors import DataError

NAMES = [
    *("b/2.png", "b/10.png", "b/deep/er/1.png", "a.png", "z.jpeg", "b/notes.txt", "_private/1.png", "b/.hidden.png"),
    *("COVID/images/1.png", "COVID/images/2.png", "COVID/masks/1.png", "COVID/masks/2.png"),
    *("same/1.png", "same/1_mask.png", "empty/readme.md", "mask/7.png", "no mask/8.png"),
]


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_walking_finds_what_a_tree_has(folder):
    walked = list(Scanner().walk(str(folder)))
    assert walked == list(Scanner().tree(str(folder)).every_image())
    assert [path.removeprefix(f"{folder}/") for path in walked] == [
        *("a.png", "z.jpeg", "COVID/images/1.png", "COVID/images/2.png", "b/10.png", "b/2.png", "b/deep/er/1.png"),
        *("mask/7.png", "no mask/8.png", "same/1.png"),
    ]


def test_walking_refuses_what_a_tree_refuses(folder):
    (folder / "b" / "circle").symlink_to(folder)
    for find in (Scanner().tree, lambda path: list(Scanner().walk(path))):
        with pytest.raises(DataError, match="is the same folder as"):
            find(str(folder))
