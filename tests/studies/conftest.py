"""Small images to compare networks on."""

import pytest

import chestnut as cn


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare") / "images"
    cn.write_phantom(folder, 60, size=48)
    return folder
