"""What pages say of the cohort."""

import pandas as pd

from rerad.cohorts import about


def test_facts_count_the_road_from_expression_to_shapes():
    cases = pd.DataFrame({"included": [1, 1, 0, 0], "has_imaging": [1, 1, 1, 0], "corrected": [1, 0, 0, ""]})
    told = about("tcga_gbm")
    included = cases[cases["included"] == 1]
    assert told.facts(cases) == {"With expression": 4, "With a segmentation as well": 3, "Included": 2}
    assert told.size(included) == "2 patients with expression and both regions"
    assert told.paper_size({"cases": 109}) == "109 patients"
    assert told.notes(included) == ["1 of 2 segmentations are an algorithm's alone."]
    assert told.notes(included[included["corrected"] == 1]) == []
