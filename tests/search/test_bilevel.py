"""The search loop against a plain one, its gradient against differences, and a task with one answer."""

import numpy as np
import pytest
import torch
from tiny_search import searched_entry
from torch import nn

from rerad.core.errors import ConfigError, ReradError
from rerad.core.seeds import derive
from rerad.models import mmnas
from rerad.models.cells.alphas import Alphas, entropy
from rerad.models.cells.cell import KEEP_ALL, Levers, searched_cell
from rerad.models.cells.genotype import Chosen, Genotype
from rerad.models.cells.operations import Style
from rerad.models.cells.space import Space
from rerad.models.output import Output
from rerad.search.bilevel import learners_of, search, side_step
from rerad.search.recipe import read_search
from rerad.search.state import ALPHA, WEIGHTS, State, is_over, selected
from rerad.training.inputs import Sample
from rerad.training.loop import Task
from rerad.training.volumes import Volumes

torch.set_num_threads(1)
SHAPE = (4, 6, 5)


def volumes_of(recipe, images: torch.Tensor, target: list[int], slices: bool = False) -> Volumes:
    """Return cases with images (cases, 2, z, y, x)."""
    count = len(images)
    return Volumes(
        names=[f"case{index}" for index in range(count)],
        target=torch.tensor(target),
        table=np.empty((count, 0)),
        modalities=["PET", "CT"],
        arrays={"PET": images[:, 0], "CT": images[:, 1], "GTV": torch.ones(images[:, 0].shape, dtype=torch.uint8)},
        rows=list(range(count)),
        slices=[[0] if slices else [] for _ in range(count)],
        recipe=recipe.training,
        device=torch.device("cpu"),
    )


def small(seed: int = 0, levers: Levers = KEEP_ALL, **search):
    """Return a supernet, its task of eight cases, its recipe and space."""
    entry = searched_entry(network={"nodes": 2}, **search)
    recipe = read_search(entry)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(8, 2, *SHAPE, generator=generator)
    task = Task(volumes_of(recipe, images, [0, 1] * 4), [0, 1, 2, 3], [4, 5, 6, 7], None, 5, "small")
    torch.manual_seed(seed)
    network = mmnas.supernet(entry["network"], channels=("PET", "CT"), shape=SHAPE, levers=levers)
    network.alphas.draw(0.5, 3)
    return network, task, recipe, mmnas.space(entry["network"], dims=3)


def test_the_gradient_of_alpha_is_the_numerical_derivative():
    network, task, recipe, _ = small(alpha_optimiser={"name": "sgd", "lr": 1e-9})
    network.double()
    task.inputs.arrays = {name: array.double() for name, array in task.inputs.arrays.items()}
    learners, picked = learners_of(network, recipe), [Sample(4)]
    side_step(network, learners, ALPHA, task, picked, 1, None)
    assert all(weight.grad is None for weight in learners.weights)
    images = torch.stack([task.inputs.arrays[name][4] for name in ("PET", "CT")])[None]
    criterion, step, checked = nn.CrossEntropyLoss(), 1e-4, 0
    with torch.no_grad():
        for alpha in learners.alphas:
            for place in range(len(alpha)):
                alpha[place] += step
                up = criterion(network(images).logits, task.inputs.target[4:5])
                alpha[place] -= 2 * step
                down = criterion(network(images).logits, task.inputs.target[4:5])
                alpha[place] += step
                assert alpha.grad[place].item() == pytest.approx(((up - down) / (2 * step)).item(), abs=1e-4)
                checked += abs(alpha.grad[place].item()) > 1e-3
    assert checked > 10  # most are not near zero: the comparison says something


@pytest.mark.parametrize("which", [ALPHA, WEIGHTS])
def test_a_step_moves_its_own_side_alone(which):
    network, task, recipe, _ = small()
    learners = learners_of(network, recipe)
    before = {name: value.clone() for name, value in network.named_parameters()}
    side_step(network, learners, which, task, [Sample(0)], 1, 5.0)
    moved = {
        name.startswith("alphas") for name, value in network.named_parameters() if not torch.equal(value, before[name])
    }
    assert moved == {which == ALPHA}
    assert all(value.requires_grad for value in network.parameters())


