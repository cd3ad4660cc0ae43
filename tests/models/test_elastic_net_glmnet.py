"""The elastic net against R's glmnet, at a tolerance at which glmnet itself has converged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from expression import gliomas, synthetic
from glmnet import need_glmnet, run_r

from rerad.models.elastic_net import elastic_net_path
from rerad.models.penalised.crossed import elastic_net_cv

pytestmark = pytest.mark.slow  # glmnet takes a while to converge to a tolerance that tells something

FITS = """
x <- read('x'); y <- read('y')[, 1]; new <- read('new'); alphas <- read('alphas')[, 1]
for (i in seq_along(alphas)) {
  fit <- glmnet(x, y, alpha = alphas[i], thresh = 1e-13, maxit = 1e9)
  write(fit$lambda, paste0('lambda', i)); write(predict(fit, new), paste0('predicted', i))
  write(fit$dev.ratio, paste0('explained', i))
}
"""
CROSSED = """
x <- read('x'); y <- read('y')[, 1]; folds <- read('folds')[, 1]; alphas <- read('alphas')[, 1]
for (i in seq_along(alphas)) {
  fit <- cv.glmnet(x, y, alpha = alphas[i], foldid = folds, thresh = 1e-12, maxit = 1e9)
  write(cbind(fit$lambda, fit$cvm), paste0('own', i))
  fit <- cv.glmnet(x, y, alpha = alphas[i], foldid = folds, thresh = 1e-12, maxit = 1e9, lambda = read('shared')[, i])
  write(cbind(fit$lambda, fit$cvm), paste0('shared', i))
}
"""
L1_RATIOS = (0.0, 0.3, 1.0)


def agree(x: np.ndarray, y: np.ndarray, new: np.ndarray, folder: Path) -> None:
    """Check paths, where they stop, explained variance and predictions at three ratios."""
    theirs = run_r(FITS, folder, {"x": x, "y": y, "new": new, "alphas": np.array(L1_RATIOS)})
    for number, ratio in enumerate(L1_RATIOS, 1):
        path = elastic_net_path(x, y, l1_ratio=ratio, early_stop=True)
        np.testing.assert_allclose(path.lambdas, theirs[f"lambda{number}"][:, 0], rtol=1e-6)
        np.testing.assert_allclose(path.explained, theirs[f"explained{number}"][:, 0], atol=1e-4)
        worst = np.abs(path.predict(new) - theirs[f"predicted{number}"]).max()
        assert worst <= 1e-3 * y.std(), f"ratio {ratio}: {worst / y.std():.1e} sd"


@pytest.mark.parametrize("held_out", [0, 200, 400, 600, 800])
def test_it_predicts_a_gene_of_the_gliomas_as_glmnet_does(held_out: int, real_data: Path, tmp_path: Path) -> None:
    need_glmnet()
    table = gliomas(real_data).to_numpy()
    x, y = np.delete(table, held_out, axis=1), table[:, held_out]
    agree(x[:-20], y[:-20], x[-20:], tmp_path)


def test_it_agrees_with_glmnet_with_a_hundred_times_more_features_than_cases(tmp_path: Path) -> None:
    need_glmnet()
    x, y = synthetic(109 + 10, 12_042)
    agree(x[:109], y[:109], x[109:], tmp_path)


@pytest.mark.parametrize("shape", [(60, 200), (200, 15)])
def test_it_chooses_the_lambda_of_cv_glmnet(shape: tuple[int, int], tmp_path: Path) -> None:
    need_glmnet()
    x, y = synthetic(*shape, seed=3)
    folds = np.arange(len(y)) % 5 + 1
    paths = np.stack([elastic_net_path(x, y, l1_ratio=ratio, n_lambdas=60).lambdas for ratio in L1_RATIOS], axis=1)
    given = {"x": x, "y": y, "folds": folds, "alphas": np.array(L1_RATIOS), "shared": paths}
    theirs = run_r(CROSSED, tmp_path, given)
    for number, ratio in enumerate(L1_RATIOS):
        for kind, options in (("own", {"fold_paths": "own"}), ("shared", {"lambdas": paths[:, number]})):
            (choice,) = elastic_net_cv(x, y, folds, l1_ratios=[ratio], **options)
            lambdas, errors = theirs[f"{kind}{number + 1}"].T
            np.testing.assert_allclose(choice.lambdas[0], lambdas, rtol=1e-6)
            ours = (1.0 - choice.scores[0]) * y.var()
            counted = np.isfinite(ours)
            np.testing.assert_allclose(ours[counted], errors[counted], rtol=2e-3)
            assert abs(int(np.nanargmin(ours)) - int(errors[counted].argmin()) - int(counted.argmax())) <= 1
