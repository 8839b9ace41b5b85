import numpy as np
import pytest

from chestnut.data.phantom.chest import accessories, exposure, skeleton, thorax, vessels
from chestnut.data.phantom.chest.accessories import Accessories
from chestnut.data.phantom.chest.anatomy import Anatomy, Posture
from chestnut.data.phantom.chest.exposure import Exposure
from chestnut.data.phantom.chest.shapes import Grid, chord, cloud, shell, soft


@pytest.fixture(params=range(6))
def body(request):
    """Return a patient with a posture and a grid."""
    rng = np.random.default_rng(request.param)
    anatomy = Anatomy.draw(rng)
    posture = Posture.draw(rng, anatomy)
    return anatomy, posture, posture.grid(anatomy, 200, posture.field / 190)


@pytest.fixture
def technique():
    return Exposure(
        dose=1e6, beam=1.0, scatter=0.05, blur=0.05, level=0.0, contrast=1.0, gamma=1.0, edges=0.0, flatten=0.0
    )


def test_a_part_of_a_grid_records_its_place():
    grid = Grid.square((0, 10), side=50, step=0.5)
    part = grid.part((-3, 4), (5, 99))
    assert np.array_equal(part.x, grid.x[:, part.place[1]])
    assert np.array_equal(part.y, grid.y[part.place[0]])
    assert part.x.min() >= -3 and part.x.max() < 4 and part.y.min() >= 5
    assert grid.y[grid.row(12.1), 0] == pytest.approx(12.1, abs=0.25)
    sides = grid.sides(1.0, grid.y)
    assert (sides[:, :25] == 1).all() and np.array_equal(sides[:, 25:], np.broadcast_to(grid.y, (50, 25)))


def test_shapes():
    share = np.array([-2, -1, 0, 0.6, 1], dtype=np.float32)
    assert chord(share) == pytest.approx([0, 0, 1, 0.8, 0])
    assert soft(share) == pytest.approx([0, 0, 0, 0.648, 1])
    assert shell(share, 0.5) == pytest.approx([0, 0, 0.55, 0.8, 0])


def test_a_cloud_has_the_same_form_at_every_size():
    coarse, fine = (cloud(np.random.default_rng(1), (side, side), {5: 1.0, 11: 0.5}) for side in (55, 165))
    assert np.corrcoef(coarse.ravel(), fine[1::3, 1::3].ravel())[0, 1] > 0.999


def test_lungs_have_the_volume_of_lungs(body):
    anatomy, posture, grid = body
    chest = thorax.project(anatomy, posture, grid)
    litres = chest.air.sum() * grid.step**2 / 1000
    assert 2.5 < litres < 7.5
    assert chest.tissue.min() >= -1e-4
    assert 14 < chest.tissue.max() < 32
    assert chest.air.min() == 0
    assert chest.lung.max() < 1
    for name in ("tissue", "air", "lung", "cage", "medial", "floor", "spine"):
        assert getattr(chest, name).dtype == np.float32


def test_bones_are_where_bones_are(body):
    anatomy, posture, grid = body
    bone = skeleton.project(anatomy, posture, grid, thorax.project(anatomy, posture, grid))
    assert bone.dtype == np.float32
    assert bone.min() > -1e-5
    spine = bone[:, np.abs(grid.x[0]) < 1].mean()
    assert spine > 0.1
    below = (grid.y[:, 0] > anatomy.length + 9).nonzero()[0]
    flank = (np.abs(grid.x[0]) > 5) & (np.abs(grid.x[0]) < anatomy.width - 2)
    assert bone[np.ix_(below, flank)].max(initial=0) < 0.02


def test_vessels_keep_their_volume_at_every_sampling(body):
    anatomy, _, grid = body
    tree = vessels.grow(anatomy, grid.step)
    wide = Grid.square((0.0, anatomy.length / 2), side=260, step=0.2)
    fine = Grid.square((0.0, anatomy.length / 2), side=650, step=0.08)
    volumes = [vessels.project(tree, anatomy, at, 1.0).sum() * at.step**2 for at in (wide, fine)]
    assert volumes[0] == pytest.approx(volumes[1], rel=1e-3)
    assert 20 < volumes[0] < 400  # cm³


def test_more_attenuation_is_brighter(technique):
    attenuation = np.linspace(0.5, 5, 64, dtype=np.float32)[None, :].repeat(64, axis=0)
    grey = exposure.expose(attenuation, (0.5, 5.0), 0.2, technique, np.zeros((64, 64), np.float32))
    middle = grey[32, 4:-4]
    assert (np.diff(middle) >= 0).all()
    assert middle[0] < 0.1 and middle[-1] > 0.85


def test_noise_falls_with_dose(technique):
    attenuation = np.full((96, 96), 3, dtype=np.float32)
    noise = exposure.noise(np.random.default_rng(0), 96)
    spread = [
        exposure.expose(attenuation, (1, 5), 0.2, Exposure(**{**vars(technique), "dose": dose}), noise).std()
        for dose in (1e4, 4e4, 1.6e5)
    ]
    assert spread[0] / spread[1] == pytest.approx(2, rel=0.15)
    assert spread[1] / spread[2] == pytest.approx(2, rel=0.15)


def test_noise_is_nearly_normal():
    values = exposure.noise(np.random.default_rng(3), 301)
    assert values.shape == (301, 301) and values.dtype == np.float32
    assert values.mean() == pytest.approx(0, abs=0.02)
    assert values.std() == pytest.approx(1, abs=0.02)
    assert (np.abs(values) > 2).mean() == pytest.approx(0.0455, abs=0.005)


def test_markers_and_leads_only_absorb():
    drawn = [Accessories.draw(np.random.default_rng(seed)) for seed in range(60)]
    assert {len(things.leads) for things in drawn} == {0, 1, 2, 3}
    assert {"".join(marker[0] for marker in things.markers) for things in drawn} == {"", "L", "R", "LR"}
    for things in drawn[:12]:
        attenuation = np.zeros((100, 100), dtype=np.float32)
        accessories.add(attenuation, things, 0.3)
        assert attenuation.min() >= 0
        assert (attenuation.max() > 0.1) == bool(things.markers or things.leads)
        for letter, x, _, _, _ in things.markers:  # the patient's right is on the left of the image
            assert (x < 0.5) == (letter == "R")


def test_blades_blacken_edges_only():
    things = Accessories((), (), (0.1, 0.02, -0.02, 0.1), 0.0)
    grey = np.ones((100, 100), dtype=np.float32)
    accessories.shut(grey, things)
    assert grey[50, :8].max() == 0 and grey[50, 12:].min() == 1
    assert grey[-8:, 50].max() == 0 and grey[4:88, 50].min() == 1
    open_ = np.ones((100, 100), dtype=np.float32)
    accessories.shut(open_, Accessories((), (), (-1.0, -1.0, -1.0, -1.0), 0.1))
    assert open_.min() == 1