def test_it_is_the_plain_loop():
    """The seeds aside, anyone would write this for first-order DARTS."""
    network, task, recipe, space = small(clip=0.5)
    state, _ = search(network, task, recipe, space)
    plain, _, _, _ = small()
    alphas = list(plain.alphas.parameters())
    weights = [value for name, value in plain.named_parameters() if not name.startswith("alphas")]
    by_weights = torch.optim.SGD(weights, lr=0.01, momentum=0.9, weight_decay=3e-4, fused=True)
    by_alphas = torch.optim.Adam(alphas, lr=0.05, betas=(0.5, 0.999), weight_decay=1e-3, fused=True)
    criterion, losses = nn.CrossEntropyLoss(), []

    def loss_of(case: int) -> torch.Tensor:
        images = torch.stack([task.inputs.arrays[name][case] for name in ("PET", "CT")])[None]
        return criterion(plain(images).logits, task.inputs.target[case : case + 1])

    for epoch in (1, 2):
        orders = [
            np.random.default_rng(derive(derive(5, side), "order", epoch)).permutation(4)
            for side in ("alpha", "weights")
        ]
        for first, second in zip(*orders, strict=True):
            by_alphas.zero_grad()
            loss_of(4 + first).backward()
            by_alphas.step()
            by_weights.zero_grad()
            loss = loss_of(second)
            loss.backward()
            nn.utils.clip_grad_norm_(weights, 0.5)
            by_weights.step()
            losses.append(loss.item())
        plain.zero_grad()
        with torch.no_grad():
            losses.append(np.mean([loss_of(case).item() for case in range(4, 8)]))
    theirs = plain.state_dict()
    assert all(torch.allclose(value, theirs[name], atol=1e-6) for name, value in network.state_dict().items())
    rows = {row[:3]: row[3] for row in state.history}
    for epoch, start in ((1, 0), (2, 5)):
        assert rows[epoch, "train", "loss"] == pytest.approx(np.mean(losses[start : start + 4]), abs=1e-6)
        assert rows[epoch, "validation", "loss"] == pytest.approx(losses[start + 4], abs=1e-6)
    numbers = plain.alphas.numbers()
    assert rows[2, "alpha", "entropy"] == pytest.approx(entropy(numbers), abs=1e-6)
    assert rows[2, "alpha", "skip_share"] == state.genotypes[1].skip_share()


def test_computing_activations_twice_changes_no_number():
    states = []
    for levers in (KEEP_ALL, Levers(checkpointing=True)):
        network, task, recipe, space = small(levers=levers)
        search(network, task, recipe, space)
        states.append(network.state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


@pytest.mark.parametrize(("keys", "tolerance"), [({"channels_last": True}, 1e-4), ({"precision": "bf16"}, 0.1)])
def test_levers_change_numbers_by_rounding_alone(keys, tolerance):
    network, task, recipe, space = small(epochs=1, **keys)
    state, _ = search(network, task, recipe, space)
    plain, task, recipe, _ = small(epochs=1)
    expected, _ = search(plain, task, recipe, space)
    found = {row[:3]: row[3] for row in state.history}
    compared = [row for row in expected.history if row[2] == "loss"]
    assert len(compared) == 3
    for row in compared:
        assert found[row[:3]] == pytest.approx(row[3], abs=tolerance)


def test_the_smaller_side_comes_round_again():
    network, task, recipe, space = small(epochs=1)
    seen = []
    task = task.__class__(task.inputs, [0, 1, 2, 3], [6, 7], None, 5, "small")
    arrays = task.inputs.arrays

    class Watched(dict):
        def __getitem__(self, name):
            array = super().__getitem__(name)

            class Rows:
                shape = array.shape

                def __getitem__(self, row):
                    if name == "PET":
                        seen.append(row)
                    return array[row]

            return Rows()

    task.inputs.arrays = Watched(arrays)
    search(network, task, recipe, space)
    taught = seen[:8]
    assert sorted(taught[0::2]) == [6, 6, 7, 7]  # α
    assert sorted(taught[1::2]) == [0, 1, 2, 3]  # weights
    assert seen[8:] == [6, 7]  # the validation


def test_entropy_is_one_for_equal_and_zero_for_decided_weights():
    assert entropy({"normal": [[0.25] * 4], "reduction": [[0.5, 0.5]]}) == pytest.approx(1)
    assert entropy({"normal": [[1.0, 0.0]]}) == 0
    shares = [0.7, 0.2, 0.1]
    expected = -sum(share * np.log(share) for share in shares) / np.log(3)
    assert entropy({"normal": [shares, [1.0]]}) == pytest.approx(expected)  # an edge with one operation has no choice


def test_alpha_starts_at_zero_or_from_a_small_draw():
    alphas = Alphas(Space("toy", 2, 1, {"normal": dict.fromkeys(("input 0", "input 1", "node"), tuple("abcdefgh"))}))
    assert {value for edges in alphas.numbers().values() for edge in edges for value in edge} == {0.125}
    alphas.draw(1e-3, 0)
    values = torch.cat([alpha.detach() for alpha in alphas.parameters()])
    assert 2e-4 < values.std() < 2e-3


ANSWERS = ("convolution 3", "max pooling 3", "average pooling 3", "skip", "zero")
STRIPES = Space("toy", 2, 1, {"normal": {"input 0": ANSWERS, "input 1": ("skip",), "node": ("skip",)}})


class Toy(nn.Module):
    """One mixed edge between an image and a sum over it.

    Stripes along y and stripes along x have the same values, and pooling treats both axes alike, so that a sum over
    either is the same: a convolution alone can tell them apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self.alphas = Alphas(STRIPES)
        self.cell = searched_cell(
            "normal", [nn.Identity(), nn.Identity()], 2, STRIPES, Style(2, "batch", False), KEEP_ALL
        )
        self.last = nn.Linear(2, 2)

    def forward(self, images, table=None):
        maps = self.cell(images, torch.zeros_like(images), self.alphas.weights("normal"))
        return Output(self.last(torch.relu(maps).mean(dim=(2, 3))), None, None, None)


def stripes(count: int, seed: int) -> tuple[torch.Tensor, list[int]]:
    generator = torch.Generator().manual_seed(seed)
    target = [index % 2 for index in range(count)]
    line = torch.tensor([1.0, -1.0] * 4).expand(8, 8)
    images = torch.stack([line if label else line.T for label in target])[:, None, None].expand(-1, 2, -1, -1, -1)
    return images + 0.3 * torch.randn(count, 2, 1, 8, 8, generator=generator), target


def test_the_one_operation_that_can_solve_a_task_is_found():
    found = []
    for seed in range(10):
        entry = searched_entry(
            epochs=25, batch=8, optimiser={"name": "adam", "lr": 0.03}, alpha_optimiser={"name": "adam", "lr": 0.05},
            select="last", recipe={"input": "largest_slice"},
        )  # fmt: skip
        recipe = read_search(entry)
        images, target = stripes(32, seed)
        task = Task(
            volumes_of(recipe, images, target, slices=True), list(range(16)), list(range(16, 32)), None, seed, "toy"
        )
        torch.manual_seed(seed)
        state, _ = search(Toy(), task, recipe, STRIPES)
        found.append(next(edge.operation for edge in state.genotypes[-1].cells["normal"] if edge.source == 0))
    assert found.count("convolution 3") >= 9, found


def genotype(*names: str) -> Genotype:
    return Genotype("toy", 3, 1, {"normal": tuple(Chosen(source, 2, name, 0.5) for source, name in enumerate(names))})


def test_when_a_search_ends_and_what_it_selects():
    skips, mixed, other = genotype("skip", "skip"), genotype("skip", "a"), genotype("b", "a")
    state = State(genotypes=[other, mixed, other, mixed], losses=[0.4, 0.2, 0.2, 0.9])
    assert [
        selected(state, read_search(searched_entry(select=how))) for how in ("lowest_validation", "last", "most_common")
    ] == [2, 4, 3]
    assert not is_over(State(), read_search(searched_entry(stop={"seen": 0, "skip_share": 0.0})))
    for genotypes, keys, over in (
        ([other] * 3, {"epochs": 4}, False),
        ([other] * 4, {"epochs": 4}, True),
        ([other, mixed], {"epochs": 9, "stop": {"skip_share": 0.5}}, False),
        ([other, skips], {"epochs": 9, "stop": {"skip_share": 0.5}}, True),
        ([other, mixed, other], {"epochs": 9, "stop": {"seen": 3}}, False),
        ([other, mixed, other, other], {"epochs": 9, "stop": {"seen": 3}}, True),
        ([other, skips], {"epochs": 9, "stop": {"seen": None, "skip_share": None}}, False),
    ):
        state = State(genotypes=genotypes, losses=[0.0] * len(genotypes))
        assert is_over(state, read_search(searched_entry(**keys))) is over


def test_a_loss_that_is_no_number_names_side_and_case():
    for case, told in ((5, r"epoch 1, step \d of α, with case case5\. Voxels of case5: PET are no numbers"),
                       (2, r"epoch 1, step \d of the weights, with case case2")):  # fmt: skip
        network, task, recipe, space = small()
        task.inputs.arrays["PET"][case, 0, 0, 0] = torch.nan
        with pytest.raises(ReradError, match=told):
            search(network, task, recipe, space)
    network, task, recipe, space = small(optimiser={"name": "sgd", "lr": 1e30}, clip=None)
    with pytest.raises(ReradError, match=r"Lower search\.(alpha_)?optimiser\.lr"):
        search(network, task, recipe, space)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"alpha_share": 1.0}, r"search\.alpha_share: 1\.0 does not do\. Wanted: a share above 0 and below 1"),
        (
            {"select": "best_test"},
            r"search\.select: 'best_test' does not do\. Wanted: one of lowest_validation, last, most_common",
        ),
        ({"stop": {"skips": 1}}, r"search\.stop: .* does not do\. Wanted: keys of skip_share, seen"),
        ({"clip": 0}, r"search\.clip: 0 does not do"),
        ({"epochs": 0}, r"search\.epochs: 0 does not do"),
        ({"optimiser": {"name": "adam"}}, r"search\.optimiser\.lr: missing key"),
        (
            {"alpha_optimiser": {"name": "adam", "lr": 0.1, "betas": [0.5]}},
            r"search\.alpha_optimiser\.betas: \[0\.5\] does not do",
        ),
        ({"alpha_optimiser": {"name": "adam"}}, r"search\.alpha_optimiser\.lr: missing key"),
        ({"epoch": 3}, r"search\.epoch: 3 does not do\. Wanted: no such key"),
        ({"partial_channels": 0}, r"search\.partial_channels: 0 does not do"),
    ],
)
def test_a_wrong_key_of_a_search_is_named(changes, told):
    with pytest.raises(ConfigError, match=told):
        read_search(searched_entry(**changes))
